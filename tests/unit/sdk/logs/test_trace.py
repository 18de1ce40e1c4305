"""Trace context of the W3C: read strictly, written as it was read, carried by tasks."""

from __future__ import annotations

import asyncio
import json
import string
import sys
from types import ModuleType
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.trace import NonRecordingSpan, SpanContext, TraceFlags, TraceState, use_span

from svcctl.sdk.logs.trace import Trace, current, new_trace, parse_traceparent, traced

GIVEN = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


def some_id(digits: int) -> st.SearchStrategy[str]:
    found = st.text(alphabet="0123456789abcdef", min_size=digits, max_size=digits)
    return found.filter(lambda text: bool(text.strip("0")))


some_trace = st.builds(Trace, trace_id=some_id(32), span_id=some_id(16), flags=st.integers(0, 1))


@given(trace=some_trace)
def test_what_is_written_is_what_is_read(trace: Trace) -> None:
    assert parse_traceparent(trace.header) == trace


def test_the_example_of_the_recommendation_is_read() -> None:
    assert parse_traceparent(GIVEN) == Trace(trace_id=TRACE, span_id=SPAN, flags=1)


@pytest.mark.parametrize(
    "header",
    [
        "",
        GIVEN.upper(),
        GIVEN + "-",
        GIVEN + "-more",
        GIVEN + "\n",
        " " + GIVEN,
        "ff" + GIVEN[2:],
        GIVEN[:-1],
        GIVEN.replace("-", "_"),
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"00-{TRACE}-{SPAN}-0g",
        f"00-{TRACE}-{SPAN}",
        f"01-{TRACE}-{SPAN}-01x",
        "٠٠" + GIVEN[2:],
    ],
)
def test_what_is_not_as_it_should_be_is_no_trace(header: str) -> None:
    assert parse_traceparent(header) is None


@given(header=st.text(alphabet=string.hexdigits + "-", max_size=60))
def test_no_header_raises(header: str) -> None:
    found = parse_traceparent(header)

    assert found is None or found.header.startswith("00-")


@pytest.mark.parametrize("rest", ["", "-what.comes.later"])
def test_of_a_later_version_what_is_known_is_taken(rest: str) -> None:
    found = parse_traceparent(f"cc-{TRACE}-{SPAN}-ff{rest}")

    assert found == Trace(trace_id=TRACE, span_id=SPAN, flags=1)


def test_a_piece_of_work_has_its_own_place_in_the_given_trace() -> None:
    with traced(GIVEN, tracestate="vendor=1") as trace:
        inside = current()

    assert inside == trace
    assert (trace.trace_id, trace.flags, trace.state) == (TRACE, 1, "vendor=1")
    assert trace.span_id != SPAN
    assert current() is None


@pytest.mark.parametrize("state", ["a=1\r\nx: y", "x" * 9000])
def test_a_state_that_could_do_harm_is_left_out(state: str) -> None:
    with traced(GIVEN, tracestate=state) as trace:
        assert trace.state == ""


def test_a_bad_header_begins_a_new_trace() -> None:
    with traced("nonsense") as trace:
        assert trace.trace_id != TRACE
        assert parse_traceparent(trace.header) == trace


def test_work_within_work_stays_in_its_trace() -> None:
    with traced(GIVEN) as outer, traced() as inner:
        assert inner.trace_id == outer.trace_id
        assert inner.span_id != outer.span_id


def test_ids_are_never_all_zeros() -> None:
    bytes_given = [bytes(16), b"\1" * 16, bytes(8), b"\2" * 8]

    trace = new_trace(lambda size: bytes_given.pop(0)[:size])

    assert (trace.trace_id, trace.span_id) == ("01" * 16, "02" * 8)


def test_each_task_carries_its_own() -> None:
    async def work(header: str) -> str:
        with traced(header):
            await asyncio.sleep(0)
            found = current()
            assert found is not None
            return found.trace_id

    async def both() -> list[str]:
        other = GIVEN.replace("0af7", "1bf7")
        return list(await asyncio.gather(work(GIVEN), work(other)))

    assert asyncio.run(both()) == [TRACE, "1bf7" + TRACE[4:]]


# with OpenTelemetry


def a_span(trace_id: str, span_id: str, **state: str) -> NonRecordingSpan:
    return NonRecordingSpan(
        SpanContext(
            trace_id=int(trace_id, 16),
            span_id=int(span_id, 16),
            is_remote=False,
            trace_flags=TraceFlags(1),
            trace_state=TraceState(list(state.items())),
        )
    )


def test_a_record_in_a_span_has_the_ids_of_the_span(place: Any) -> None:
    with traced(GIVEN), use_span(a_span("0" * 31 + "7", "0" * 15 + "8", vendor="1")):
        place.log.info("inside")
        inside = current()
    with traced(GIVEN) as ours:
        place.log.info("outside")

    first, second = map(json.loads, place.sink.records)
    assert (first["trace_id"], first["span_id"]) == ("0" * 31 + "7", "0" * 15 + "8")
    assert inside == Trace(
        trace_id="0" * 31 + "7", span_id="0" * 15 + "8", flags=1, state="vendor=1"
    )
    assert (second["trace_id"], second["span_id"]) == (TRACE, ours.span_id)


def test_a_piece_of_work_in_a_span_goes_on_with_its_trace() -> None:
    with use_span(a_span(TRACE, SPAN)), traced() as trace:
        assert (trace.trace_id, trace.flags) == (TRACE, 1)
        assert trace.span_id != SPAN


def test_a_program_that_is_just_importing_opentelemetry_has_our_traces(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "opentelemetry.trace", ModuleType("half"))

    with traced(GIVEN) as trace:
        assert current() == trace


def test_a_program_without_opentelemetry_has_our_traces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "opentelemetry.trace")

    with traced(GIVEN) as trace:
        assert current() == trace
