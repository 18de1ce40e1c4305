"""Decides what the SCM is told of a service and what its controls mean; calls nothing."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag, StrEnum

from svcctl.ports import HostPhase

NO_ERROR = 0
ERROR_CALL_NOT_IMPLEMENTED = 120
ERROR_SERVICE_CANNOT_ACCEPT_CTRL = 1061
ERROR_SERVICE_SPECIFIC_ERROR = 1066

LONGEST_SLICE = 20.0
"""Seconds a checkpoint may stand: Windows takes a service for hung that is silent for 30."""

_OWN_PROCESS = 0x10  # SERVICE_WIN32_OWN_PROCESS


class State(IntEnum):
    """Where a service stands: dwCurrentState of SERVICE_STATUS."""

    STOPPED = 1
    START_PENDING = 2
    STOP_PENDING = 3
    RUNNING = 4
    CONTINUE_PENDING = 5
    PAUSE_PENDING = 6
    PAUSED = 7


class Control(IntEnum):
    """What the SCM asks for: dwControl of LPHANDLER_FUNCTION_EX; 128 to 255 are the user's."""

    STOP = 1
    PAUSE = 2
    CONTINUE = 3
    INTERROGATE = 4
    SHUTDOWN = 5
    PARAMCHANGE = 6
    PRESHUTDOWN = 15


class Accept(IntFlag):
    """Which controls may be sent now: dwControlsAccepted of SERVICE_STATUS."""

    NOTHING = 0
    STOP = 0x1
    PAUSE_CONTINUE = 0x2
    SHUTDOWN = 0x4
    PARAMCHANGE = 0x8
    PRESHUTDOWN = 0x100


class Wish(StrEnum):
    """What a control asks of the host."""

    STOP = "stop"
    SHUTDOWN = "shutdown"
    PAUSE = "pause"
    RESUME = "resume"
    RELOAD = "reload"
    CUSTOM = "custom"


