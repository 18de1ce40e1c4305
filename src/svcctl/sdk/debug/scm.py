"""The service control manager of Windows, as far as a service can tell the difference: pure.

====================  ===========================================================================
STOPPED               there is no process; only a start is taken
START_PENDING         the process has 30 s to call StartServiceCtrlDispatcher, else 1053 and it is
                      ended; then its checkpoint has to grow within its wait hint
RUNNING, PAUSED       controls are sent that the service accepts; each is answered within 30 s
*_PENDING             as START_PENDING; a checkpoint that stands still longer than its wait hint
                      is a hung service: who waits for it gives up, the SCM leaves it alone
====================  ===========================================================================

A control in the wrong state is refused as ControlService does it, without asking the service.
See ControlService, SERVICE_STATUS, *Service State Transitions* in Microsoft's documentation.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from svcctl.ports import Exit
from svcctl.sdk.debug.exchange import (
    Act,
    Answered,
    Asked,
    Connected,
    Effect,
    Ended,
    Input,
    Launch,
    Refuse,
    Say,
    Send,
    Signal,
    Started,
    StatusSet,
    Tone,
    Waited,
    how_it_ended,
)
from svcctl.sdk.phases import Phase
from svcctl.system.windows.service_status import NO_ERROR, Accept, Control, State

CONTROL = "scm"
"""The word over the line by which a control code is handed to the service."""

_CONNECT = _ANSWER = 30.0  # seconds: ServicesPipeTimeout
_FIRST_HINT = 2000  # milliseconds, until the service gives its own
_SHUTDOWN, _PRESHUTDOWN = 5.0, 10.0  # seconds: WaitToKillServiceTimeout, SERVICE_PRESHUTDOWN_INFO

_PROBLEMS = {
    87: "the parameter is incorrect",
    120: "the service does not know it",
    1052: "the service does not accept it now",
    1053: "the service did not answer in time",
    1056: "an instance of it is running already",
    1061: "it cannot take controls at this time",
    1062: "it has not been started",
}
_PHASES = {
    State.STOPPED: Phase.STOPPED,
    State.START_PENDING: Phase.STARTING,
    State.STOP_PENDING: Phase.DRAINING,
    State.RUNNING: Phase.RUNNING,
    State.CONTINUE_PENDING: Phase.RESUMING,
    State.PAUSE_PENDING: Phase.PAUSING,
    State.PAUSED: Phase.PAUSED,
}
_CODES = {
    Act.STOP: Control.STOP,
    Act.PAUSE: Control.PAUSE,
    Act.RESUME: Control.CONTINUE,
    Act.RELOAD: Control.PARAMCHANGE,
    Act.SHUTDOWN: Control.SHUTDOWN,
    Act.PRESHUTDOWN: Control.PRESHUTDOWN,
}
_NEEDS = {
    Control.STOP: Accept.STOP,
    Control.PAUSE: Accept.PAUSE_CONTINUE,
    Control.CONTINUE: Accept.PAUSE_CONTINUE,
    Control.PARAMCHANGE: Accept.PARAMCHANGE,
    Control.SHUTDOWN: Accept.SHUTDOWN,
    Control.PRESHUTDOWN: Accept.PRESHUTDOWN,
}
_OWN_CODES = range(128, 256)
_SETTLED = frozenset((State.STOPPED, State.RUNNING, State.PAUSED))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scm:
    """The record of one service.

    *hint* (milliseconds) and *checkpoint* are what the service said last, *patience* when that is
    up.  *asked* is the control it has not answered yet, *answer_by* when it must have.
    *off_at*: when the machine goes down, whatever the service does; *is_off*: it did.
    """

    state: State = State.STOPPED
    accepted: Accept = Accept.NOTHING
    checkpoint: int = 0
    hint: int = 0
    exit_codes: tuple[int, int] = (NO_ERROR, 0)
    connected: bool = False
    patience: float | None = None
    asked: int | None = None
    answer_by: float | None = None
    off_at: float | None = None
    is_off: bool = False
    has_process: bool = False
    reloads: int = 0
    who: str = "scm"
    watches: bool = False

    @property
    def phase(self) -> Phase:
        """See :class:`svcctl.sdk.debug.exchange.Simulation`; its process may outlive STOPPED."""
        if self.state is State.STOPPED and self.has_process:
            return Phase.DRAINING
        return _PHASES[self.state]

    @property
    def due(self) -> float | None:
        """See :class:`svcctl.sdk.debug.exchange.Simulation`."""
        waits = (self.patience, self.answer_by, self.off_at)
        return min((each for each in waits if each is not None), default=None)

    @property
    def asking(self) -> bool:
        """See :class:`svcctl.sdk.debug.exchange.Simulation`."""
        return self.asked is not None

    def step(self, happened: Input, *, at: float) -> tuple[Scm, tuple[Effect, ...]]:
        """See :class:`svcctl.sdk.debug.exchange.Simulation`."""
        match happened:
            case Asked(act=Act.START):
                return _start(self, at=at)
            case Asked(act=Act.SHUTDOWN) if Accept.PRESHUTDOWN in self.accepted:
                return _ask(self, Control.PRESHUTDOWN, at=at)  # who takes it hears of no other
            case Asked(act=act, code=code):
                return _ask(self, int(_CODES.get(act, code)), at=at)
            case Started(pid=pid):
                text = f"{_words(self)}; pid {pid} has 30s to connect"
                return self, (Say(event="started", text=text, facts={"pid": pid}),)
            case Connected():
                connected = replace(self, connected=True, patience=_patience(self.hint, at))
                return connected, (Say(event="connected", text="dispatcher connected"),)
            case StatusSet(members=members):
                return _status_set(self, members, at=at)
            case Answered(result=result):
                return _answered(self, result)
            case Ended(exit=ended):
                return _ended(self, ended)
            case Waited():
                return _waited(self, at=at)
            case _:
                return self, ()


# what is asked of it


def _start(scm: Scm, *, at: float) -> tuple[Scm, tuple[Effect, ...]]:
    if scm.phase is not Phase.STOPPED:
        return scm, (_refused(1056),)
    fresh = Scm(
        state=State.START_PENDING,
        hint=_FIRST_HINT,
        patience=at + _CONNECT,
        has_process=True,
        reloads=scm.reloads,
    )
    return fresh, (Launch(),)


def _ask(scm: Scm, code: int, *, at: float) -> tuple[Scm, tuple[Effect, ...]]:
    name = _control_name(code)
    if problem := _objection(scm, code):
        return scm, (_refused(problem, control=name),)
    off_at = scm.off_at
    if code in {Control.SHUTDOWN, Control.PRESHUTDOWN}:
        off_at = at + (_SHUTDOWN if code == Control.SHUTDOWN else _PRESHUTDOWN)
    say = Say(event="control", text=f"{name} sent", facts={"control": name})
    asked = replace(scm, asked=code, answer_by=at + _ANSWER, off_at=off_at)
    return asked, (say, Send(word=CONTROL, code=code))


def _objection(scm: Scm, code: int) -> int:
    """Give the error with which ControlService refuses *code*, 0 where it sends it."""
    if scm.state is State.STOPPED:
        return 1062
    if code not in _NEEDS and code not in _OWN_CODES:
        return 87
    if scm.state in {State.START_PENDING, State.STOP_PENDING}:
        return 1061
    if scm.asked is not None:
        return 1053
    needs = _NEEDS.get(Control(code), Accept.NOTHING) if code in _NEEDS else Accept.NOTHING
    return 0 if needs in scm.accepted else 1052


def _refused(code: int, *, control: str = "start") -> Refuse:
    return Refuse(
        problem=f"{control}: error {code}, {_PROBLEMS[code]}",
        facts={"control": control, "error": code},
    )


def _control_name(code: int) -> str:
    return f"control {code}" if code in _OWN_CODES or code not in _NEEDS else Control(code).name


# what the service says


def _status_set(scm: Scm, members: tuple[int, ...], *, at: float) -> tuple[Scm, tuple[Effect, ...]]:
    _, state, accepted, code, own_code, checkpoint, hint = members
    before = scm
    scm = replace(
        scm,
        state=State(state),
        accepted=Accept(accepted),
        exit_codes=(code, own_code),
        checkpoint=checkpoint,
        hint=hint,
    )
    moved = scm.state is not before.state
    if scm.state in _SETTLED:
        scm = replace(scm, patience=None)
    elif moved or checkpoint > before.checkpoint:
        scm = replace(scm, patience=_patience(hint, at))
    tone = Tone.GOOD if scm.state is State.RUNNING and moved else Tone.PLAIN
    facts = {
        "state": f"SERVICE_{scm.state.name}",
        "accepted": accepted,
        "checkpoint": checkpoint,
        "wait_hint": hint,
        "exit_code": code,
        "specific_code": own_code,
    }
    often = not moved and scm.state in _SETTLED
    return scm, (Say(event="status", text=_words(scm), tone=tone, facts=facts, often=often),)


def _patience(hint: int, at: float) -> float:
    return at + hint / 1000


def _words(scm: Scm) -> str:
    words = f"SERVICE_{scm.state.name}"
    if scm.state not in _SETTLED:
        words += f", checkpoint {scm.checkpoint}, wait hint {scm.hint} ms"
    elif scm.state is State.STOPPED and any(scm.exit_codes):
        words += f", error {scm.exit_codes[0]}, specific {scm.exit_codes[1]}"
    elif scm.accepted:
        words += f", accepts {_names(scm.accepted)}"
    return words


def _names(accepted: Accept) -> str:
    return ", ".join(str(each.name).lower().replace("_", "/") for each in accepted)


def _answered(scm: Scm, result: int) -> tuple[Scm, tuple[Effect, ...]]:
    code, scm = scm.asked, replace(scm, asked=None, answer_by=None)
    if code is None:
        return scm, ()
    name = _control_name(code)
    if result != NO_ERROR:
        what = _PROBLEMS.get(result, "it failed")
        problem = f"{name}: error {result}, {what}"
        return scm, (Refuse(problem=problem, facts={"control": name, "error": result}),)
    if code == Control.PARAMCHANGE:
        scm = replace(scm, reloads=scm.reloads + 1)
    return scm, (Say(event="answered", text=f"{name} taken", tone=Tone.DIM, often=True),)


# time, and the end


def _waited(scm: Scm, *, at: float) -> tuple[Scm, tuple[Effect, ...]]:
    if scm.off_at is not None and at >= scm.off_at:
        text = "the machine goes down without waiting any longer: process ended"
        off = replace(scm, off_at=None, patience=None, is_off=True)
        return off, (Say(event="timeout", text=text, tone=Tone.BAD), Signal(name="KILL"))
    if scm.answer_by is not None and at >= scm.answer_by:
        name = _control_name(scm.asked or 0)
        late = _refused(1053, control=name)
        return replace(scm, asked=None, answer_by=None), (late,)
    if scm.patience is None or at < scm.patience:
        return scm, ()
    if not scm.connected:
        text = "error 1053: the dispatcher was not called within 30s; process ended"
        gone = replace(scm, patience=None, exit_codes=(1053, 0))
        return gone, (
            Say(event="timeout", text=text, tone=Tone.BAD, facts={"error": 1053}),
            Signal(name="KILL"),
        )
    text = f"error 1053: no new checkpoint within {scm.hint} ms; who waits for it gives up"
    hung = Say(event="timeout", text=text, tone=Tone.BAD, facts={"error": 1053})
    return replace(scm, patience=None), (hung,)


def _ended(scm: Scm, ended: Exit) -> tuple[Scm, tuple[Effect, ...]]:
    how, over = how_it_ended(ended), Scm(reloads=scm.reloads)
    if scm.state is State.STOPPED or scm.is_off:
        bad = any(scm.exit_codes) or scm.is_off
        text = f"process ended: {how}"
        return over, (Say(event="ended", text=text, tone=Tone.BAD if bad else Tone.PLAIN),)
    text = f"SERVICE_STOPPED: terminated unexpectedly (event 7034), {how}; recovery would begin"
    return over, (Say(event="ended", text=text, tone=Tone.BAD, facts={"error": 1067}),)
