"""Puts a service together out of its blueprint: its configuration, log, tools and life."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Literal

from svcctl.errors import UsageError
from svcctl.events import CrashSeen, Event
from svcctl.ports import Clock, HostReport
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.choices import Choices
from svcctl.sdk.crash.document import Subject
from svcctl.sdk.crash.folder import CrashFolder
from svcctl.sdk.crash.reporter import Evidence, Reporter
from svcctl.sdk.equipment import Equipment
from svcctl.sdk.happenings import Crashed, Happening, Reloaded, Tell
from svcctl.sdk.health.checks import Checks
from svcctl.sdk.health.result import Group, Result, Status
from svcctl.sdk.instance import Instance
from svcctl.sdk.life import Life, Means
from svcctl.sdk.logs.logger import Logger, Logs, Source
from svcctl.sdk.logs.recent import Recent
from svcctl.sdk.logs.sink import Sink
from svcctl.sdk.metrics.feed import Feed
from svcctl.sdk.metrics.instruments import Metrics
from svcctl.sdk.narrator import narrate
from svcctl.sdk.phases import Phase
from svcctl.sdk.traits import Traits

if TYPE_CHECKING:
    from svcctl.sdk.config.live import Live
    from svcctl.sdk.config.outcome import Rejected
    from svcctl.sdk.config.sources import Sources

NAMESPACE = "SVCCTL_NAMESPACE"
"""The variable that names the environment of a machine: dev, test, staging or prod."""


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What a service finds where it lives; a test gives one of its own.

    *folder* is where it keeps what outlasts it, *sink* where its log goes.  *answers*: it may open
    the port that its health is asked on, and call whom its crashes are told.
    """

    clock: Clock
    report: HostReport
    sink: Sink
    instance: Instance
    folder: str
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    choices: Choices = field(default_factory=Choices)
    answers: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Assembled:
    """A service that is ready to live, with all its parts; *live* is its configuration.

    *traits* are those that hold, where its configuration has the last word.
    """

    blueprint: Blueprint
    world: World
    life: Life
    logs: Logs
    log: Logger
    live: Live[Any] | None
    equipment: Equipment
    reporter: Reporter
    tell: Tell
    traits: Traits


def assembled(blueprint: Blueprint, world: World) -> Assembled:
    """Put the service of *blueprint* together in *world*, within a running loop.

    Raises SpecError, with every mistake, where its configuration is bad; nothing was opened then.
    """
    checks, metrics = Checks(clock=world.clock), _metrics(blueprint.traits)
    feed, announcer = Feed(metrics), _Announcer()
    live = _live(blueprint, world, announcer) if blueprint.config else None
    traits = blueprint.traits.overruled(None if live is None else live.value)
    recent = Recent(world.sink)
    logs = _logs(traits, world, recent)
    log = logs.logger()

    def tell(happening: Happening) -> None:
        feed.take(happening)
        narrate(log, happening)

    equipment = Equipment(
        clock=world.clock, folder=world.folder, tell=tell, metrics=metrics, health=checks
    )
    evidence = Evidence(
        last_lines=recent.lines,
        checkpoint=lambda: dict(equipment.saved),
        secrets=lambda: _secrets(live),
    )
    reporter = _reporter(blueprint, world, log, tell, evidence)
    life = Life(
        replace(blueprint, name=world.instance.service),
        Means(
            clock=world.clock,
            report=world.report,
            log=log,
            equipment=equipment,
            settings=live,
            tell=tell,
            noted=lambda where, error: reporter.report(error, where=where),
            may_restart=lambda reason: _note_restart(world, reason),
        ),
    )
    _add_checks(checks, blueprint, life)
    found = Assembled(
        blueprint=blueprint,
        world=world,
        life=life,
        logs=logs,
        log=log,
        live=live,
        equipment=equipment,
        reporter=reporter,
        tell=tell,
        traits=traits,
    )
    announcer.introduce(found)
    return found


def sources(blueprint: Blueprint, environ: Mapping[str, str], choices: Choices) -> Sources:
    """Give where the configuration of *blueprint* is read."""
    from svcctl.sdk.config.sources import Sources  # noqa: PLC0415 - for those who have one

    name = blueprint.name
    usual = tuple(f"-{name}.{kind}" for kind in ("toml", "yaml", "json"))
    return Sources(
        prefix=re.sub(r"\W", "_", name).upper(),
        files=choices.config or blueprint.traits.config_files or usual,
        namespace=choices.namespace or environ.get(NAMESPACE, ""),
        dotenv=f"-{choices.dotenv}" if choices.dotenv else "",
        environ=environ,
        options=choices.sets,
    )