@dataclass(frozen=True, slots=True, kw_only=True)
class Taken:
    """Which controls a service takes beyond those that all take.

    *preshutdown*: it hears of a shutdown early, and then not of the shutdown itself.  *custom*:
    the user control codes that mean something to it.  *pausable*: it can stand still.
    """

    preshutdown: bool = False
    pausable: bool = True
    custom: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """What the SCM has been told last.

    *wait_hint* is in milliseconds; *since* is when the state began, by the monotonic clock;
    *leaving*: the SCM has asked for the end, so nothing but STOPPED can follow.
    """

    state: State = State.START_PENDING
    accepted: Accept = Accept.NOTHING
    exit_code: int = 0
    specific_code: int = 0
    checkpoint: int = 0
    wait_hint: int = 0
    since: float = 0.0
    leaving: bool = False

    def fields(self) -> tuple[int, int, int, int, int, int, int]:
        """Give the members of a SERVICE_STATUS, in their order."""
        return (
            _OWN_PROCESS,
            self.state,
            self.accepted,
            self.exit_code,
            self.specific_code,
            self.checkpoint,
            self.wait_hint,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What a control comes to: the *result* for the SCM, the new *standing*, and what to do."""

    standing: Standing
    result: int = NO_ERROR
    wish: Wish | None = None


_STATES = {
    HostPhase.STARTING: State.START_PENDING,
    HostPhase.RUNNING: State.RUNNING,
    HostPhase.PAUSING: State.PAUSE_PENDING,
    HostPhase.PAUSED: State.PAUSED,
    HostPhase.RESUMING: State.CONTINUE_PENDING,
    HostPhase.STOPPING: State.STOP_PENDING,
}
_PENDING = frozenset(
    (State.START_PENDING, State.STOP_PENDING, State.CONTINUE_PENDING, State.PAUSE_PENDING)
)
_SETTLED = frozenset((State.RUNNING, State.PAUSED))
_USER_CODES = range(128, 256)

# control: the state it applies to, the state it leads to, the state in which it is done already
_MOVES = {
    Control.PAUSE: (State.RUNNING, State.PAUSE_PENDING, State.PAUSED, Wish.PAUSE),
    Control.CONTINUE: (State.PAUSED, State.CONTINUE_PENDING, State.RUNNING, Wish.RESUME),
}


def begun(*, at: float, within: float) -> Standing:
    """Give the first word to the SCM: it starts, takes no control, and speaks again *within*."""
    return _moved(Standing(since=at), State.START_PENDING, at=at, within=within, taken=Taken())


def told(before: Standing, phase: HostPhase, *, at: float, within: float, taken: Taken) -> Standing:
    """Give the standing of a service whose host is in *phase*, and speaks again *within* seconds.

    A host that did not hear yet that it has to stop cannot take the SCM's word back.
    """
    if before.state is State.STOPPED:
        return before
    state = State.STOP_PENDING if before.leaving else _STATES[phase]
    return _moved(before, state, at=at, within=within, taken=taken)


def asked(before: Standing, control: int, *, at: float, within: float, taken: Taken) -> Answer:
    """Say what comes of a *control* code; *within* seconds the host says how it gets on.

    A change of state that is asked for is told as under way before the host hears of it.
    """
    match control:
        case Control.INTERROGATE:
            return Answer(standing=before)
        case Control.STOP | Control.SHUTDOWN | Control.PRESHUTDOWN:
            return _leave(before, control, at=at, within=within)
        case Control.PAUSE | Control.CONTINUE if taken.pausable:
            start, passing, done, wish = _MOVES[Control(control)]
            if before.state is start:
                standing = _moved(before, passing, at=at, within=within, taken=taken)
                return Answer(standing=standing, wish=wish)
            over = before.state is done
            return Answer(
                standing=before, result=NO_ERROR if over else ERROR_SERVICE_CANNOT_ACCEPT_CTRL
            )
        case Control.PARAMCHANGE:
            return Answer(standing=before, wish=Wish.RELOAD)
        case _ if control in _USER_CODES and control in taken.custom:
            return Answer(standing=before, wish=Wish.CUSTOM)
        case _:
            return Answer(standing=before, result=ERROR_CALL_NOT_IMPLEMENTED)


def ended(before: Standing, status: int) -> Standing:
    """Give the last word to the SCM; a *status* other than 0 becomes the service's own code.

    A second end changes nothing.
    """
    if before.state is State.STOPPED:
        return before
    return Standing(
        state=State.STOPPED,
        exit_code=ERROR_SERVICE_SPECIFIC_ERROR if status else NO_ERROR,
        specific_code=status & 0xFFFFFFFF,
        leaving=True,
    )


def _leave(before: Standing, control: int, *, at: float, within: float) -> Answer:
    if before.leaving:
        return Answer(standing=before)
    standing = _moved(before, State.STOP_PENDING, at=at, within=within, taken=Taken())
    wish = Wish.STOP if control == Control.STOP else Wish.SHUTDOWN
    return Answer(standing=replace(standing, leaving=True), wish=wish)


def _moved(before: Standing, state: State, *, at: float, within: float, taken: Taken) -> Standing:
    """Give the standing in *state*; while one state lasts its checkpoint and its hint grow.

    The hint counts from where the state began: some readers compare it with the whole time, not
    with that since the last checkpoint.
    """
    again = state is before.state
    since = before.since if again else at
    passing = state in _PENDING
    hint = round((at - since + min(within, LONGEST_SLICE)) * 1000) if passing else 0
    return Standing(
        state=state,
        accepted=_accepted(state, taken),
        checkpoint=(before.checkpoint + 1 if again else 1) if passing else 0,
        wait_hint=max(hint, before.wait_hint) if again else hint,
        since=since,
        leaving=before.leaving,
    )


def _accepted(state: State, taken: Taken) -> Accept:
    """Say what may be sent in *state*: a service that starts or stops takes nothing."""
    if state in {State.STOPPED, State.START_PENDING, State.STOP_PENDING}:
        return Accept.NOTHING
    end = Accept.STOP | (Accept.PRESHUTDOWN if taken.preshutdown else Accept.SHUTDOWN)
    if state not in _SETTLED:
        return end
    return end | Accept.PARAMCHANGE | (Accept.PAUSE_CONTINUE if taken.pausable else 0)
