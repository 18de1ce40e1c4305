"""The page of guarantees is honest: each promise says when it holds, and has tests that exist."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "explanation" / "guarantees.md").read_text(encoding="utf-8")
PART = re.compile(r"^## Promised$(.*?)^## ", re.MULTILINE | re.DOTALL)
TEST = re.compile(r"^- `(tests/\S+)::(test_\w+)`$", re.MULTILINE)
WORDS = ("**Holds** ", "**Does not hold** ", "**Shown** by\n\n- ")


def promises() -> dict[str, str]:
    """Give the text of each promise by its heading."""
    part = PART.search(PAGE)
    assert part is not None
    _, *sections = re.split(r"^### ", part[1], flags=re.MULTILINE)
    return {heading: text for heading, _, text in (each.partition("\n") for each in sections)}


def names_in(path: Path) -> set[str]:
    """Name the tests that are written in a file."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def test_there_are_promises() -> None:
    assert len(promises()) > 10


@pytest.mark.parametrize("text", promises().values(), ids=promises())
def test_each_promise_is_one_sentence(text: str) -> None:
    sentence = text.strip().split("\n\n")[0]

    assert sentence.endswith(".")
    assert ". " not in sentence.replace("\n", " ")


@pytest.mark.parametrize("text", promises().values(), ids=promises())
def test_each_promise_says_under_which_faults_it_holds_and_under_which_not(text: str) -> None:
    places = [text.find(word) for word in WORDS]

    assert -1 not in places
    assert places == sorted(places)


@pytest.mark.parametrize("text", promises().values(), ids=promises())
def test_each_promise_is_shown_by_tests_that_exist(text: str) -> None:
    named = TEST.findall(text)

    assert named
    assert len(named) == text.count("::")
    missing = [f"{path}::{name}" for path, name in named if name not in names_in(ROOT / path)]
    assert missing == []


def test_every_file_of_faults_is_named() -> None:
    written = {path.name for path in (ROOT / "tests" / "faults").glob("test_*.py")}

    assert {name for name in written if f"tests/faults/{name}::" not in PAGE} == set()
