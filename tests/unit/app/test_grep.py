"""Patterns of whoever may look at logs: as re finds them, and never for long."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.arguments import check
from svcctl.app.grep import Grep, grep
from svcctl.app.verbs import find
from svcctl.errors import UsageError

CRUEL = ["(a+)+$", "(a|aa)+$", "(.*a){20}$", "(a*)*b", r"(\w+\s?)+!", ".*.*.*=.*"]


@pytest.mark.parametrize("pattern", CRUEL)
def test_a_cruel_pattern_does_not_keep_the_agent_busy(pattern: str) -> None:
    """With re alone each of these takes longer than anybody waits."""
    found = Grep(pattern)

    found.search(b"a" * 5_000 + b"?")
    found.search("a" * 5_000 + "?")


@pytest.mark.slow
@given(
    st.sampled_from(["ERROR|WARN", "a.c", "^x", r"\d+ms$", "(ab)+c", "", "[a-c]{2,3}"]),
    st.text(alphabet="abcxERORWANms 0123\n", max_size=60),
)
def test_it_finds_what_re_finds(pattern: str, line: str) -> None:
    found = Grep(pattern)

    assert bool(found.search(line)) == bool(re.search(pattern, line))
    assert bool(found.search(line.encode())) == bool(re.search(pattern, line))


def test_in_long_lines_too() -> None:
    found = Grep(r"(\w+\s?)+!")

    assert found.search(b"word " * 2_000 + b"!")
    assert not found.search(b"word " * 2_000)


@pytest.mark.parametrize("pattern", ["(", "[a", "a{99999999999}", "(?P<a>x)(?P<a>y)", "\ud800"])
def test_what_is_no_pattern_is_said(pattern: str) -> None:
    with pytest.raises(UsageError, match="not a regular expression"):
        grep(pattern)


@pytest.mark.parametrize("pattern", [r"(a)\1", "(?=a)b", "(?<!a)b", "((a{500}){500}){500}"])
def test_what_only_backtracking_finds_is_refused(pattern: str) -> None:
    with pytest.raises(UsageError, match="keep an agent busy"):
        grep(pattern)


def test_nothing_is_looked_for_where_nothing_is_asked() -> None:
    assert grep(None) is None


def test_no_argument_is_longer_than_anybody_types() -> None:
    verb = find("logs")
    assert verb is not None

    with pytest.raises(UsageError, match="too long"):
        check(verb, {"where": " " * 5_000})
