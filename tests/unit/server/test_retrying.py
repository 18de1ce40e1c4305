"""Who is told to ask again, and when."""

from __future__ import annotations

import pytest

from svcctl.errors import (
    AgentUnreachable,
    CircuitOpen,
    Conflict,
    Denied,
    LimitReached,
    SvcctlError,
    TimedOut,
    TooManyTries,
    UnderWay,
)
from svcctl.server.retrying import again_in


@pytest.mark.parametrize(
    ("error", "seconds"),
    [
        (TooManyTries("too often"), 60),
        (CircuitOpen("open", retry_in=2.1), 3),
        (CircuitOpen("open"), 1),
        (LimitReached("full"), 1),
        (UnderWay("the same"), 1),
        (AgentUnreachable("gone", asked=False), 1),
        (AgentUnreachable("gone in the middle of it"), None),
        (Conflict("not now"), None),
        (Denied("never"), None),
        (TimedOut("too long"), None),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, SvcctlError) else None,
)
def test_only_what_may_pass_and_was_not_done_is_to_be_asked_again(
    error: SvcctlError, seconds: int | None
) -> None:
    assert again_in(error) == seconds
