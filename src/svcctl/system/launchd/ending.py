"""What the end of a host means to launchd, which knows no exit status that is final."""

from __future__ import annotations

from collections.abc import Mapping

from svcctl.system.launchd.plist import label

GAVE_UP: Mapping[int, str] = {
    69: "svcctl gave up: it failed too often",
    78: "its configuration is bad",
}
"""Exit statuses of a host that is not to be started again."""


def exit_status(status: int, name: str, environ: Mapping[str, str]) -> int:
    """Give the exit status of the host of *name*, as whoever started it should see it.

    ``KeepAlive`` has a job started again, for ever, unless it succeeded (launchd.plist(5)).  What
    became of the service stands in the host's own records.  launchd tells a job its own label in
    ``XPC_SERVICE_NAME``.
    """
    by_launchd = environ.get("XPC_SERVICE_NAME") == label(name)
    return 0 if by_launchd and status in GAVE_UP else status
