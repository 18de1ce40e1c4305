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

if TYPE_CHECKING:
    from http.client import HTTPConnection

MIB = 1024**2


@dataclass(frozen=True, slots=True, kw_only=True)
class DiskSpace:
    """Whether the file system of *path* has room: bytes below which it is DEGRADED, and DOWN."""

    path: str
    degraded: int = 1024 * MIB
    down: int = 100 * MIB

    def __call__(self) -> Result:
        """Look; raises OSError where there is no such path."""
        found = shutil.disk_usage(self.path)
        status = Status.UP
        if found.free < self.degraded:
            status = Status.DEGRADED
        if found.free < self.down:
            status = Status.DOWN
        details = {"path": self.path, "free_bytes": found.free, "total_bytes": found.total}
        return Result(status=status, details=details)


@dataclass(frozen=True, slots=True, kw_only=True)
class Url:
    """Whether a GET of *url* (http or https; certificates are checked) is answered with 2xx or 3xx.

    Redirects are not followed.  *timeout*, in seconds, is for each step; the check has its own.
    """

    url: str
    timeout: float = 2.0

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
        return kind(parts.hostname, parts.port, timeout=self.timeout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """Whether somebody accepts TCP connections at *host* and *port*."""

    host: str
    port: int
    timeout: float = 2.0

    def __call__(self) -> Result:
        """Connect, and hang up; raises OSError where nobody is there."""
        with socket.create_connection((self.host, self.port), timeout=self.timeout):
            return Result(status=Status.UP, details={"address": f"{self.host}:{self.port}"})


@dataclass(frozen=True, slots=True, kw_only=True)
class QueueLag:
    """Whether a queue is worked off: *lag* gives the age in seconds of what has waited longest."""

    lag: Callable[[], float]
    degraded: float
    down: float

    def __call__(self) -> Result:
        """Look; raises what *lag* raises."""
        seconds = self.lag()
        status = Status.DEGRADED if seconds >= self.degraded else Status.UP
        if seconds >= self.down:
            status = Status.DOWN
        return Result(status=status, details={"lag_seconds": round(seconds, 3)})


def _shown(parts: SplitResult) -> str:
    """Give the URL without user, password and query: they may be secret."""
    host = parts.netloc.rpartition("@")[2]
    return f"{parts.scheme}://{host}{parts.path}"
