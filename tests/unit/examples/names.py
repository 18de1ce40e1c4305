"""Where the examples are, and what they are called."""

from __future__ import annotations

from pathlib import Path

SERVICES = Path(__file__).parents[3] / "examples" / "services"

NAMES = sorted(each.stem for each in SERVICES.glob("*.py"))
