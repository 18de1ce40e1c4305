"""The port on which Prometheus finds the agent, on this machine alone."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from svcctl.app.metrics import Metrics
from svcctl.errors import SystemFault
from svcctl.ports import Clock
from svcctl.sdk.health.checks import Checks
from svcctl.sdk.health.server import HealthServer


@asynccontextmanager
async def scraped(metrics: Metrics, *, port: int, clock: Clock) -> AsyncIterator[int]:
    """Answer ``GET /metrics`` on 127.0.0.1 while the block lasts; give the port (0: a free one).

    ``/health`` says that the agent answers.  Raises SystemFault where the port cannot be had.
    """
    server = HealthServer(Checks(clock=clock), port=port, metrics=metrics.exposition)
    try:
        await server.__aenter__()
    except SystemFault as error:
        raise SystemFault(
            f"no metrics on 127.0.0.1:{port}: {error.problem.rpartition(': ')[2]}",
            hint="choose another --metrics-port, or find who has it",
        ) from error
    try:
        yield server.port
    finally:
        await server.__aexit__(None, None, None)
