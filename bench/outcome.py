"""All that a run has found, in memory and as JSON."""

from __future__ import annotations

import json
import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from bench.reading import Gap, Reading, Unit
from bench.spread import Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """Readings and gaps, and what must be known to take them again."""

    machine: Mapping[str, str]
    versions: Mapping[str, str]
    """Of each manager that was measured."""
    missing: Sequence[str]
    """The managers that are not installed."""
    figures: Sequence[str]
    """The names of those that were measured."""
    seed: int
    rounds: int
    readings: Sequence[Reading] = field(default_factory=list)
    gaps: Sequence[Gap] = field(default_factory=list)

    def subjects(self, figure: str) -> list[str]:
        """Give who was measured in a table: managers in the order of the list, then loops."""
        found = [each.subject for each in self.readings if each.figure == figure]
        known = [name for name in self.versions if name in found]
        return list(dict.fromkeys([*known, *sorted(found)]))

    def values(self, figure: str, case: str, subject: str) -> list[float]:
        """Give all that was read of a subject in a case, in the order of reading."""
        wanted = (figure, case, subject)
        return [
            each.value for each in self.readings if (each.figure, each.case, each.subject) == wanted
        ]

    def spread(self, figure: str, case: str, subject: str) -> Spread | None:
        """Give what the readings come to; None without any."""
        values = self.values(figure, case, subject)
        return Spread.of(values) if values else None


def merged(before: Outcome, now: Outcome) -> Outcome:
    """Give *now*, and of *before* the cases that were not measured again.

    A case is taken from one of them as a whole, so that whoever is compared was measured together.
    """
    again = {(each.figure, each.case) for each in now.readings}
    kept = [each for each in before.readings if (each.figure, each.case) not in again]
    commits = dict.fromkeys((before.machine["commit"], now.machine["commit"]))
    return replace(
        now,
        machine={**now.machine, "commit": ", ".join(commits)},
        versions={**before.versions, **now.versions},
        figures=list(dict.fromkeys([*before.figures, *now.figures])),
        rounds=max(before.rounds, now.rounds),
        readings=[*kept, *now.readings],
        gaps=[*(each for each in before.gaps if each.figure not in now.figures), *now.gaps],
    )


def machine() -> dict[str, str]:
    """Say where the readings are taken."""
    release = platform.release().partition("-")[0]
    return {
        "system": f"{platform.system()} {release} {platform.machine()}",
        "processors": f"{os.cpu_count()} of {_processor()}",
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 1e9:.0f} GB",
        "python": platform.python_version(),
        "commit": _commit(),
    }


def save(outcome: Outcome, path: Path) -> None:
    """Write every single reading as JSON."""
    parts = []
    for name, value in asdict(outcome).items():
        if isinstance(value, list):  # one line each, so that two runs can be compared
            lines = ",\n".join(json.dumps(each) for each in value)
            parts.append(f"{json.dumps(name)}: [\n{lines}\n]")
        else:
            parts.append(f"{json.dumps(name)}: {json.dumps(value)}")
    path.write_text("{\n" + ",\n".join(parts) + "\n}\n")


def load(path: Path) -> Outcome:
    """Read what ``save`` wrote."""
    found = json.loads(path.read_text())
    readings = [Reading(**{**each, "unit": Unit(each["unit"])}) for each in found.pop("readings")]
    gaps = [Gap(**each) for each in found.pop("gaps")]
    return Outcome(readings=readings, gaps=gaps, **found)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    ran = subprocess.run(
        ["git", "describe", "--always", "--dirty"],
        cwd=Path(__file__).parent,
        capture_output=True,
        text=True,
        check=False,
    )
    return ran.stdout.strip() or "unknown"
