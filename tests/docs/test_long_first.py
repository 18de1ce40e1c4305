"""The order of tests/conftest.py: what takes minutes does not end the run."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.conftest import long_first


@dataclass(frozen=True)
class Item:
    """What of a test the order asks for."""

    name: str
    long: bool

    def get_closest_marker(self, _: str) -> bool:
        return self.long


def ordered(names: str, workers: int) -> str:
    """Give the order of tests of one letter each; those in capitals are long."""
    items: list[Any] = [Item(each, each.isupper()) for each in names]
    return "".join(each.name for each in long_first(items, workers))


@pytest.mark.parametrize(
    ("workers", "order"), [(1, "ABCdefghi"), (2, "ACdeBfghi"), (3, "AdeBfgChi"), (4, "AdBeCfghi")]
)
def test_each_worker_begins_with_long_ones(workers: int, order: str) -> None:
    assert ordered("dAeBfgChi", workers) == order


@given(st.text("abcABC", max_size=30), st.integers(1, 40))
def test_no_test_is_lost_or_doubled(names: str, workers: int) -> None:
    assert sorted(ordered(names, workers)) == sorted(names)
