"""A unit of systemd with ``Type=notify-reload``, as far as its service can tell the difference.

=====================  ==========================================================================
inactive               there is no process
activating             until READY=1; after ``start`` seconds it is stopped, result timeout
active                 watched from here on, where ``watchdog`` is more than 0
reloading              after RELOADING=1, until READY=1; what takes too long has failed, and the
                       service runs on
deactivating           SIGTERM was sent or STOPPING=1 heard; after ``stop`` seconds SIGKILL
aborting               the watchdog was missed: SIGABRT was sent; after ``stop`` seconds SIGKILL
killing                SIGKILL was sent
=====================  ==========================================================================

EXTEND_TIMEOUT_USEC moves whatever is due next, never nearer.  See sd_notify(3),
systemd.service(5).  The rules of svcctl's agent differ in the numbers, and in SIGTERM for SIGABRT.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

from svcctl.engine.probes.sources import whole_number
from svcctl.ports import Exit, HostPhase
from svcctl.sdk.debug.exchange import (
    Act,
    Asked,
    Effect,
    Ended,
    Input,
    Launch,
    Notified,
    Refuse,
    Say,
    Send,
    Signal,
    Started,
    Told,
    Tone,
    Waited,
    how_it_ended,
)
from svcctl.sdk.debug.terminal import PHASES, refusal
from svcctl.sdk.phases import Phase
from svcctl.spec.notation import format_duration

_MICRO = 1_000_000
_CLEAN = frozenset(("HUP", "INT", "TERM", "PIPE"))  # systemd.service(5), SuccessExitStatus=
_STANDS = frozenset((HostPhase.PAUSING, HostPhase.PAUSED, HostPhase.RESUMING))
_USUAL = frozenset(("WATCHDOG", "EXTEND_TIMEOUT_USEC", "STATUS", "STOPPING"))  # said every few s


class Active(StrEnum):
    """What ``systemctl status`` calls Active, and the ends in more detail."""

    INACTIVE = "inactive"
    ACTIVATING = "activating"
    ACTIVE = "active"
    RELOADING = "reloading"
    DEACTIVATING = "deactivating"
    ABORTING = "aborting"
    KILLING = "killing"


_PHASES = {
    Active.INACTIVE: Phase.STOPPED,
    Active.ACTIVATING: Phase.STARTING,
    Active.ACTIVE: Phase.RUNNING,
    Active.RELOADING: Phase.RUNNING,
    Active.DEACTIVATING: Phase.DRAINING,
    Active.ABORTING: Phase.DRAINING,
    Active.KILLING: Phase.DRAINING,
}
_RUNS = frozenset((Active.ACTIVE, Active.RELOADING))


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """How long a unit waits, in seconds; *abort* is sent to whom the watchdog caught.

    The defaults are those of systemd-system.conf(5).
    """

    who: str = "systemd"
    start: float = 90.0
    stop: float = 90.0
    watchdog: float = 0.0
    abort: str = "ABRT"


AGENT = Rules(who="agent", start=60.0, stop=15.0, abort="TERM")
"""What svcctl's agent does where a spec says nothing else."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Unit:
    """A unit: *timer* is when its state is up, *bite* when its watchdog is.

    *asked_at* is when the last reload was asked for, in microseconds; *told* what the service
    says of itself beside sd_notify, which has no word for a pause; *said* what it said last, by
    the names that were in it.
    """

    rules: Rules = field(default_factory=Rules)
    state: Active = Active.INACTIVE
    timer: float | None = None
    bite: float | None = None
    watchdog: float = 0.0
    asked_at: int | None = None
    result: str = "success"
    told: HostPhase | None = None
    reloads: int = 0
    said: Mapping[tuple[str, ...], str] = field(default_factory=dict)
    asking: bool = False

    @property
    def who(self) -> str:
        """See :class:`svcctl.sdk.debug.exchange.Simulation`."""
        return self.rules.who

    @property
    def phase(self) -> Phase:
        """See :class:`svcctl.sdk.debug.exchange.Simulation`."""
        if self.state in _RUNS and self.told in _STANDS:
            return PHASES[self.told]
        return _PHASES[self.state]

    @property
    def due(self) -> float | None:
        """See :class:`svcctl.sdk.debug.exchange.Simulation`."""
        return min((each for each in (self.timer, self.bite) if each is not None), default=None)

    @property
    def watches(self) -> bool:
        """See :class:`svcctl.sdk.debug.exchange.Simulation`."""
        return self.rules.watchdog > 0

    def step(self, happened: Input, *, at: float) -> tuple[Unit, tuple[Effect, ...]]:
        """See :class:`svcctl.sdk.debug.exchange.Simulation`."""
        match happened:
            case Asked(act=act, code=code):
                return _asked(self, act, code, at=at)
            case Started(pid=pid):
                say = Say(event="started", text=f"activating, main pid {pid}", facts={"pid": pid})
                return self, (say,)
            case Notified(fields=fields):
                return _notified(self, dict(fields), at=at)
            case Told(phase=phase, text=text):
                return _told(self, phase, text)
            case Ended(exit=ended):
                return _ended(self, ended)
            case Waited():
                return _waited(self, at=at)
            case _:
                return self, ()


