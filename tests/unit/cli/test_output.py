"""Tables, widths, colours, and lengths and sizes as people say them."""

from __future__ import annotations

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.cli.human import length, size
from svcctl.cli.output import Cell, Screen, cut, printable, screen, width


@pytest.mark.parametrize(
    ("text", "columns"), [("web", 3), ("订单", 4), ("e\u0301", 1), ("カ", 2), ("", 0), ("●", 1)]
)
def test_the_width_is_what_a_terminal_takes(text: str, columns: int) -> None:
    assert width(text) == columns


@given(st.text(), st.integers(1, 40))
def test_what_is_cut_fits(text: str, room: int) -> None:
    assert width(cut(text, room)) <= room


@given(st.text())
def test_what_is_printable_cannot_drive_a_terminal(text: str) -> None:
    assert not any(sign in printable(text) for sign in "\x1b\x07\x9b\r\n\x08")


def test_the_last_column_is_cut_on_a_terminal_only() -> None:
    row = [Cell("web"), Cell("a very long reason indeed")]

    narrow = Screen(stream=io.StringIO(), columns=12).laid_out(("NAME", "WHY"), [row])
    free = Screen(stream=io.StringIO()).laid_out(("NAME", "WHY"), [row])

    assert narrow[1] == "web   a ver…"
    assert free[1] == "web   a very long reason indeed"


def test_a_table_without_rows_is_its_heading() -> None:
    assert Screen(stream=io.StringIO()).laid_out(("NAME", "WHY"), []) == ["NAME  WHY"]


def test_what_an_encoding_lacks_becomes_a_question_mark() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")

    Screen(stream=stream).line("● 订单")
    stream.flush()

    assert raw.getvalue() == b"? ??\n"


@pytest.mark.parametrize(
    ("environ", "wanted", "is_tty", "coloured"),
    [
        ({}, True, True, True),
        ({}, True, False, False),
        ({}, False, True, False),
        ({"NO_COLOR": "1"}, True, True, False),
        ({"FORCE_COLOR": "1"}, True, False, True),
        ({"TERM": "dumb"}, True, True, False),
        ({"FORCE_COLOR": "1"}, False, True, False),
    ],
)
def test_colour_is_for_those_who_want_it(
    environ: dict[str, str], wanted: bool, is_tty: bool, coloured: bool
) -> None:
    stream = io.StringIO()
    stream.isatty = lambda: is_tty  # type: ignore[method-assign]  # a terminal without one

    assert screen(stream, environ, colour=wanted).colour is coloured


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0.0s"),
        (0.25, "0.2s"),
        (1, "1s"),
        (59.9, "59s"),
        (60, "1m"),
        (61, "1m 1s"),
        (3600, "1h"),
        (3660, "1h 1m"),
        (90_000, "1d 1h"),
        (86_400, "1d"),
        (-3, "0.0s"),
    ],
)
def test_lengths_have_two_units(seconds: float, said: str) -> None:
    assert length(seconds) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1 KiB"),
        (35_000_000, "33.4 MiB"),
        (1_047_527_424, "999 MiB"),
        (1_073_000_000, "0.999 GiB"),
        (5 * 1024**4, "5 TiB"),
        (5000 * 1024**4, "5000 TiB"),
    ],
)
def test_sizes_have_three_digits(count: int, said: str) -> None:
    assert size(count) == said


def test_json_shows_names_as_they_are() -> None:
    from svcctl.cli.output import as_json

    assert json.loads(as_json({"name": "订单"})) == {"name": "订单"}


def test_what_a_stranger_wrote_in_a_cell_neither_ends_its_line_nor_drives_the_terminal() -> None:
    stream = io.StringIO()

    Screen(stream=stream).table(("WHO", "WHY"), [[Cell("a\nb"), Cell("\x1b[2J\tc\u202e")]])

    assert stream.getvalue() == "WHO  WHY\na\ufffdb  \ufffd[2J c\ufffd\n"
