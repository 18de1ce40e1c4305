"""Keeps what a fork copies from being written twice, and its locks from staying locked."""

from __future__ import annotations

import os
import weakref
from typing import Protocol


class Renewable(Protocol):
    """Holds records, a lock or a connection that a child of this process must not go on with."""

    def renew(self) -> None:
        """Begin anew, in the child: what waits belongs to the parent."""


def renew_after_fork(owner: Renewable) -> None:
    """Have *owner* renewed in every child that is forked while it lives."""
    if not hasattr(os, "register_at_fork"):
        return  # Windows has no fork
    wanted = weakref.ref(owner)

    def renew() -> None:
        found = wanted()
        if found is not None:
            found.renew()

    os.register_at_fork(after_in_child=renew)