def _asked(unit: Unit, act: Act, code: int, *, at: float) -> tuple[Unit, tuple[Effect, ...]]:
    problem = refusal(act, unit.phase)
    if problem:
        return unit, (Refuse(problem=problem),)
    match act:
        case Act.START:
            rules = unit.rules
            fresh = Unit(
                rules=rules,
                state=Active.ACTIVATING,
                timer=at + rules.start,
                watchdog=rules.watchdog,
                reloads=unit.reloads,
            )
            return fresh, (Launch(),)
        case Act.STOP | Act.SHUTDOWN | Act.PRESHUTDOWN:
            if unit.state in {Active.DEACTIVATING, Active.ABORTING, Active.KILLING}:
                return unit, (Refuse(problem="it is being stopped"),)
            return _stopping(unit, at=at, result=unit.result)
        case Act.RELOAD:
            say = Say(event="signal", text="reload: SIGHUP sent", facts={"signal": "HUP"})
            timer = at + unit.rules.start
            asked_at = int(at * _MICRO)
            return replace(unit, timer=timer, asked_at=asked_at), (say, Signal(name="HUP"))
        case _:
            text = f"has no {act}: svcctl asks the service itself"
            return unit, (
                Say(event="asked", text=text, tone=Tone.DIM),
                Send(word=str(act), code=code),
            )


def _stopping(unit: Unit, *, at: float, result: str) -> tuple[Unit, tuple[Effect, ...]]:
    text = f"deactivating: SIGTERM sent, SIGKILL in {format_duration(unit.rules.stop)}"
    return (
        replace(
            unit,
            state=Active.DEACTIVATING,
            timer=at + unit.rules.stop,
            bite=None,
            asked_at=None,
            result=result,
        ),
        (Say(event="signal", text=text, facts={"signal": "TERM"}), Signal(name="TERM")),
    )


# what the service says


def _notified(unit: Unit, fields: dict[str, str], *, at: float) -> tuple[Unit, tuple[Effect, ...]]:
    shown = _shown(unit, fields)
    effects: list[Effect] = [shown]
    unit = replace(unit, said={**unit.said, tuple(fields): shown.text})
    if length := whole_number(fields.get("WATCHDOG_USEC", "")):
        unit = replace(unit, watchdog=length / _MICRO, bite=at + length / _MICRO)
    if fields.get("WATCHDOG") == "1" and unit.bite is not None:
        unit = replace(unit, bite=at + unit.watchdog)
    if longer := whole_number(fields.get("EXTEND_TIMEOUT_USEC", "")):
        unit = _extended(unit, at + longer / _MICRO)
    for take in (_take_reloading, _take_ready, _take_stopping):
        unit, more = take(unit, fields, at=at)
        effects += more
    if fields.get("WATCHDOG") == "trigger" and unit.state in _RUNS:
        unit, more = _aborting(unit, "the service asked for it: WATCHDOG=trigger", at=at)
        effects += more
    return unit, tuple(effects)


def _shown(unit: Unit, fields: dict[str, str]) -> Say:
    """Give the words as they came; a sign of life that says what the last one said comes often."""
    text = " ".join(f"{name}={value}" for name, value in fields.items())
    often = fields.keys() <= _USUAL and unit.said.get(tuple(fields)) == text
    return Say(
        event="notify", text=text, tone=Tone.DIM if often else Tone.PLAIN, facts=fields, often=often
    )


def _extended(unit: Unit, until: float) -> Unit:
    return replace(
        unit,
        timer=None if unit.timer is None else max(unit.timer, until),
        bite=None if unit.bite is None else max(unit.bite, until),
    )


def _take_ready(
    unit: Unit, fields: dict[str, str], *, at: float
) -> tuple[Unit, tuple[Effect, ...]]:
    if fields.get("READY") != "1":
        return unit, ()
    if unit.state is Active.ACTIVATING:
        bite = at + unit.watchdog if unit.watchdog else None
        return replace(unit, state=Active.ACTIVE, timer=None, bite=bite), (
            Say(event="phase", text="active (running)", tone=Tone.GOOD),
        )
    if unit.state is Active.RELOADING:
        done = replace(
            unit, state=Active.ACTIVE, timer=None, asked_at=None, reloads=unit.reloads + 1
        )
        return done, (Say(event="phase", text="active (running), reloaded", tone=Tone.GOOD),)
    return unit, ()


