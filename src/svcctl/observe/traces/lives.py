"""Makes spans of verbs and of the lives of programs, see https://opentelemetry.io/docs/specs/otel/.

A verb is one span.  The life of a program is one, from its start to its end, below the verb that
brought it about where that is still being carried out; it has a span for its way up and one for its
way down.  The program is told of its own by TRACEPARENT (https://www.w3.org/TR/trace-context/).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.errors import SvcctlError
from svcctl.events import (
    Event,
    InstanceAdopted,
    InstanceExited,
    MemoryExceeded,
    PhaseChanged,
    ProbeFailed,
    ProbePassed,
    ReloadDone,
)

if TYPE_CHECKING:
    from opentelemetry.trace import Span, Tracer

_UP = frozenset({"running", "finished"})
_OVER = frozenset({"stopped", "backoff", "failed", "finished"})
_TOLD = (MemoryExceeded, PhaseChanged, ProbeFailed, ProbePassed, ReloadDone)
"""What is written into the span of a life."""


@dataclass(slots=True)
class _Life:
    """The spans of one program: its life, and its way up or down while it is on it."""

    span: Span
    way: Span | None = None
    stopping: bool = False


class Lives:
    """Writes spans with *tracer*: a witness of verbs, a subscriber of the bus."""

    def __init__(self, tracer: Tracer) -> None:
        self._tracer = tracer
        self._lives: dict[str, _Life] = {}

    @contextmanager
    def verb(self, verb: str, *, actor: str, selection: object, times: int = 1) -> Iterator[None]:
        """See :class:`svcctl.app.dispatch.Witness`."""
        del selection
        from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - an extra

        attributes: dict[str, str | int] = {"svcctl.verb": verb, "svcctl.actor": actor}
        if times > 1:
            attributes["svcctl.times"] = times
        with self._tracer.start_as_current_span(
            verb, attributes=attributes, record_exception=False, set_status_on_exception=False
        ) as span:
            try:
                yield
            except SvcctlError as error:
                span.set_attribute("error.type", error.code)
                span.set_status(Status(StatusCode.ERROR, error.problem))
                raise
            except Exception as error:
                span.record_exception(error)
                span.set_status(Status(StatusCode.ERROR, type(error).__name__))
                raise

    def environment(self, service: str, instance: str) -> Mapping[str, str]:
        """Begin the life of a program about to be started; give what it is told of its span."""
        self._end(instance, problem="it never came to life")
        life = _Life(self._begin(service, instance))
        life.way = self._below(life.span, "start")
        self._lives[instance] = life
        found = life.span.get_span_context()
        flags = int(found.trace_flags)
        return {"TRACEPARENT": f"00-{found.trace_id:032x}-{found.span_id:016x}-{flags:02x}"}

    def notice(self, event: Event) -> None:
        """Write what happened into the life it happened to."""
        match event:
            case InstanceAdopted():
                self._end(event.instance, problem="")
                self._lives[event.instance] = _Life(self._begin(event.service, event.instance))
            case InstanceExited():
                self._exited(event)
            case PhaseChanged():
                self._moved(event)
            case _ if isinstance(event, _TOLD):
                self._tell(event)

    def close(self) -> None:
        """End every span: the agent ends, and what it kept may live on."""
        for instance in tuple(self._lives):
            self._end(instance, problem="")

    def _begin(self, service: str, instance: str) -> Span:
        from opentelemetry import context, trace  # noqa: PLC0415 - an extra

        asked = trace.get_current_span().is_recording()  # else it is one that is over long since
        return self._tracer.start_span(
            f"run {service}",
            context=None if asked else context.Context(),
            attributes={"svcctl.service": service, "svcctl.instance": instance},
        )

    def _below(self, span: Span, name: str) -> Span:
        from opentelemetry import trace  # noqa: PLC0415 - an extra

        return self._tracer.start_span(name, context=trace.set_span_in_context(span))

    def _moved(self, event: PhaseChanged) -> None:
        life = self._lives.get(event.instance)
        if life is None:
            return
        self._tell(event)
        if event.new in _UP and life.way is not None:
            life.way.end()
            life.way = None
        elif event.new == "stopping":
            if life.way is not None:
                life.way.end()
            life.way, life.stopping = self._below(life.span, "stop"), True
        if event.new in _OVER:
            self._end(event.instance, problem=event.reason if event.new == "failed" else "")

    def _exited(self, event: InstanceExited) -> None:
        life = self._lives.get(event.instance)
        if life is None:
            return
        life.span.set_attribute("process.pid", event.pid)
        if event.code is not None:
            life.span.set_attribute("process.exit.code", event.code)
        if event.signal is not None:
            life.span.set_attribute("process.exit.signal", event.signal)
        well = life.stopping or event.code == 0
        how = event.signal or ("unknown" if event.code is None else f"code {event.code}")
        self._end(event.instance, problem="" if well else how)

    def _tell(self, event: Event) -> None:
        life = self._lives.get(event.instance)
        if life is not None:
            fields = {f"svcctl.{name}": str(value) for name, value in event.fields().items()}
            life.span.add_event(type(event).__name__, fields, timestamp=int(event.at * 1e9))

    def _end(self, instance: str, *, problem: str) -> None:
        life = self._lives.pop(instance, None)
        if life is None:
            return
        if problem:
            from opentelemetry.trace import Status, StatusCode  # noqa: PLC0415 - an extra

            life.span.set_status(Status(StatusCode.ERROR, problem))
        if life.way is not None:
            life.way.end()
        life.span.end()
