"""The command line: ``python -m bench [--json FILE]``; ONLY=start,stop ROUNDS=5 choose."""

from __future__ import annotations

import argparse
import os
import signal
import sys
from pathlib import Path

from bench import report
from bench.figures import capture, crash, idle, kill9, memory, start, status, stop
from bench.reading import Figure, Reading

_FIGURES = tuple(
    module.FIGURE for module in (status, start, crash, memory, idle, capture, kill9, stop)
)


def main() -> int:
    """Measure, and print each table as soon as it is there; 1 if a figure could not be taken."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every reading there")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave nothing behind then either
    figures = _chosen(os.environ.get("ONLY", ""))
    rounds = int(os.environ.get("ROUNDS", "5"))
    print("  \n".join(f"{name}: {value}" for name, value in report.machine().items()) + "\n")
    readings: dict[str, list[Reading]] = {}
    failed = 0
    for figure in figures:
        found = readings.setdefault(figure.name, [])
        try:
            found.extend(figure.measure(rounds))
        except (RuntimeError, TimeoutError) as error:
            failed = 1
            print(f"{figure.name}: {error}", file=sys.stderr)
        print(report.table(figure, found), flush=True)
    if args.json:
        report.save(args.json, readings)
    return failed


def _chosen(names: str) -> list[Figure]:
    wanted = [name for name in names.split(",") if name]
    known = {figure.name: figure for figure in _FIGURES}
    if unknown := [name for name in wanted if name not in known]:
        sys.exit(f"no figure '{unknown[0]}'\nhint: ONLY takes {','.join(known)}")
    return [known[name] for name in wanted] or list(_FIGURES)


if __name__ == "__main__":
    sys.exit(main())
