"""A traceback is one record, and a line that begins another is no part of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.observe.records.joining import MOST_LINES, split, whole
from svcctl.observe.records.reader import Reader
from svcctl.record import Level

PYTHON = b"""\
2026-01-01 12:00:00 ERROR it broke
Traceback (most recent call last):
  File "a.py", line 1, in <module>
    1 / 0
ZeroDivisionError: division by zero

During handling of the above exception, another exception occurred:

Traceback (most recent call last):
  File "a.py", line 3, in <module>
    raise ValueError("two\\nlines")
app.errors.Failed: two
"""
JAVA = b"""\
2026-01-01 12:00:00 ERROR it broke
java.lang.IllegalStateException: bad
\tat a.b.C.d(C.java:1)
\t... 5 more
Caused by: java.io.IOException: worse
\tat a.b.C.e(C.java:2)
"""
ALONE = b"""\
Traceback (most recent call last):
  File "a.py", line 1, in <module>
KeyError: 'a'
"""
THREAD = b"""\
Exception in thread "main" java.lang.NullPointerException
\tat a.b.C.d(C.java:1)
"""
PRETTY = b'{\n  "level": "info",\n  "a": [\n    1\n  ]\n}\n'


@pytest.mark.parametrize("text", [PYTHON, JAVA, ALONE, THREAD, PRETTY])
def test_lines_that_belong_together_are_one_record(text: bytes) -> None:
    other = b"2026-01-01 12:00:01 INFO next\n"

    found = [b"\n".join(each) + b"\n" for each in split((text + other + text).splitlines())]

    assert found == [text, other, text]


def test_a_traceback_after_a_line_of_no_concern_is_a_record_of_its_own() -> None:
    found = list(split((b"starting\n" + ALONE + ALONE).splitlines()))

    assert [each[0] for each in found] == [b"starting", *[ALONE.splitlines()[0]] * 2]


@pytest.mark.parametrize("text", [PYTHON, JAVA, ALONE, THREAD])
def test_what_was_raised_is_an_error_with_all_of_its_lines(text: bytes) -> None:
    (record,) = Reader().records(text, at=1.0)

    assert record.level is Level.ERROR
    assert record.raw == text.removesuffix(b"\n")
    assert record.message.endswith(text.decode().splitlines()[-1])


def test_the_last_record_is_held_back_since_it_may_go_on() -> None:
    assert whole(b"one\n" + PYTHON) == len(b"one\n")
    assert whole(PYTHON + b"next\n") == len(PYTHON)
    assert whole(b"one\n") == 0
    assert whole(b'one\n{"a":1}\n') == len(b'one\n{"a":1}\n')


@pytest.mark.parametrize("size", [1, 255 * 1024, 256 * 1024 - 1, 256 * 1024, 900 * 1024])
def test_a_long_last_line_is_held_back_whole(size: int) -> None:
    before = b"one\n" * 100

    assert whole(before + b"x" * size + b"\n") == len(before)
    assert whole(b"x" * size + b"\n") == 0


def test_a_record_without_end_is_cut() -> None:
    found = list(split([b"begin", *[b"  more"] * (2 * MOST_LINES)]))

    assert [len(each) for each in found] == [MOST_LINES, MOST_LINES, 1]


LINES = st.lists(
    st.sampled_from(
        [
            *(
                b"",
                b"a",
                b"  b",
                b"ERROR c",
                b"Caused by: d",
                b"Traceback (most recent call last):",
            ),
            *(b"ValueError: e", b"\tat f", b"}", b"java.lang.Error: g", b'{"a": 1}'),
        ]
    ),
    min_size=1,
    max_size=30,
)


@given(LINES)
def test_no_line_is_lost_and_what_is_held_back_begins_a_record(lines: list[bytes]) -> None:
    content = b"".join(line + b"\n" for line in lines)
    kept = whole(content)

    before = [line for each in split(content[:kept].splitlines()) for line in each]
    after = [line for each in split(content[kept:].splitlines()) for line in each]

    assert [line for line in before + after if line] == [line for line in lines if line]
    assert list(split(content.splitlines())) == [
        *split(content[:kept].splitlines()),
        *split(content[kept:].splitlines()),
    ]
