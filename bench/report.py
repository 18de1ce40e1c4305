"""Turns readings into a table for people and a file for programs."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from bench.reading import Figure, Reading, Side

_HEAD = "| case | unit | svcctl | floor | ratio |\n|---|---|---:|---:|---:|"


def table(figure: Figure, readings: Sequence[Reading]) -> str:
    """Give a Markdown section: medians, [least - most] and the ratio of the medians."""
    loads = [each.load for each in readings] or [0.0]
    lines = [
        f"## {figure.name}",
        f"{figure.about}; floor: {figure.floor}; load average {min(loads):.2f} - {max(loads):.2f}",
        "",
        _HEAD,
    ]
    return "\n".join([*lines, *_rows(readings)]) + "\n"


def machine() -> dict[str, object]:
    """Say where the readings were taken."""
    return {
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "processors": os.cpu_count(),
        "load": [round(each, 2) for each in os.getloadavg()],
    }


def save(path: Path, readings: Mapping[str, Sequence[Reading]]) -> None:
    """Write every single reading as JSON."""
    found = {name: [asdict(each) for each in given] for name, given in readings.items()}
    path.write_text(json.dumps({"machine": machine(), "figures": found}, indent=1) + "\n")


def _rows(readings: Sequence[Reading]) -> Iterator[str]:
    for case, unit in dict.fromkeys((each.case, each.unit) for each in readings):
        values = {
            side: [each.value for each in readings if each.case == case and each.side is side]
            for side in Side
        }
        mine, least = values[Side.SVCCTL], values[Side.FLOOR]
        yield f"| {case} | {unit} | {_spread(mine)} | {_spread(least)} | {_ratio(mine, least)} |"


def _spread(values: Sequence[float]) -> str:
    if not values:
        return ""
    shown = _short(statistics.median(values))
    if len(set(values)) == 1:
        return shown
    return f"{shown} [{_short(min(values))} - {_short(max(values))}]"


def _short(value: float) -> str:
    return f"{value:.0f}" if value == int(value) or value >= 1000 else f"{value:.3g}"


def _ratio(mine: Sequence[float], least: Sequence[float]) -> str:
    if not mine or not least or not statistics.median(least):
        return ""
    return f"{statistics.median(mine) / statistics.median(least):.2f}"
