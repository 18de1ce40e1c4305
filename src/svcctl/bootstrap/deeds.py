"""Says what carries out each verb of an agent."""

from __future__ import annotations

import socket
from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.app.agent import Agent, Ending
from svcctl.app.applying import Applying
from svcctl.app.conversing import Conversing
from svcctl.app.crashes import Crashes
from svcctl.app.dispatch import Deed
from svcctl.app.drifting import Drifting
from svcctl.app.kept_table import KeptTable
from svcctl.app.logs import Logs, MayRead
from svcctl.app.reading import Reading
from svcctl.app.services import Services
from svcctl.app.signed_specs import SignedSpecs, Trusted
from svcctl.app.verbs import find
from svcctl.app.waiting import Waiting
from svcctl.app.watch_deeds import WatchDeeds
from svcctl.app.watch_settings import WatchSettings
from svcctl.bootstrap.access import Guard
from svcctl.bootstrap.attendants import Attendants
from svcctl.bootstrap.core import Core
from svcctl.bootstrap.natively import elsewhere
from svcctl.bootstrap.rereading import reread
from svcctl.system.detect import Platform, platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Deeds:
    """What carries out each verb, by the verb's name: for who asks *here*, and from *elsewhere*."""

    here: Mapping[str, Deed]
    elsewhere: Mapping[str, Deed]


def deeds(core: Core, around: Attendants, guard: Guard, ending: Ending) -> Deeds:
    """Give what carries out each verb."""
    manager, bus, clock = core.manager, core.bus, core.world.clock
    waiting = Waiting(manager, bus=bus)
    services = Services(manager, waiting=waiting)
    reading = Reading(
        manager,
        waiting=waiting,
        events=core.store,
        bus=bus,
        clock=clock,
        natives=around.natives,
    )
    logs = Logs(
        manager,
        folder=core.paths.logs,
        bus=bus,
        clock=clock,
        foreign=around.foreign,
        may_read=_may_read(guard),
    )
    crashes = Crashes(manager, folder=core.world.services or core.paths.services)
    agent = Agent(manager, about=core.about, ending=ending, clock=clock, natives=around.natives)
    windows = platform() is Platform.WINDOWS
    watches = WatchSettings(around.foreign, services=manager.names, windows=windows)
    applying = _applying(core, around, guard, services=services, waiting=waiting, watches=watches)
    watched = WatchDeeds(around.foreign, watches)
    found = {
        "status": reading.status,
        "start": services.start,
        "stop": services.stop,
        "restart": services.restart,
        "reload": services.reload,
        "pause": services.pause,
        "resume": services.resume,
        "reset": services.reset,
        "kill": services.kill,
        "scale": services.scale,
        "run": services.run,
        "enable": services.enable,
        "disable": services.disable,
        "logs": logs.logs,
        "events": reading.events,
        "crashes": crashes.crashes,
        "drift": Drifting(manager, reread=reread).drift,
        "tree": reading.tree,
        "wait": reading.wait,
        "environment": reading.environment,
        "metrics": around.metrics.metrics,
        "history": around.historian.history,
        "trends": around.judged.resources.trends,
        **around.findings.deeds(
            around.understanding.known, lambda: [*manager.names(), *around.foreign.specs]
        ),
        **Conversing(manager).deeds(),
        **around.desk.deeds(),
        **around.shipping.deeds(),
        **around.healer.deeds(),
        **watched.deeds(apply=applying.apply, show=reading.show, remove=applying.remove),
        **guard.deeds(),
        "agent-status": agent.status,
        "agent-stop": agent.stop,
        "agent-upgrade": agent.upgrade,
    }
    far = elsewhere(found, core, around.natives)
    signed = {"apply-signed": _signed(far["apply"], core, guard).apply_signed}
    return Deeds(here={**found, **signed}, elsewhere={**far, **signed})


def _may_read(guard: Guard) -> MayRead:
    verb = find("logs")
    assert verb is not None
    return lambda who, name: guard.access.may(who, verb, name)


def _signed(apply: Deed, core: Core, guard: Guard) -> SignedSpecs:
    """Give what takes signed definitions, where *guard* trusts any key."""

    def trusted() -> Trusted | None:
        keys = guard.access.spec_keys()
        host = guard.access.host or socket.gethostname()
        return None if keys is None else Trusted(keys=keys, host=host)

    return SignedSpecs(apply, trusted=trusted, store=core.store, clock=core.world.clock)


def _applying(
    core: Core,
    around: Attendants,
    guard: Guard,
    *,
    services: Services,
    waiting: Waiting,
    watches: WatchSettings,
) -> Applying:
    logs = core.paths.logs

    def forget_logs(service: str) -> None:
        import shutil  # noqa: PLC0415 - 0.5 MB, for a verb that is rarely used

        shutil.rmtree(f"{logs}/{service}", ignore_errors=True)

    return Applying(
        core.manager,
        services=services,
        waiting=waiting,
        forget_logs=forget_logs,
        settings={
            "alerting": KeptTable("alerting", around.desk),
            "shipping": KeptTable("shipping", around.shipping),
            "healing": KeptTable("healing", around.healer),
            "access": KeptTable("access", guard.access),
            "watches": watches,
        },
    )
