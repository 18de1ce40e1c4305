"""How right the detectors are: ``python -m bench.accuracy [--only NAME] [--json FILE]``."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from pathlib import Path

from bench.accuracy import bursts, hdfs, loghub, memory, numenta, shifts
from bench.accuracy.figure import Figure, table
from bench.accuracy.labelled import labelled_data
from bench.accuracy.page import publish

_LABELLED: Mapping[str, Callable[[Path], Iterable[Figure]]] = {
    "templates": loghub.figures,
    "sessions": hdfs.figures,
    "metrics": numenta.figures,
}
_DRAWN: Mapping[str, Callable[[], Iterable[Figure]]] = {
    "bursts": bursts.figures,
    "shifts": shifts.figures,
    "leaks": memory.figures,
}


def main() -> int:
    """Measure what was asked for; 1 if a budget is missed or the data is not there."""
    parser = argparse.ArgumentParser(prog="python -m bench.accuracy", description=__doc__)
    parser.add_argument("--only", choices=[*_LABELLED, *_DRAWN], help="measure this subject alone")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures there too")
    parser.add_argument("--publish", action="store_true", help="put all into the documentation")
    args = parser.parse_args()
    data = labelled_data()
    wanted = [args.only] if args.only else [*_LABELLED, *_DRAWN]
    if data is None and not _DRAWN.keys() >= {*wanted}:
        sys.exit("there is no labelled data\nhint: name its folder in SVCCTL_DATA, or use --only")
    found: list[Figure] = []
    for name in wanted:
        print(f"{name} …", file=sys.stderr)
        found += _LABELLED[name](data) if data and name in _LABELLED else _DRAWN[name]()
    print(table(found))
    if args.json:
        args.json.write_text(json.dumps([asdict(each) for each in found], indent=2) + "\n")
    if args.publish and not args.only:
        publish(found)
    return not all(each.is_met for each in found)


if __name__ == "__main__":
    sys.exit(main())
