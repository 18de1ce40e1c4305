"""The figures as they are published: kept beside this file, and shown in the documentation."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from bench.accuracy.figure import Figure, table

KEPT = Path(__file__).with_name("results.json")
PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "detection.md"

_BEGIN, _END = "<!-- measured -->", "<!-- /measured -->"


def kept() -> list[Figure]:
    """Give the figures that were published last."""
    return [Figure(**each) for each in json.loads(KEPT.read_text(encoding="utf-8"))]


def shown() -> str:
    """Give the table that stands in the documentation."""
    _, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    return rest.partition(_END)[0].strip()


def publish(found: Sequence[Figure]) -> None:
    """Keep the figures, and put their table into the documentation, between its marks."""
    KEPT.write_text(json.dumps([asdict(each) for each in found], indent=2) + "\n")
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(_BEGIN)
    after = rest.partition(_END)[2]
    text = f"{before}{_BEGIN}\n\n{table(found)}\n\n{_END}{after}"
    PAGE.write_text(text, encoding="utf-8")
