"""Bytes that somebody else may have written are read, or refused in our words: never more.

The targets are those of the coverage-guided fuzzer (``make fuzz``); here each gets its examples,
damage to them, and what is too deep, too long or too much.
"""

from __future__ import annotations

import random
import tracemalloc
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.faults.trial import Effort
from tests.fuzz.corpus import examples, names
from tests.fuzz.targets import TARGETS

MOST_MEMORY = 64 * 1024 * 1024
"""Bytes that reading 200 kB may take, whatever stands in them."""

TORN = [b"", b"\0", b"\xff" * 9, b'"', b"'", b"{", b"]", b"\n", b"${", b"NaN", b"1e999", b"-1"]


def test_every_target_has_examples() -> None:
    assert names() == sorted(TARGETS)
    assert all(examples(name) for name in names())


@pytest.mark.parametrize("name", names())
def test_every_example_is_read_or_refused(name: str) -> None:
    for example in examples(name):
        TARGETS[name](example.read_bytes())


@pytest.mark.parametrize("name", names())
def test_every_damaged_example_is_read_or_refused(name: str) -> None:
    contents = [example.read_bytes() for example in examples(name)]

    @settings(max_examples=60)
    @given(st.data())
    def damage(drawn: st.DataObject) -> None:
        content = drawn.draw(st.sampled_from(contents))
        start = drawn.draw(st.integers(0, len(content)))
        end = drawn.draw(st.integers(start, min(start + 16, len(content))))
        piece = drawn.draw(st.sampled_from(TORN) | st.binary(max_size=8))

        TARGETS[name](content[:start] + piece + content[end:])

    damage()


TOO_MUCH: dict[str, Callable[[], bytes]] = {
    "zeros": lambda: b"\0" * 200_000,
    "ones": lambda: b"\xff" * 200_000,
    "line ends": lambda: b"\n" * 200_000,
    "a word": lambda: b"a" * 200_000,
    "digits": lambda: b"9" * 200_000,
    "open lists": lambda: b"[" * 200_000,
    "open tables": lambda: b'{"a":' * 40_000,
    "open quotes": lambda: b"A='x\n" * 40_000,
    "an open quote": lambda: b"A='" + b"x # \n" * 40_000,
    "comments": lambda: b"A=x" + b" #" * 100_000,
    "quotes": lambda: b"A=" + b"'x' " * 50_000,
    "variables": lambda: b"${HOME}" * 28_000,
    "open variables": lambda: b"${" * 100_000,
    "nested variables": lambda: b"${A:-" * 40_000 + b"}" * 40_000,
    "dots": lambda: b"a." * 100_000 + b"a = 1",
    "long tables": lambda: b"".join(b"[" + b"a." * 60 + b"b%d]\n" % each for each in range(1600)),
    "many services": lambda: b"".join(b"[services.s%d]\n" % each for each in range(10_000)),
    "many names": lambda: b"".join(b"A%d=1\n" % each for each in range(20_000)),
    "many lines": lambda: b"READY=1\n" * 25_000,
}


@pytest.mark.timeout(600)  # tracing what is allocated takes its time
@pytest.mark.parametrize("name", names())
def test_too_much_is_read_or_refused_in_bounded_memory(
    name: str, effort: Effort, chance: random.Random
) -> None:
    for what in chance.sample(list(TOO_MUCH), effort.of(len(TOO_MUCH), bounded=2)):
        content = TOO_MUCH[what]()

        tracemalloc.start()
        try:
            TARGETS[name](content)
            _, most = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()

        assert most < MOST_MEMORY, what