def _take_reloading(
    unit: Unit, fields: dict[str, str], *, at: float
) -> tuple[Unit, tuple[Effect, ...]]:
    """Believe in a reload that began after it was asked for: MONOTONIC_USEC says when."""
    if fields.get("RELOADING") != "1" or unit.state is not Active.ACTIVE:
        return unit, ()
    began = whole_number(fields.get("MONOTONIC_USEC", ""))
    if began is None or (unit.asked_at is not None and began < unit.asked_at):
        why = "there is no MONOTONIC_USEC" if began is None else "it began before it was asked for"
        return unit, (Say(event="ignored", text=f"RELOADING=1 is ignored: {why}", tone=Tone.WARN),)
    timer = at + unit.rules.start
    return replace(unit, state=Active.RELOADING, timer=timer), (
        Say(event="phase", text="reloading"),
    )


def _take_stopping(
    unit: Unit, fields: dict[str, str], *, at: float
) -> tuple[Unit, tuple[Effect, ...]]:
    if fields.get("STOPPING") != "1" or unit.state not in _RUNS | {Active.ACTIVATING}:
        return unit, ()
    limit = unit.rules.stop
    text = f"deactivating: it stops by itself, SIGKILL in {format_duration(limit)}"
    left = replace(unit, state=Active.DEACTIVATING, timer=at + limit, bite=None, asked_at=None)
    return left, (Say(event="phase", text=text),)


def _told(unit: Unit, phase: HostPhase, text: str) -> tuple[Unit, tuple[Effect, ...]]:
    """Take note of a pause: no word of sd_notify tells of it."""
    before = unit.phase
    unit = replace(unit, told=phase)
    if unit.phase is before or not {before, unit.phase} & {PHASES[each] for each in _STANDS}:
        return unit, ()
    return unit, (Say(event="phase", text=f"the service is {unit.phase}", facts={"text": text}),)


# time, and the end


def _waited(unit: Unit, *, at: float) -> tuple[Unit, tuple[Effect, ...]]:
    if unit.bite is not None and at >= unit.bite:
        return _aborting(unit, f"no WATCHDOG=1 for {format_duration(unit.watchdog)}", at=at)
    if unit.timer is None or at < unit.timer:
        return unit, ()
    match unit.state:
        case Active.ACTIVATING:
            said = Say(event="timeout", text="start timed out: no READY=1", tone=Tone.BAD)
            unit, effects = _stopping(unit, at=at, result="timeout")
            return unit, (said, *effects)
        case Active.ACTIVE | Active.RELOADING:
            text = "reload timed out: no READY=1 after RELOADING=1; it runs on"
            done = replace(unit, state=Active.ACTIVE, timer=None, asked_at=None)
            return done, (Say(event="timeout", text=text, tone=Tone.BAD),)
        case _:
            result = "timeout" if unit.result == "success" else unit.result
            say = Say(event="timeout", text="stop timed out: SIGKILL sent", tone=Tone.BAD)
            done = replace(unit, state=Active.KILLING, timer=None, result=result)
            return done, (say, Signal(name="KILL"))


def _aborting(unit: Unit, why: str, *, at: float) -> tuple[Unit, tuple[Effect, ...]]:
    name, limit = unit.rules.abort, unit.rules.stop
    text = f"watchdog: {why}; SIG{name} sent, SIGKILL in {format_duration(limit)}"
    lost = replace(
        unit, state=Active.ABORTING, timer=at + limit, bite=None, asked_at=None, result="watchdog"
    )
    return lost, (
        Say(event="watchdog", text=text, tone=Tone.BAD, facts={"signal": name}),
        Signal(name=name),
    )


def _ended(unit: Unit, ended: Exit) -> tuple[Unit, tuple[Effect, ...]]:
    result = _result(unit, ended)
    good = result == "success"
    how = how_it_ended(ended)
    text = f"inactive ({how})" if good else f"failed, result {result} ({how})"
    say = Say(
        event="ended", text=text, tone=Tone.PLAIN if good else Tone.BAD, facts={"result": result}
    )
    return Unit(rules=unit.rules, result=result, reloads=unit.reloads), (say,)


def _result(unit: Unit, ended: Exit) -> str:
    if unit.result != "success":
        return unit.result
    if ended.code == 0 or ended.signal in _CLEAN:
        return "protocol" if unit.state is Active.ACTIVATING else "success"
    if ended.signal is None:
        return "exit-code"
    return "core-dump" if ended.signal in {"ABRT", "SEGV", "BUS", "ILL", "FPE"} else "signal"
