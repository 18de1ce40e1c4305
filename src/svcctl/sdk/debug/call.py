"""How a service learns that it is debugged: a variable of its environment says whom to call."""

from __future__ import annotations

import os
from collections.abc import MutableMapping
from dataclasses import dataclass, field, replace

VARIABLE = "SVCCTL_DEBUG"
"""Where a service finds a :class:`Call`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """Where the debugger waits for its service, on 127.0.0.1, and by what *secret* it knows it.

    *scm*: the service is to take the debugger for the SCM.  *pid* is of the process that is meant,
    0 where that is whoever reads it first.
    """

    port: int
    secret: str = field(repr=False)
    scm: bool = False
    pid: int = 0

    @classmethod
    def parse(cls, text: str) -> Call:
        """Read a value of the variable; raises ValueError."""
        kind, pid, port, secret = text.split(":")
        return cls(port=int(port), secret=secret, scm=kind == "scm", pid=int(pid))

    def __str__(self) -> str:
        """Give it as a value of the variable."""
        return f"{'scm' if self.scm else 'line'}:{self.pid}:{self.port}:{self.secret}"


def called(environ: MutableMapping[str, str]) -> Call | None:
    """Give whom this process is to call, None for nobody.

    From then on it stands in *environ* for this process alone: a restart in place calls again, a
    program that the service starts does not.
    """
    text = environ.get(VARIABLE)
    if text is None:
        return None
    call, own = Call.parse(text), os.getpid()
    if call.pid not in {0, own}:
        return None
    environ[VARIABLE] = str(replace(call, pid=own))
    return call
