"""The checks that nearly every service needs: disk space, a URL, a port, the lag of a queue.

That a database answers is checked by its own client: any function is a check, such as one that does
``SELECT 1`` and lets the error pass.
"""

from __future__ import annotations

import shutil
import socket
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from svcctl.errors import UsageError
from svcctl.sdk.health.result import Result, Status
from svcctl.sdk.lengths import seconds
from svcctl.spec.notation import parse_size

if TYPE_CHECKING:
    from http.client import HTTPConnection


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    """Whether the file system of *path* has room: less than *degraded*, less than *down*.

    Sizes are texts such as ``"1GiB"``, or bytes.  Raises SpecError where a text is none.
    """

    path: str
    degraded: str | int = "1GiB"
    down: str | int = "100MiB"

    def __post_init__(self) -> None:
        """Read the sizes once, so that a mistake shows at once."""
        _size(self.degraded)
        _size(self.down)

    def __call__(self) -> Result:
        """Look; raises OSError where there is no such path."""
        found = shutil.disk_usage(self.path)
        status = Status.DEGRADED if found.free < _size(self.degraded) else Status.UP
        if found.free < _size(self.down):
            status = Status.DOWN
        details = {"path": self.path, "free_bytes": found.free, "total_bytes": found.total}
        return Result(status=status, details=details)


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """Whether a GET of *url* (http or https; certificates are checked) is answered with 2xx or 3xx.

    Redirects are not followed.  *timeout* is for each step; the check as a whole has its own.
    """

    url: str
    timeout: str | float = 2.0

    def __post_init__(self) -> None:
        """Raise UsageError for what is no such URL."""
        parts = urlsplit(self.url)
        if parts.scheme not in {"http", "https"} or not parts.hostname:
            raise UsageError(f"{_shown(parts)!r} is no URL to ask", hint="http://host:port/path")

    def __call__(self) -> Result:
        """Ask; raises OSError or HTTPException where nobody answers properly."""
        parts = urlsplit(self.url)
        connection = self._connection(parts)
        try:
            path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
            connection.request("GET", path, headers={"Connection": "close"})
            status = connection.getresponse().status
        finally:
            connection.close()
        return Result(
            status=Status.UP if 200 <= status < 400 else Status.DOWN,
            details={"url": _shown(parts), "status": status},
        )

    def _connection(self, parts: SplitResult) -> HTTPConnection:
        from http import client  # noqa: PLC0415 - 20 ms that only this check pays for

        assert parts.hostname is not None
        kind = client.HTTPSConnection if parts.scheme == "https" else client.HTTPConnection
        return kind(parts.hostname, parts.port, timeout=seconds(self.timeout))


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """Whether somebody accepts TCP connections at *host* and *port*."""

    host: str
    port: int
    timeout: str | float = 2.0

    def __call__(self) -> Result:
        """Connect, and hang up; raises OSError where nobody is there."""
        with socket.create_connection((self.host, self.port), timeout=seconds(self.timeout)):
            return Result(status=Status.UP, details={"address": f"{self.host}:{self.port}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLag:
    """Whether a queue is worked off: *lag* gives the age in seconds of what has waited longest.

    It is DEGRADED from one age on, and DOWN from another (``"30s"``, or seconds).
    """

    lag: Callable[[], float]
    degraded: str | float
    down: str | float

    def __post_init__(self) -> None:
        """Read the ages once, so that a mistake shows at once: raises SpecError."""
        seconds(self.degraded)
        seconds(self.down)

    def __call__(self) -> Result:
        """Look; raises what *lag* raises."""
        age = self.lag()
        status = Status.DEGRADED if age >= seconds(self.degraded) else Status.UP
        if age >= seconds(self.down):
            status = Status.DOWN
        return Result(status=status, details={"lag_seconds": round(age, 3)})


def _size(size: str | int) -> int:
    return parse_size(size) if isinstance(size, str) else size


def _shown(parts: SplitResult) -> str:
    """Give the URL without user, password and query: they may be secret."""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
