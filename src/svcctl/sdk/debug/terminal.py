"""A person at a terminal, as who has started a service by hand: there are no time limits."""

from __future__ import annotations

from dataclasses import dataclass, replace

from svcctl.ports import HostPhase
from svcctl.sdk.debug.exchange import (
    Act,
    Asked,
    Effect,
    Ended,
    Input,
    Launch,
    Refuse,
    Reloading,
    Say,
    Send,
    Signal,
    Started,
    Told,
    Tone,
    Waited,
    how_it_ended,
)
from svcctl.sdk.phases import Phase
from svcctl.spec.notation import format_duration

PHASES = {
    HostPhase.STARTING: Phase.STARTING,
    HostPhase.RUNNING: Phase.RUNNING,
    HostPhase.PAUSING: Phase.PAUSING,
    HostPhase.PAUSED: Phase.PAUSED,
    HostPhase.RESUMING: Phase.RESUMING,
    HostPhase.STOPPING: Phase.DRAINING,
}
"""What the service says of itself."""

APPLIES = {
    Act.PAUSE: frozenset((Phase.RUNNING,)),
    Act.RESUME: frozenset((Phase.PAUSED,)),
    Act.RELOAD: frozenset((Phase.RUNNING, Phase.PAUSED)),
    Act.CONTROL: frozenset((Phase.RUNNING, Phase.PAUSED)),
}
"""The phases in which something may be asked for."""

_LONG = 10.0  # seconds
_KEYS = {Act.STOP: ("INT", "stop"), Act.RELOAD: ("HUP", "reload")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Terminal:
    """A terminal; *signals*: it has them, as everywhere but on Windows.

    *due* is when a service that was told to stop has taken long enough for a word about it.
    """

    signals: bool
    phase: Phase = Phase.STOPPED
    reloads: int = 0
    said: str = ""
    who: str = "terminal"
    due: float | None = None
    asking: bool = False
    watches: bool = False

    def step(self, happened: Input, *, at: float) -> tuple[Terminal, tuple[Effect, ...]]:
        """See :class:`svcctl.sdk.debug.exchange.Simulation`."""
        match happened:
            case Asked(act=Act.STOP) if self.phase not in {Phase.STOPPED, Phase.DRAINING}:
                _, effects = self._asked(Act.STOP, 0)
                return replace(self, due=at + _LONG), effects
            case Asked(act=act, code=code):
                return self._asked(act, code)
            case Waited():
                text = f"still {self.phase} after {format_duration(_LONG)}; k kills it"
                return replace(self, due=None), (Say(event="slow", text=text, tone=Tone.WARN),)
            case Started(pid=pid):
                say = Say(event="started", text=f"started, pid {pid}", facts={"pid": pid})
                return replace(self, phase=Phase.STARTING, said=""), (say,)
            case Told(phase=phase, text=text):
                return self._told(PHASES[phase], text)
            case Reloading(over=True):
                return replace(self, reloads=self.reloads + 1), (
                    Say(event="reloaded", text="reload over"),
                )
            case Ended(exit=ended):
                tone = Tone.PLAIN if ended.code == 0 else Tone.BAD
                return replace(self, phase=Phase.STOPPED, due=None), (
                    Say(event="ended", text=f"ended: {how_it_ended(ended)}", tone=tone),
                )
            case _:
                return self, ()

    def _asked(self, act: Act, code: int) -> tuple[Terminal, tuple[Effect, ...]]:
        problem = refusal(act, self.phase)
        if problem:
            return self, (Refuse(problem=problem),)
        if act is Act.START:
            return replace(self, phase=Phase.STARTING), (Launch(),)
        if act in {Act.SHUTDOWN, Act.PRESHUTDOWN}:
            return self, (Send(word="shutdown"),)
        if act in _KEYS and self.signals:
            name, _ = _KEYS[act]
            said = Say(event="signal", text=f"SIG{name} sent", facts={"signal": name})
            return self, (said, Signal(name=name))
        return self, (Send(word=str(act), code=code),)

    def _told(self, phase: Phase, text: str) -> tuple[Terminal, tuple[Effect, ...]]:
        if text == self.said:
            return replace(self, phase=phase), ()
        tone = Tone.GOOD if phase is Phase.RUNNING else Tone.PLAIN
        say = Say(event="phase", text=text, tone=tone, facts={"phase": str(phase)})
        return replace(self, phase=phase, said=text), (say,)


def refusal(act: Act, phase: Phase) -> str:
    """Say why *act* cannot be asked for in *phase*; an empty text where it can."""
    is_stopped = phase is Phase.STOPPED
    if act is Act.START:
        return "" if is_stopped else f"it is {phase}"
    if is_stopped:
        return "it does not run"
    allowed = APPLIES.get(act)
    return "" if allowed is None or phase in allowed else f"it is {phase}"
