"""Many rules over one log: each hears what it asked for, in the order of time."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.detect.rules.book import Book
from svcctl.detect.rules.watch import Fired, Outcome
from svcctl.errors import SpecError
from svcctl.record import Record
from svcctl.spec.log_rule import LogRule
from tests.unit.detect.rules.records import in_short, record

RULES = (
    LogRule(match="error", cooldown=0),
    LogRule(match="error|slow", unless="known", count=2, within=3, cooldown=2),
    LogRule(match=r"took (?P<s>\d+)", value="s", above=5, cooldown=1),
    LogRule(match="done", absent_for=4),
    LogRule(name="row", match="slow", consecutive=2, cooldown=0),
    LogRule(name="falls", match="error", falls=2, within=2, past=6, count=1),
)
TEXTS = st.sampled_from(["error", "slow", "done", "took 9", "took 1 error", "known slow", ""])
TIMES = st.floats(min_value=0, max_value=3)


def read(lines: Sequence[bytes]) -> Record:
    """Read ``12.5 what was said``."""
    at, _, _text = lines[0].decode().partition(" ")
    return Record(raw=b"\n".join(lines), at=float(at), message="")


def each_line(block: bytes, starts: Iterable[int]) -> list[tuple[int, int]]:
    return [(start, block.index(b"\n", start)) for start in starts]


def sift(book: Book, lines: list[bytes]) -> list[Outcome]:
    """Have *book* judge a block of lines that are a record each."""
    block = b"\r\n".join(lines) + b"\n"
    found = book.pass_time(read(lines[:1]).at)
    found += book.sift(block, gather=each_line, read=read)
    return found + book.pass_time(read(lines[-1:]).at)


@pytest.mark.slow
@given(
    st.lists(st.tuples(TIMES, TEXTS), max_size=25), st.integers(1, 7), st.integers(0, len(RULES))
)
def test_blocks_lines_and_records_lead_to_the_same(
    steps: list[tuple[float, str]], size: int, rules: int
) -> None:
    at, lines = 1e6, []
    for gap, text in steps:
        at += gap
        lines.append(f"{at} {text}".encode())
    chunks = [lines[begin : begin + size] for begin in range(0, len(lines), size)]
    blocks, records = (Book(RULES[:rules], service="web") for _ in range(2))

    by_block = [each for some in chunks for each in sift(blocks, some)]
    by_record = [each for line in lines for each in records.feed([read([line])])]

    fired = [[each for each in of if isinstance(each, Fired)] for of in (by_block, by_record)]
    assert sorted(map(str, fired[0])) == sorted(map(str, fired[1]))


def test_a_record_of_several_lines_matches_with_one_of_them() -> None:
    book = Book([LogRule(match="^ValueError"), LogRule(match=r"^Traceback.*Error")], service="web")
    trace = "Traceback (most recent call last):\n  File x\nValueError: no"

    found = book.feed([record(1, "before"), record(2, trace), record(3, "after")])

    assert [(each.at, each.rule.match) for each in found] == [(2, "^ValueError")]


def test_a_record_that_is_a_little_late_counts_as_if_it_were_not() -> None:
    book = Book([LogRule(match="x", count=2, within=5)], service="web")

    assert [in_short(each) for each in book.feed([record(100, "x"), record(98, "x")])] == [
        "fired 100"
    ]


def test_where_time_goes_back_the_rules_begin_anew() -> None:
    book = Book(
        [LogRule(match="x", cooldown=60), LogRule(match="x", absent_for=1e5)], service="web"
    )

    found = book.feed([record(1e9, "x"), record(100, "x"), record(130, "x")])

    assert [in_short(each) for each in found] == ["fired 1e+09", "fired 100"]


@pytest.mark.slow
def test_a_thousand_rules_are_told_apart() -> None:
    rules = [LogRule(match=f"code {number} ") for number in range(1000)]
    book = Book(rules, service="web")

    found = book.feed([record(1, "code 17 and code 900 and more")])

    assert [each.rule.match for each in found] == ["code 17 ", "code 900 "]


def test_a_pattern_that_rules_cannot_use_is_refused() -> None:
    with pytest.raises(SpecError):
        Book([LogRule(match="(?=a)")], service="web")


def test_no_rules_and_no_records_are_no_harm() -> None:
    assert Book([], service="web").feed([record(1, "x")]) == []
    assert Book(RULES, service="web").feed([]) == []
    assert Book(RULES[:1], service="web").sift(b"", gather=lambda *_: [], read=read) == []
    assert Book([], service="web", lane="standard").lane == "standard"