class _Announcer:
    """Listens to a configuration, which is there before the service that is told of it."""

    def __init__(self) -> None:
        self._service: Assembled | None = None
        self._said = ""

    def introduce(self, service: Assembled) -> None:
        """Tell whom to tell."""
        self._service = service

    async def changed(self, old: object, new: object, keys: frozenset[str]) -> None:
        """Let the service take it, or raise."""
        await self._known.life.reconfigured(old, new, keys)
        if self._said and self._known.life.text == self._said:
            self._say("")
        self._tell("applied")

    def restart_wanted(self, keys: frozenset[str]) -> None:
        """Say that it waits for a restart."""
        self._known.log.warning("config.restart-wanted", keys=sorted(keys))
        self._say(f"a restart is wanted, for {', '.join(sorted(keys))}")
        self._tell("restart_wanted")

    def rejected(self, rejected: Rejected) -> None:
        """Say what is wrong with it."""
        mistakes = [str(each) for each in rejected.mistakes]
        self._known.log.error(
            "config.rejected", who=rejected.who, origin=rejected.origin, mistakes=mistakes
        )
        self._say(f"configuration refused: {mistakes[0]}")
        self._tell("rejected")

    def _say(self, text: str) -> None:
        self._said = text
        self._known.life.say(text)

    def _tell(self, outcome: Literal["applied", "restart_wanted", "rejected"]) -> None:
        assert self._known.live is not None
        self._known.tell(Reloaded(outcome=outcome, version=self._known.live.version))

    @property
    def _known(self) -> Assembled:
        assert self._service is not None
        return self._service


def _live(blueprint: Blueprint, world: World, announcer: _Announcer) -> Live[Any]:
    from svcctl.sdk.config.history import History  # noqa: PLC0415 - for those who have one
    from svcctl.sdk.config.live import Live  # noqa: PLC0415
    from svcctl.sdk.config.outcome import Listeners  # noqa: PLC0415

    assert blueprint.config is not None
    listeners = Listeners(
        on_change=announcer.changed,
        on_restart=announcer.restart_wanted,
        on_rejected=announcer.rejected,
    )
    return Live(
        blueprint.config,
        sources(blueprint, world.environ, world.choices),
        clock=world.clock,
        history=History(folder=os.path.join(world.folder, "config")),
        listeners=listeners,
    )


def _logs(traits: Traits, world: World, sink: Sink) -> Logs:
    copy = world.instance
    source = Source(
        service=copy.service, instance=copy.name if copy.told else "", version=traits.version
    )
    level = world.choices.log_level or traits.log_level
    return Logs(source=source, sink=sink, clock=world.clock, level=level)


def _metrics(traits: Traits) -> Metrics:
    match traits.metrics:
        case "own":
            from svcctl.sdk.metrics.registry import Registry  # noqa: PLC0415

            return Registry()
        case "prometheus":
            from svcctl.sdk.metrics.prometheus import PrometheusMetrics  # noqa: PLC0415

            return PrometheusMetrics()
        case "opentelemetry":
            from svcctl.sdk.metrics.opentelemetry import OpenTelemetryMetrics  # noqa: PLC0415

            return OpenTelemetryMetrics()
        case other:
            raise UsageError(
                f"nobody called {other!r} counts", hint="metrics: own, prometheus, opentelemetry"
            )


def _reporter(
    blueprint: Blueprint, world: World, log: Logger, tell: Tell, evidence: Evidence
) -> Reporter:
    def publish(event: Event) -> None:
        if isinstance(event, CrashSeen):
            tell(Crashed(where=event.where))
            log.error("crash.reported", where=event.where, file=event.file)

    subject = Subject(
        service=world.instance.service,
        instance=world.instance.name,
        version=blueprint.traits.version,
    )
    folder = CrashFolder(os.path.join(world.folder, "crashes"))
    return Reporter(folder, subject, clock=world.clock, publish=publish, evidence=evidence)


def _secrets(live: Live[Any] | None) -> list[str]:
    if live is None:
        return []
    from svcctl.sdk.config.outline import leaves  # noqa: PLC0415
    from svcctl.sdk.config.secret import Secret  # noqa: PLC0415

    return [each.reveal() for _, each in leaves(live.value) if isinstance(each, Secret)]


def _note_restart(world: World, reason: str) -> None:
    from svcctl.sdk.crash.restarts import Restarts  # noqa: PLC0415

    os.makedirs(world.folder, mode=0o700, exist_ok=True)
    Restarts(world.folder, clock=world.clock).note(reason)


_AS_A_SERVICE: Mapping[Phase, Status] = {
    Phase.RUNNING: Status.UP,
    Phase.PAUSING: Status.DEGRADED,
    Phase.PAUSED: Status.DEGRADED,
    Phase.RESUMING: Status.DEGRADED,
}


def _add_checks(checks: Checks, blueprint: Blueprint, life: Life) -> None:
    """Add those of the author, and one of its phase."""

    async def phase() -> Result:
        status = _AS_A_SERVICE.get(life.phase, Status.DOWN)
        return Result(status=status, details={"phase": str(life.phase)})

    checks.add("service", phase, groups=(Group.READY,), cache=0.0)
    for each in blueprint.checks:
        call: Callable[[], object] = life.caller.bound(each.name, each.call)
        groups = (Group(each.mark.group),)
        checks.add(each.name, call, groups=groups, timeout=each.mark.timeout, cache=each.mark.cache)
