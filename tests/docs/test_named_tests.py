"""Pages that say what was tested name tests, and those tests exist."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

NAMED = re.compile(r"`(test_\w+\.py)::(test_\w+)`")
ITEM = re.compile(r"^### (.+)\n((?:(?!^##).*\n)*)", re.MULTILINE)


@pytest.fixture(scope="module")
def tests(root: Path) -> set[tuple[str, str]]:
    """Every test there is: its file and its name."""
    return set(_tests(root / "tests"))


def _tests(folder: Path) -> Iterator[tuple[str, str]]:
    for file in folder.rglob("test_*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield file.name, node.name


@pytest.mark.parametrize("page", ["comparison.md", "windows-testing.md"])
def test_every_test_that_is_named_exists(
    page: str, root: Path, tests: set[tuple[str, str]]
) -> None:
    named = set(NAMED.findall((root / "docs" / page).read_text(encoding="utf-8")))

    assert named
    assert sorted(named - tests) == []


def test_whatever_wine_cannot_show_has_a_test_and_a_command(root: Path) -> None:
    items = ITEM.findall((root / "docs" / "windows-testing.md").read_text(encoding="utf-8"))

    assert items
    assert [title for title, text in items if not NAMED.search(text)] == []
    assert [title for title, text in items if "```powershell" not in text] == []
