"""A pattern means what it means to Python, and never takes long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.detect.rules.automaton import Automaton, Spotter
from svcctl.detect.rules.pattern import Pattern
from svcctl.detect.rules.program import program
from svcctl.spec.backtracking import reach
from svcctl.spec.regular import Regular, parse_regular

STEPS = 1 << 19

PIECES = st.sampled_from(
    [
        "a",
        "b",
        ".",
        r"\d",
        r"\w",
        "[^a]",
        "(a|ab)",
        "(b?)",
        "(.*)",
        r"(\d+?)",
        "(a+)",
        r"\b",
        "^",
        "$",
    ]
)
COUNTS = st.sampled_from(["", "", "", "*", "+", "?", "{2,3}", "*?"])


@st.composite
def grouped(draw: st.DrawFn) -> str:
    pieces = draw(st.lists(st.tuples(PIECES, COUNTS), min_size=1, max_size=5))
    return "".join(f"(?:{piece}){count}" for piece, count in pieces)


@pytest.mark.slow
@given(pattern=grouped(), text=st.text("ab1é _", max_size=10))
def test_the_automaton_finds_what_backtracking_finds(pattern: str, text: str) -> None:
    finds = Automaton(program(parse_regular(pattern).node)).finds

    if text:  # what \B is in nothing differs between Pythons, and is left to them
        assert finds(text) == bool(re.search(pattern, text))


@pytest.mark.slow
@given(
    pattern=st.lists(PIECES, min_size=1, max_size=5).map("".join), text=st.text("ab1 ", max_size=10)
)
def test_groups_hold_the_same_in_a_long_line_as_in_a_short_one(pattern: str, text: str) -> None:
    regular = parse_regular(pattern)
    spans = Spotter(program(regular.node)).spans(text)

    found = re.search(pattern, text)

    assert (spans is None) == (found is None)
    if found is not None and spans is not None:
        held = [
            (spans.get(2 * each, -1), spans.get(2 * each + 1, -1))
            for each in range(len(found.groups()))
        ]
        assert held == [found.span(each + 1) for each in range(len(found.groups()))]


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(x+x+)+y",
        r"^(\d+)*$",
        "(.*a){12}",
        r"(a|aa)+$",
        "a*a*a*a*b",
        r"^(([a-z])+.)+[A-Z]([a-z])+$",
        r"(?:a?){25}a{25}",
    ],
)
def test_what_would_backtrack_for_ever_is_left_to_the_automaton(pattern: str) -> None:
    assert reach(parse_regular(pattern).node, steps=STEPS) < 30

    for letter in "ax1 ":
        assert not Pattern(pattern).matches(letter * 5000 + "!") or re.search(pattern, letter * 30)


@pytest.mark.parametrize(
    ("pattern", "least"),
    [
        ("ERROR|Exception|Timeout", 50_000),
        ("ERROR.*timeout", 500),
        (r"^\S+ \S+ ERROR", 100_000),
        (r"took (?P<ms>\d+)ms", 500),
        (r"took (?P<ms>\d+\.?\d*) ?ms", 500),
        (r"\d{1,3}\.\d{1,3}\.\d{1,3}", 500),
    ],
)
def test_what_rules_are_made_of_is_quick_in_ordinary_lines(pattern: str, least: int) -> None:
    assert reach(parse_regular(pattern).node, steps=STEPS) > least


def test_a_line_of_a_megabyte_is_decided_like_any_other() -> None:
    line = "ERROR " * 20_000

    assert not Pattern("ERROR.*timeout").matches(line)
    assert Pattern("ERROR.*timeout").matches(line + "timeout")
    assert Pattern(r"took (?P<ms>\d+)ms").group(line + "took 12ms", "ms") == "12"


@pytest.mark.slow
def test_so_many_different_characters_that_it_forgets_are_no_harm() -> None:
    line = "".join(map(chr, range(0x4E00, 0x4E00 + 25_000)))

    assert Pattern("(?:..)+ERROR").matches(line + "ERROR")
    assert not Pattern("(?:..)+ERROR").matches(line)


def test_a_group_is_told_by_name_and_by_number() -> None:
    pattern = Pattern(r"(\w+) took (?P<ms>\d+)(?P<unit>ms)?")

    assert pattern.group("GET took 20ms", "ms") == "20"
    assert pattern.group("GET took 20ms", "1") == "GET"
    assert pattern.group("GET took 20", "unit") is None
    assert pattern.group("nothing", "ms") is None
    assert set(Regular.__slots__) == {"pattern", "node", "groups"}
    assert set(pattern.regular.groups) == {"1", "2", "3", "ms", "unit"}
