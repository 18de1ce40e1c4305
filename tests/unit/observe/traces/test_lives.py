"""Verbs and the lives of programs, as spans."""

from __future__ import annotations

import itertools

import pytest
from opentelemetry import trace
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from svcctl.errors import Conflict
from svcctl.events import InstanceAdopted, InstanceExited, PhaseChanged, ProbeFailed
from svcctl.observe.traces.lives import Lives


class Written:
    """Spans by their names, once they have ended."""

    def __init__(self) -> None:
        self._exporter = InMemorySpanExporter()
        self._provider = TracerProvider(shutdown_on_exit=False)
        self._provider.add_span_processor(SimpleSpanProcessor(self._exporter))
        self.lives = Lives(self._provider.get_tracer("test"))

    def spans(self) -> dict[str, ReadableSpan]:
        return {each.name: each for each in self._exporter.get_finished_spans()}

    def phases(self, *names: str) -> None:
        for old, new in itertools.pairwise(names):
            self.lives.notice(
                PhaseChanged(
                    at=1.0, service="web", instance="web", old=old, new=new, reason="so it is"
                )
            )

    def exits(self, code: int | None = None, signal: str | None = None) -> None:
        self.lives.notice(
            InstanceExited(
                at=2.0, service="web", instance="web", pid=7, code=code, signal=signal, uptime=1.0
            )
        )


@pytest.fixture
def written() -> Written:
    return Written()


def test_a_verb_is_a_span_that_says_who_asked(written: Written) -> None:
    with written.lives.verb("start", actor="ann", selection=None):
        pass

    span = written.spans()["start"]
    assert dict(span.attributes or {}) == {"svcctl.verb": "start", "svcctl.actor": "ann"}


def test_a_verb_that_is_asked_for_several_times_at_once_is_one_span(written: Written) -> None:
    with written.lives.verb("status", actor="ann", selection=None, times=3):
        pass

    span = written.spans()["status"]
    assert dict(span.attributes or {})["svcctl.times"] == 3
    assert span.status.is_ok


@pytest.mark.parametrize(
    ("error", "words"), [(Conflict("not now"), "not now"), (ZeroDivisionError(), "ZeroDivision")]
)
def test_a_verb_that_failed_says_why(written: Written, error: Exception, words: str) -> None:
    with pytest.raises(type(error)), written.lives.verb("start", actor="ann", selection=None):
        raise error

    span = written.spans()["start"]
    assert not span.status.is_ok
    assert words in (span.status.description or "")


def test_a_program_is_told_of_the_span_of_its_life(written: Written) -> None:
    found = written.lives.environment("web", "web")
    written.exits(0)

    context = written.spans()["run web"].context
    assert context is not None
    told, _, flags = found["TRACEPARENT"].rpartition("-")
    assert told == f"00-{context.trace_id:032x}-{context.span_id:016x}"
    assert int(flags, 16) & 1  # it is sampled


def test_a_life_has_its_way_up_and_its_way_down(written: Written) -> None:
    written.lives.environment("web", "web")
    written.phases("stopped", "starting", "running", "stopping")
    written.exits(signal="TERM")

    spans = written.spans()
    life = spans["run web"]
    assert life.context is not None
    for way in ("start", "stop"):
        parent = spans[way].parent
        assert parent is not None
        assert parent.span_id == life.context.span_id
    assert life.status.is_ok
    assert [each.name for each in life.events] == ["PhaseChanged"] * 3


def test_a_life_is_below_the_verb_that_is_being_carried_out(written: Written) -> None:
    with written.lives.verb("start", actor="ann", selection=None):
        written.lives.environment("web", "web")
    written.exits(0)

    spans = written.spans()
    verb, life = spans["start"], spans["run web"]
    assert verb.context is not None
    assert life.context is not None
    assert life.context.trace_id == verb.context.trace_id


def test_a_verb_that_is_over_is_no_parent(written: Written) -> None:
    with written.lives.verb("start", actor="ann", selection=None):
        past = trace.get_current_span()
    with trace.use_span(past):
        written.lives.environment("web", "web")
    written.exits(0)

    assert written.spans()["run web"].parent is None


@pytest.mark.parametrize(
    ("code", "signal", "problem"),
    [(3, None, "code 3"), (None, "KILL", "KILL"), (None, None, "unknown")],
)
def test_a_life_that_ended_badly_says_how(
    written: Written, code: int | None, signal: str | None, problem: str
) -> None:
    written.lives.environment("web", "web")
    written.exits(code, signal)

    assert written.spans()["run web"].status.description == problem


def test_a_program_that_never_came_to_life_is_told_by_the_next(written: Written) -> None:
    written.lives.environment("web", "web")

    written.lives.environment("web", "web")

    assert written.spans()["run web"].status.description == "it never came to life"


def test_what_gave_up_before_it_ran_has_ended(written: Written) -> None:
    written.lives.environment("web", "web")

    written.phases("starting", "failed")

    assert written.spans()["run web"].status.description == "so it is"


def test_what_was_adopted_has_a_life_too_and_what_runs_on_is_written_at_the_end(
    written: Written,
) -> None:
    written.lives.notice(InstanceAdopted(at=1.0, service="web", instance="web", pid=7))
    written.lives.notice(
        ProbeFailed(
            at=1.5, service="web", instance="web", probe="tcp :80", purpose="live", problem="gone"
        )
    )

    written.lives.close()

    (event,) = written.spans()["run web"].events
    assert (event.name, event.timestamp) == ("ProbeFailed", 1_500_000_000)
    assert dict(event.attributes or {})["svcctl.problem"] == "gone"


def test_what_happens_to_whom_nobody_knows_is_nothing(written: Written) -> None:
    written.phases("running", "stopping")
    written.exits(0)

    assert written.spans() == {}
