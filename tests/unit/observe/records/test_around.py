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
    lines = b"\n".join(said).split(b"\n")
    wanted = sorted(each for each in some if each < len(lines))
    whole = list(split_by(range(len(lines)), lines.__getitem__))

    found = list(around(lines, wanted))

    assert found == [record for record in whole if set(record) & set(wanted)]


def test_one_line_is_found_among_many_without_a_look_at_the_others() -> None:
    class Lines(list[bytes]):
        looked_at: set[int]

        def __getitem__(self, at):  # type: ignore[no-untyped-def]
            numbers = range(len(self))[at]
            self.looked_at |= set(numbers) if isinstance(numbers, range) else {numbers}
            return super().__getitem__(at)

    lines = Lines([b"said"] * 1000)
    lines.looked_at = set()

    assert list(around(lines, [500])) == [[500]]
    assert lines.looked_at <= set(range(495, 505))
