"""What is found around a line is the record that reading everything would have made."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from svcctl.observe.records.around import around
from svcctl.observe.records.joining import split_by

RECORDS = st.sampled_from(
    [
        b"INFO one line",
        b'{"level": "error"}',
        b"indented:\n  more\n\tand more",
        b'ERROR failed\nTraceback (most recent call last):\n  File "a"\n    call()\nValueError: no',
        b'Traceback (most recent call last):\n  File "a"\nKeyError: 1',
        b"ERROR x\njava.lang.StateException: no\n\tat B.c(B.java:1)\nCaused by: E: f\n\t... 3 more",
        b"reply {\n  a: 1\n}",
        b"",
    ]
)


@given(st.lists(RECORDS, min_size=1, max_size=12), st.sets(st.integers(0, 60)))
def test_the_records_around_some_lines_are_those_of_all(said: list[bytes], some: set[int]) -> None:
    block = b"\n".join(said)
    lines = block.split(b"\n")
    starts = [sum(len(line) + 1 for line in lines[:at]) for at in range(len(lines))]
    whole = split_by(range(len(lines)), lines.__getitem__)

    found = list(around(block, [starts[each] for each in sorted(some) if each < len(lines)]))

    assert found == [
        (starts[record[0]], starts[record[-1]] + len(lines[record[-1]]))
        for record in whole
        if set(record) & some
    ]


def test_the_last_line_of_a_block_may_have_no_end() -> None:
    assert list(around(b"1 a\r\n2 b", [0, 5])) == [(0, 4), (5, 8)]
    assert list(around(b"a\r\n b\r\nc", [0])) == [(0, 6)]
    assert list(around(b"", [])) == []
