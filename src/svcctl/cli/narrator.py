"""Tells what services write and what becomes of them, line by line, as it happens."""

from __future__ import annotations

from collections.abc import Sequence

from svcctl.bootstrap.agent import AgentParts
from svcctl.cli.foreign import harmless
from svcctl.cli.happenings import describe
from svcctl.cli.human import length
from svcctl.cli.output import width
from svcctl.cli.session import Session
from svcctl.engine.life import Cause, Phase
from svcctl.events import (
    AgentStarted,
    AgentStopped,
    Event,
    InstanceExited,
    InstanceSpawned,
    PhaseChanged,
    ProbePassed,
    SpecApplied,
)

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue")
_SIGNS = {"stdout": "|", "stderr": "!"}
_UNTOLD = (AgentStarted, AgentStopped, SpecApplied, ProbePassed, InstanceExited)


class Narrator:
    """The audience of ``svcctl up``: output and events on stdout, talk on stderr."""

    def __init__(self, session: Session, *, home: str, services: Sequence[str]) -> None:
        self._session, self._out, self._home = session, session.out, home
        self._colours = {
            name: _COLOURS[number % len(_COLOURS)] for number, name in enumerate(services)
        }
        self._room = max(map(width, services), default=0)
        self._dot = "·" if self._out.can_show("·") else "*"
        self._parts: AgentParts | None = None

    def opened(self, parts: AgentParts) -> None:
        """Say how to control it, and what runs already."""
        self._parts = parts
        self._session.tell(f"control it from another terminal: svcctl --home {self._home} status")
        for name in parts.manager.names():
            for keeper in parts.manager.keepers(name):
                if keeper.program.child is not None:
                    pid = keeper.program.child.identity.pid
                    self._happened(name, keeper.name, f"found running (pid {pid})")

    def line(self, service: str, instance: str, stream: str, text: bytes) -> None:
        """Show a line with the name of who wrote it."""
        said = harmless(self._out, text.decode(errors="replace"))
        self._write(service, instance, _SIGNS[stream], said)

    def event(self, event: Event) -> None:
        """Say what happened, as far as it is news."""
        if event.service and (said := self._in_words(event)):
            self._happened(event.service, event.instance, said)

    def stopping(self) -> None:
        """Say what Ctrl-C has led to."""
        newline = "\n" if self._session.err.is_tty else ""  # after the ^C a terminal shows
        self._session.tell(f"{newline}stopping all services in order; Ctrl-C again kills them")

    def _in_words(self, event: Event) -> str:
        match event:
            case InstanceSpawned():
                return f"started (pid {event.pid})"
            case PhaseChanged():
                return self._phase(event)
            case _ if isinstance(event, _UNTOLD):
                return ""
        fields = event.fields()
        return describe({"kind": type(event).__name__, "fields": fields})

    def _phase(self, event: PhaseChanged) -> str:
        match event.new:
            case Phase.RUNNING:
                return "ready" if event.old == Phase.STARTING else "runs again"
            case Phase.BACKOFF:
                return self._backoff(event)
            case Phase.FAILED:
                return f"failed: {event.reason}" if event.reason else "failed"
            case Phase.STARTING if event.old == Phase.RUNNING:
                return "crashed; restart at once"
            case Phase.STOPPING | Phase.STOPPED | Phase.FINISHED | Phase.PAUSED:
                return event.new
        return ""

    def _backoff(self, event: PhaseChanged) -> str:
        assert self._parts is not None
        keepers = self._parts.manager.keepers(event.service)
        (keeper,) = [each for each in keepers if each.name == event.instance]
        state, most = keeper.state, keeper.spec.restart.max
        failures = state.probe_failures if state.cause is Cause.PROBE else state.failures
        count = f" ({len(failures)} of {most})" if most else ""
        what = "unhealthy" if state.cause is Cause.PROBE else "crashed"
        return f"{what} ({event.reason}); restart in {length(state.delay)}{count}"

    def _happened(self, service: str, instance: str, said: str) -> None:
        self._write(service, instance, self._dot, said, style="dim")

    def _write(self, service: str, instance: str, sign: str, said: str, *, style: str = "") -> None:
        self._room = max(self._room, width(instance))
        colour = self._colours.setdefault(service, _COLOURS[len(self._colours) % len(_COLOURS)])
        name = f"{instance}{' ' * (self._room - width(instance))} {sign}"
        self._out.line(f"{self._out.paint(name, colour)} {self._out.paint(said, style)}")
        self._out.flush()
