"""Which lines are one record, in the ways that definitions name."""

from __future__ import annotations

from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcctl.observe.records.multiline import multiline

WAYS = ("auto", "none", r"^\d")
LINES = st.lists(st.sampled_from([b"1 one", b"two", b"  three", b"4", b"", b"Caused by: x"]))


def gathered(way: str, block: bytes, starts: Iterable[int]) -> list[bytes]:
    return [block[begin:end] for begin, end in multiline(way).gather(block, starts)]


def test_a_pattern_says_which_line_is_the_first() -> None:
    way = multiline(r"^\d{4}-")

    found = way.split([b"2026-11-21 a", b"b", b"", b"2026-11-22 c", b"2026-11-23 d"])

    assert list(found) == [[b"2026-11-21 a", b"b", b""], [b"2026-11-22 c"], [b"2026-11-23 d"]]


def test_without_joining_each_line_is_a_record() -> None:
    assert list(multiline("none").split([b"a", b"  b", b"", b"c"])) == [[b"a"], [b"  b"], [b"c"]]


def test_tracebacks_are_joined_without_being_told() -> None:
    lines = [b"Traceback (most recent call last):", b'  File "x"', b"ValueError: no", b"after"]

    assert list(multiline("auto").split(lines)) == [lines[:3], lines[3:]]


@pytest.mark.parametrize(
    ("content", "whole"),
    [
        (b"1 a\nb\n2 c\nd\n", b"1 a\nb\n"),
        (b"1 a\r\nb\r\n", b""),
        (b"a\nb\n", b""),
        (b"a\n1\n", b"a\n"),
    ],
)
def test_the_last_record_may_go_on(content: bytes, whole: bytes) -> None:
    assert content[: multiline(r"^\d").whole(content)] == whole


def test_a_record_does_not_go_on_for_ever() -> None:
    lines = [b"1", *[b"x"] * 2000]

    assert max(map(len, multiline(r"^\d").split(lines))) == 500
    assert multiline(r"^\d").whole(b"\n".join([*lines, b""])) > 0


def test_a_record_is_found_around_a_line() -> None:
    block = b"0 before\n1 a\nb ERROR\nc\n2 after"

    assert gathered(r"^\d", block, [block.index(b"b ERROR")]) == [b"1 a\nb ERROR\nc"]
    assert gathered("none", block, [block.index(b"b ERROR")]) == [b"b ERROR"]


@pytest.mark.parametrize("way", WAYS)
@settings(max_examples=30)
@given(lines=LINES)
def test_what_is_gathered_around_every_line_is_what_is_split(way: str, lines: list[bytes]) -> None:
    block, starts, at = b"\n".join(lines), [], 0
    for line in lines:
        starts.append(at)
        at += len(line) + 1

    found = gathered(way, block, starts)

    told = [record.rstrip(b"\n") for record in found if record.strip()]
    if way != "auto":  # which looks at less of what is around: see test_around
        split = [b"\n".join(each).rstrip(b"\n") for each in multiline(way).split(lines)]
        assert [each.lstrip(b"\n") for each in told] == split
    assert b"".join(told).replace(b"\n", b"") == block.replace(b"\n", b"")


@pytest.mark.parametrize("way", WAYS)
@given(lines=LINES)
def test_what_is_whole_ends_with_a_line(way: str, lines: list[bytes]) -> None:
    content = b"".join(line + b"\n" for line in lines)

    if content:
        whole = content[: multiline(way).whole(content)]
        assert not whole or whole.endswith(b"\n")
