"""What fuzzing begins with, and every test run repeats: examples, a folder for each target."""

from __future__ import annotations

from pathlib import Path

CORPUS = Path(__file__).parent / "corpus"


def names() -> list[str]:
    """Name the targets."""
    return sorted(path.name for path in CORPUS.iterdir())


def examples(name: str) -> list[Path]:
    """Give the examples of the target *name*."""
    return sorted((CORPUS / name).iterdir())
