"""Gives the tests of the documentation its generator and its pages."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import pytest

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def root() -> Path:
    return ROOT


@pytest.fixture(scope="session")
def generate() -> ModuleType:
    """docs/generate.py, which mkdocs loads by its path as well."""
    spec = importlib.util.spec_from_file_location("generate", ROOT / "docs" / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="session")
def reference(generate: ModuleType) -> dict[str, str]:
    """The generated pages by name."""
    pages: dict[str, str] = generate.pages()
    return pages


@pytest.fixture(scope="session")
def written() -> list[Path]:
    """Every page that was written by hand."""
    docs = [page for page in (ROOT / "docs").rglob("*.md") if page.parent.name != "reference"]
    examples = sorted((ROOT / "examples").rglob("*.md"))
    return [*sorted(ROOT.glob("*.md")), *sorted(docs), *examples]
