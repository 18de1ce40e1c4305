"""Says with what status a service ends: its manager must know whether to try again."""

from __future__ import annotations

from svcctl.errors import SpecError
from svcctl.sdk.crash.problem import leaves

CRASHED = 70
"""EX_SOFTWARE of sysexits.h: nobody handled an error; the manager may try again."""

BAD_CONFIGURATION = SpecError.exit_status
"""EX_CONFIG of sysexits.h, 78: trying again is pointless until somebody changes something."""

INTERRUPTED = 130
"""128 + SIGINT: a person pressed Ctrl-C and nobody handled it."""


def exit_status(error: BaseException | None) -> int:
    """Give the exit status for what ended the service; None: it ended in order.

    0 in order, 78 for configuration errors, 130 for Ctrl-C, that of a SystemExit, 70 for anything
    else.  A group has the status of its members where they agree, else 70.
    """
    if error is None:
        return 0
    found = {_status(each) for each in leaves(error)}
    return found.pop() if len(found) == 1 else CRASHED


def _status(error: BaseException) -> int:
    match error:
        case SystemExit(code=None):
            return 0
        case SystemExit(code=int(code)):
            return code
        case SystemExit():
            return 1  # as Python does for a text
        case KeyboardInterrupt():
            return INTERRUPTED
        case SpecError():
            return BAD_CONFIGURATION
        case _:
            return CRASHED
