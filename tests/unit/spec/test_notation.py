"""Values with units are read and printed without loss."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.spec import notation


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("500ms", 0.5),
        ("2s", 2.0),
        ("1m30s", 90.0),
        ("1h 5m", 3900.0),
        ("2h", 7200.0),
        ("1d", 86400.0),
        ("1w", 604800.0),
        ("1.5s", 1.5),
        ("250us", 0.00025),
        ("0", 0.0),
        (0, 0.0),
    ],
)
def test_a_duration_is_read_in_seconds(text: object, seconds: float) -> None:
    assert notation.parse_duration(text) == seconds


@pytest.mark.parametrize(
    "text",
    ["", "5", "s", "1x", "-1s", "1s1s", "1e3s", "\u0661s", "101y", "99999d", None, True, 5.5],
)
def test_what_is_no_duration_is_refused_with_a_hint(text: object) -> None:
    with pytest.raises(SpecError) as caught:
        notation.parse_duration(text)

    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("1K", 1024),
        ("1KiB", 1024),
        ("1KB", 1000),
        ("1.5 GiB", 3 * 2**29),
        ("50m", 50 * 2**20),
        ("7B", 7),
        ("2T", 2**41),
        (0, 0),
    ],
)
def test_a_size_is_read_in_bytes(text: object, size: int) -> None:
    assert notation.parse_size(text) == size


@pytest.mark.parametrize("text", ["", "5", 5, "K", "-1K", "1PB", "9999999999T", [], False])
def test_what_is_no_size_is_refused(text: object) -> None:
    with pytest.raises(SpecError):
        notation.parse_size(text)


def test_a_bare_number_is_told_which_unit_it_lacks() -> None:
    with pytest.raises(SpecError, match="5 has no unit") as caught:
        notation.parse_duration(5)

    assert caught.value.hint.startswith('write "5s" for seconds')


@pytest.mark.parametrize("text", ["50", 0.5, "-1%", "x%"])
def test_what_is_no_percentage_is_refused(text: object) -> None:
    with pytest.raises(SpecError):
        notation.parse_percent(text)


@pytest.mark.parametrize("text", ["08", "7777", 27, "0o27", ""])
def test_what_is_no_mode_is_refused(text: object) -> None:
    with pytest.raises(SpecError, match="is not an octal mode"):
        notation.parse_octal(text)


def test_a_command_is_a_list_or_split_like_one() -> None:
    assert notation.parse_command("a 'b c' \"d\"") == ("a", "b c", "d")
    assert notation.parse_command(["a", "b c"]) == ("a", "b c")


@pytest.mark.parametrize("value", ["", "  ", "'", [], [""], [1], 1, {}])
def test_what_is_no_command_is_refused(value: object) -> None:
    with pytest.raises(SpecError):
        notation.parse_command(value)


def test_a_signal_has_one_name_however_it_is_written() -> None:
    assert {notation.parse_signal(text) for text in ("TERM", "SIGTERM", "sigterm", "Term")} == {
        "TERM"
    }


def test_what_windows_has_instead_of_signals_is_known_and_nothing_else_is() -> None:
    assert notation.parse_signal("ctrl_break") == "CTRL_BREAK"
    with pytest.raises(SpecError, match="'TREM' is not a signal"):
        notation.parse_signal("TREM")


@given(st.just(0.0) | st.floats(1e-9, 3e9))
def test_a_printed_duration_reads_back_the_same(seconds: float) -> None:
    assert notation.parse_duration(notation.format_duration(seconds)) == seconds


@given(st.integers(0, 2**63 - 1))
def test_a_printed_size_reads_back_the_same(size: int) -> None:
    assert notation.parse_size(notation.format_size(size)) == size


@given(st.just(0.0) | st.floats(1e-9, 1e6))
def test_a_printed_percentage_reads_back_the_same(share: float) -> None:
    assert notation.parse_percent(notation.format_percent(share)) == share


@given(st.integers(0, 0o777))
def test_a_printed_mode_reads_back_the_same(mode: int) -> None:
    assert notation.parse_octal(notation.format_octal(mode)) == mode


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.lists(st.text())))
@pytest.mark.parametrize("kind", sorted(notation.PARSERS))
def test_no_value_makes_a_parser_raise_anything_but_a_spec_error(kind: str, value: object) -> None:
    with contextlib.suppress(SpecError):
        notation.PARSERS[kind](value)
