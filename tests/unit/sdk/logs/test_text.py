"""What people see on a terminal."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import Any

import pytest

from svcctl.sdk.logs.facts import read
from svcctl.sdk.logs.text import Look, as_line, message, printable

PLAIN = Look(colour=False, zone=dt.UTC)
COLOURED = Look(colour=True, zone=dt.UTC)


def test_a_line_is_aligned_and_leaves_out_what_repeats(place: Any) -> None:
    place.log.info("mail.sent", to="ann", subject="hello there", count=3, ok=True, none=None)

    assert as_line(place.sink.records[0], PLAIN) == (
        "15:06:40.250 info     mail.sent                    "
        'to=ann subject="hello there" count=3 ok=true none=null\n'
    )


def test_another_logger_and_the_trace_are_shown(place: Any) -> None:
    from svcctl.sdk.logs.trace import traced

    with traced() as trace:
        place.log.named("mailer.smtp").info("sent")

    line = as_line(place.sink.records[0], PLAIN)
    assert line.endswith(f"logger=mailer.smtp trace_id={trace.trace_id}\n")


@pytest.mark.parametrize("level", ["info", "warning", "error", "critical"])
def test_colour_says_how_grave_it_is_and_ends(place: Any, level: str) -> None:
    getattr(place.log, level)("sent")

    line = as_line(place.sink.records[0], COLOURED)
    assert f"m{level}" in line
    assert line.count("\x1b[0m") * 2 == line.count("\x1b[")


def test_nothing_reaches_the_terminal_that_it_would_act_on(place: Any) -> None:
    place.log.info("a\x1b[2J", **{"b\x07": "c\x9b31m", "d": ["\x1b]0;x\x07"]})
    place.log.error("e", exc_info=ValueError("f\x1b[2J"))

    for record in place.sink.records:
        lines = as_line(record, PLAIN).splitlines()
        assert all(line.isprintable() for line in lines)


def test_an_error_is_shown_with_its_frames_and_its_cause(place: Any) -> None:
    try:
        try:
            raise ValueError("first")
        except ValueError as error:
            raise ExceptionGroup("second", [TypeError("inner")]) from error
    except ExceptionGroup as error:
        error.add_note("look here")
        place.log.exception("failed")

    lines = as_line(place.sink.records[0], PLAIN).splitlines()
    assert lines[1] == "    ExceptionGroup: second (1 sub-exception)"
    assert "test_text.py" in lines[2]
    assert "      look here" in lines
    assert "      | TypeError: inner" in lines
    assert "    because of ValueError: first" in lines


def test_a_message_is_one_line_without_a_time(make: Callable[..., Any]) -> None:
    place = make()

    place.log.info("sent", to="a\nb", empty="")

    assert message(read(place.sink.records[0])) == 'sent to="a\\nb" empty=""'


@pytest.mark.parametrize(("text", "shown"), [("ü", "ü"), ("\x1b", "\\x1b"), ("a\n", "a\\n")])
def test_only_what_cannot_be_shown_is_escaped(text: str, shown: str) -> None:
    assert printable(text) == shown
