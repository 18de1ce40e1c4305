"""Puts a service of ours in the place of one somebody else installed: wholly, or not at all."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from typing import Protocol

from svcctl.ports import Act


class OldService(Protocol):
    """A service of the system's own manager that svcctl did not install.

    Every call raises SvcctlError where the manager refuses.
    """

    def runs(self) -> bool:
        """Say whether it runs, or is about to."""

    def is_enabled(self) -> bool:
        """Say whether it starts by itself."""

    def stop(self) -> None:
        """Stop it, and come back once it has; raises TimedOut where it does not."""

    def start(self) -> None:
        """Start it again."""

    def disable(self) -> None:
        """Have it start by itself no more."""

    def enable(self) -> None:
        """Have it start by itself as it did before :meth:`disable`."""

    def acts(self) -> tuple[Act, ...]:
        """Give what a take-over would do to it as it stands now, in order."""


def take_over(old: OldService, put: Callable[[bool], None]) -> None:
    """Stop and disable *old*, then have *put* install ours, and start it if the old one ran.

    Where any of that fails, what was done to *old* is taken back, last things first, and the
    error is raised; *put* cleans up after itself.
    """
    ran = old.runs()
    with ExitStack() as undo:
        if ran:
            undo.callback(old.start)
            old.stop()
        if old.is_enabled():
            undo.callback(old.enable)
            old.disable()
        put(ran)
        undo.pop_all()
