"""The endpoint of a service with all its parts: what it answers, where, and who hears of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from contextlib import AbstractAsyncContextManager

from svcctl.sdk.assembly import Assembled
from svcctl.sdk.endpoint.asked import Answers
from svcctl.sdk.endpoint.opening import opened


def answering(service: Assembled) -> AbstractAsyncContextManager[None]:
    """Answer for *service* while the block lasts, and tell its manager where."""
    began, environ = service.world.clock.now(), service.world.environ
    return opened(
        service.world.instance.name,
        lambda: _answers(service, began),
        environ=environ,
        found_at=lambda address: _announce(address, environ),
    )


def _answers(service: Assembled, began: float) -> Answers:
    from svcctl import __version__  # noqa: PLC0415 - all this is for those who are asked
    from svcctl.sdk.crash.folder import CrashFolder  # noqa: PLC0415
    from svcctl.sdk.endpoint.on_config import on_config, on_no_config  # noqa: PLC0415
    from svcctl.sdk.endpoint.on_health import on_crashes, on_health, on_metrics  # noqa: PLC0415
    from svcctl.sdk.endpoint.on_life import Doings, Identity, on_life  # noqa: PLC0415
    from svcctl.sdk.endpoint.on_logs import on_logs  # noqa: PLC0415

    blueprint, life, tools = service.blueprint, service.life, service.equipment
    copy = service.world.instance
    identity = Identity(
        service=copy.service, instance=copy.name, version=__version__, started_at=began
    )
    doings = Doings(
        jobs=[each.name for each in blueprint.jobs],
        job=life.jobs.call,
        controls="on_control" in blueprint.hooks,
    )
    config = on_no_config(copy.service) if service.live is None else on_config(service.live)
    return {
        **on_life(life, identity, doings),
        **on_logs(service.logs.levels),
        **on_health(tools.health),
        **on_metrics(tools.exposition),
        **on_crashes(CrashFolder(os.path.join(service.world.folder, "crashes"))),
        **config,
    }


def _announce(address: str, environ: Mapping[str, str]) -> None:
    if environ.get("NOTIFY_SOCKET"):
        from svcctl.system.systemd.report import SystemdReport  # noqa: PLC0415

        SystemdReport(environ).found_at(address)
