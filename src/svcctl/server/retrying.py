"""When it is worth asking again, whatever the way in: ``Retry-After``, ``google.rpc.RetryInfo``."""

from __future__ import annotations

from math import ceil

from svcctl.errors import (
    AgentUnreachable,
    CircuitOpen,
    Refused,
    SvcctlError,
    TooManyTries,
    UnderWay,
)

_MINUTE = 60  # as long as failed tries are remembered


def again_in(error: SvcctlError) -> int | None:
    """Give the seconds after which the same request may pass, None where that is no advice.

    Nor is it where nobody knows whether the request was carried out.
    """
    match error:
        case TooManyTries():
            return _MINUTE
        case CircuitOpen():
            return max(1, ceil(error.retry_in))
        case Refused() | UnderWay() | AgentUnreachable(asked=False):
            return 1
        case _:
            return None
