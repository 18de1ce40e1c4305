"""What every way in asks."""

from __future__ import annotations

from collections.abc import Awaitable, Mapping
from typing import Protocol

from svcctl.app.waiting import Emit
from svcctl.auth.identity import Identity
from svcctl.wire import Selection


class Answers(Protocol):
    """Carries out verbs for those who may: a dispatch, or the way to one."""

    def carry_out(
        self,
        name: str,
        *,
        selection: Selection,
        args: Mapping[str, object],
        identity: Identity,
        emit: Emit,
    ) -> Awaitable[object]:
        """Give the verb's result; raises Denied, UsageError and whatever the verb does."""
