"""Judges whether a step of a script has come to what it is for: pure."""

from __future__ import annotations

from dataclasses import dataclass

from svcctl.ports import Exit
from svcctl.sdk.crash.exit_status import CRASHED
from svcctl.sdk.debug.exchange import how_it_ended
from svcctl.sdk.debug.script import Step, Verb
from svcctl.sdk.phases import Phase

_ENDS = frozenset((Verb.STOP, Verb.SHUTDOWN, Verb.PRESHUTDOWN, Verb.CRASH, Verb.KILL))
_PHASES = {
    Verb.READY: Phase.RUNNING,
    Verb.START: Phase.RUNNING,
    Verb.PAUSE: Phase.PAUSED,
    Verb.RESUME: Phase.RUNNING,
}
_BACK = {Verb.PAUSE: Phase.RUNNING, Verb.RESUME: Phase.PAUSED}


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What is known of a life at one moment.

    *refused* is why the last act was, *asking* whether it is not answered yet, *moved* whether the
    phase has changed since; *loud*: it logs from debug on; *exit* is how the last process ended,
    *crash* the path of the report it left.
    """

    phase: Phase
    reloads: int = 0
    refused: str = ""
    moved: bool = False
    asking: bool = False
    loud: bool = False
    exit: Exit | None = None
    crash: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A step holds, or *problem* says why it does not."""

    problem: str = ""


def judge(step: Step, before: Seen, now: Seen, *, watched: bool) -> Verdict | None:
    """Say what came of *step*, None for as long as that is open.

    *watched*: who hangs is ended.
    """
    if step.refused or (now.refused and step.act is not None):
        return _judge_refusal(step, now)
    if step.verb in _ENDS or (step.verb is Verb.HANG and watched):
        return _judge_end(step, now)
    if step.verb is Verb.STATUS:
        return _judge_status(int(step.number), now)
    if step.verb in _PHASES:
        return _judge_phase(step, now)
    if step.verb is Verb.RELOAD:
        return Verdict() if now.reloads > before.reloads else _if_ended(now)
    if step.verb is Verb.LEVEL:
        return Verdict() if now.loud is not before.loud else _if_ended(now)
    if step.verb is Verb.CONTROL:
        return _if_ended(now) if now.asking else Verdict()
    return Verdict()


def surprise(before: Seen, now: Seen) -> Verdict | None:
    """Say whether a life ended while a step only waited."""
    return _if_ended(now) if before.phase is not Phase.STOPPED else None


def _judge_refusal(step: Step, now: Seen) -> Verdict | None:
    if step.refused and now.refused:
        return Verdict()
    if now.refused:
        return Verdict(problem=f"refused: {now.refused}")
    return None if now.asking else Verdict(problem="it was not refused")


def _judge_end(step: Step, now: Seen) -> Verdict | None:
    ended = now.exit
    if now.phase is not Phase.STOPPED or ended is None:
        return None
    how = how_it_ended(ended)
    match step.verb:
        case Verb.CRASH if ended.code != CRASHED:
            return Verdict(problem=f"{how}, not {CRASHED}")
        case Verb.CRASH if not now.crash:
            return Verdict(problem="it left no crash report")
        case Verb.STOP | Verb.SHUTDOWN | Verb.PRESHUTDOWN if ended.code != 0:
            return Verdict(problem=f"it did not stop in order: {how}")
        case Verb.KILL | Verb.HANG if ended.code == 0:
            return Verdict(problem="it ended in order")
        case _:
            return Verdict()


def _judge_status(wanted: int, now: Seen) -> Verdict | None:
    if now.phase is not Phase.STOPPED or now.exit is None:
        return None
    if now.exit.code == wanted:
        return Verdict()
    return Verdict(problem=f"{how_it_ended(now.exit)}, not {wanted}")


def _judge_phase(step: Step, now: Seen) -> Verdict | None:
    if now.phase is _PHASES[step.verb]:
        return Verdict()
    if now.moved and now.phase is _BACK.get(step.verb):
        return Verdict(problem=f"it is {now.phase} again")
    return _if_ended(now)


def _if_ended(now: Seen) -> Verdict | None:
    if now.phase is not Phase.STOPPED:
        return None
    how = "" if now.exit is None else f": {how_it_ended(now.exit)}"
    return Verdict(problem=f"it does not run{how}")
