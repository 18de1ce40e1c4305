"""What the comparison claims of svcctl names the tests that show it."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

PEERS = 5
SHOWN_BY = re.compile(r"`(test_\w+\.py)::(test_\w+)`")


@pytest.fixture(scope="module")
def rows(root: Path) -> list[list[str]]:
    """The rows of all tables: the feature, the peers, svcctl, what shows it."""
    text = (root / "docs" / "comparison.md").read_text(encoding="utf-8")
    cells = [_cells(line) for line in text.splitlines() if line.startswith("|")]
    return [row for row in cells if row[0] and not set(row[0]) <= set("-:")]


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_row_tells_of_every_program(rows: list[list[str]]) -> None:
    short = [row[0] for row in rows if len(row) != PEERS + 3 or not all(row[: PEERS + 2])]

    assert rows
    assert short == []


def test_every_yes_of_ours_has_a_test(rows: list[list[str]]) -> None:
    unproven = [row[0] for row in rows if _claimed(row) != bool(SHOWN_BY.findall(row[-1]))]

    assert unproven == []


def _claimed(row: list[str]) -> bool:
    return row[-2].startswith("yes")
