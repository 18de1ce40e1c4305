"""Answers over HTTP how a service is, for load balancers and scrapers that know no manager.

No web framework: there are four fixed paths without arguments, so the standard library does, and
a service that wants a port for its health pays with no dependency and no megabyte.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass
from http import HTTPStatus
from types import TracebackType
from typing import Self

from svcctl.errors import SystemFault
from svcctl.sdk.health.checks import Checks
from svcctl.sdk.health.http_words import BadRequestError, Request, accepts, parse, response
from svcctl.sdk.health.result import Group, health_json, spring

_LARGEST_HEAD = 8 * 1024
_PLAIN = "text/plain; charset=utf-8"
_JSON = "application/json"
_HEALTH_JSON = "application/health+json"
_OPEN_METRICS = "application/openmetrics-text"
_GROUPS: dict[str, Group | None] = {
    "/health": None,
    "/health/live": Group.LIVE,
    "/health/ready": Group.READY,
}
_METRICS = "/metrics"

Exposition = Callable[[bool], Awaitable[tuple[str, bytes]]]
"""Gives media type and text of all metrics, in OpenMetrics where the argument is true."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """What the server puts up with: seconds for one request and its answer, connections at once."""

    patience: float = 10.0
    connections: int = 64


class HealthServer:
    """An async context manager that answers on *host* and *port* (0: one that is free).

    ``GET`` and ``HEAD`` of ``/health`` (all checks), ``/health/live``, ``/health/ready`` and
    ``/metrics``: 200, or 503 where a check is DOWN; the body as Spring Boot's Actuator gives it,
    as ``application/health+json`` to those who accept that.  One request a connection.
    """

    def __init__(
        self,
        checks: Checks,
        *,
        port: int,
        host: str = "127.0.0.1",
        metrics: Exposition | None = None,
        manners: Manners | None = None,
    ) -> None:
        self._checks, self._metrics = checks, metrics
        self._host, self._port = host, port
        self._manners = manners or Manners()
        self._server: asyncio.Server | None = None
        self._served: set[asyncio.Task[None]] = set()

    async def __aenter__(self) -> Self:
        """Listen; raises SystemFault where that port cannot be had."""
        try:
            self._server = await asyncio.start_server(
                self._meet, self._host, self._port, limit=_LARGEST_HEAD
            )
        except OSError as error:
            raise SystemFault(
                f"no health answers on {self._host}:{self._port}: {error.strerror or error}",
                hint="choose another health_port, or find who has it",
            ) from error
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the port, and hang up on whoever is still being answered."""
        assert self._server is not None
        self._server.close()
        for each in tuple(self._served):
            each.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)
        await self._server.wait_closed()

    @property
    def port(self) -> int:
        """The port that is listened on."""
        assert self._server is not None
        return int(self._server.sockets[0].getsockname()[1])

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._served.add(task)
        try:
            if len(self._served) <= self._manners.connections:
                async with asyncio.timeout(self._manners.patience):
                    await self._serve(reader, writer)
        except (TimeoutError, ConnectionError, asyncio.CancelledError):
            writer.transport.abort()  # it is slow, it is gone, or we go
        finally:
            self._served.discard(task)
            with suppress(ConnectionError):
                writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await reader.readuntil(b"\r\n\r\n")
            answer = await self._answer(parse(head))
        except asyncio.IncompleteReadError:
            return
        except asyncio.LimitOverrunError:
            answer = _refusal(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE)
        except BadRequestError as error:
            answer = _refusal(error.status)
        writer.write(answer)
        await writer.drain()

    async def _answer(self, request: Request) -> bytes:
        has_metrics = request.path == _METRICS and self._metrics is not None
        if request.path not in _GROUPS and not has_metrics:
            return _refusal(HTTPStatus.NOT_FOUND, has_body=request.method != "HEAD")
        if request.method not in {"GET", "HEAD"}:
            return _refusal(HTTPStatus.METHOD_NOT_ALLOWED, allow="GET, HEAD")
        has_body = request.method == "GET"
        if request.path == _METRICS:
            assert self._metrics is not None
            kind, text = await self._metrics(accepts(request, _OPEN_METRICS))
            return response(HTTPStatus.OK, text, kind=kind, has_body=has_body)
        health = await self._checks.look(_GROUPS[request.path])
        drafted = accepts(request, _HEALTH_JSON)
        document = health_json(health) if drafted else spring(health)
        return response(
            HTTPStatus.OK if health.is_up else HTTPStatus.SERVICE_UNAVAILABLE,
            json.dumps(document, default=str).encode() + b"\n",
            kind=_HEALTH_JSON if drafted else _JSON,
            has_body=has_body,
        )


def _refusal(status: HTTPStatus, *, has_body: bool = True, allow: str = "") -> bytes:
    body = f"{status.phrase}\n".encode()
    return response(status, body, kind=_PLAIN, has_body=has_body, allow=allow)
