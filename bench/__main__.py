"""The command line: ``python -m bench``; ONLY=start PEERS=runit,pm2 ROUNDS=5 SEED=1 choose."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from bench import cache, install, outcome
from bench.budgets import OURS
from bench.figures import FIGURES
from bench.headline import publish
from bench.manager import Manager
from bench.managers import MANAGERS
from bench.outcome import Outcome
from bench.reading import Figure, Gap, Reading
from bench.report import report
from bench.rounds import take, turns


def main() -> int:
    """Do what the command line asks; 1 if something could not be installed or measured."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--install", action="store_true", help="get the peers, and do no more")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write every reading there")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the report there")
    parser.add_argument("--render", type=Path, metavar="FILE", help="only report what --json wrote")
    parser.add_argument("--merge", type=Path, metavar="FILE", help="bring FILE up to date with it")
    parser.add_argument("--publish", action="store_true", help="put the headlines into the READMEs")
    args = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # leave nothing behind then either
    if args.install:
        problems = install.install()
        print("\n".join(problems), file=sys.stderr)
        return bool(problems)
    found = outcome.load(args.render) if args.render else _measure(args.json)
    if args.merge:
        found = outcome.merged(outcome.load(args.merge), found)
        outcome.save(found, args.json or args.merge)
    text = report(found, FIGURES)
    if args.publish:
        publish(found, Path(__file__).parents[1])
    if args.markdown:
        args.markdown.write_text(text)
    else:
        print(text)
    return bool(found.gaps)


def _measure(kept: Path | None) -> Outcome:
    """Measure all that was chosen; what was read is kept after each turn, if anywhere."""
    install.refresh()
    stage = cache.stage()
    figures = _figures(os.environ.get("ONLY", ""))
    managers, missing = _managers(os.environ.get("PEERS", ""))
    readings: list[Reading] = []
    gaps: list[Gap] = []
    found = Outcome(
        machine=outcome.machine(),
        versions={manager.name: version for manager, version in managers},
        missing=missing,
        figures=[figure.name for figure in figures],
        seed=int(os.environ.get("SEED") or time.time()),
        rounds=int(os.environ.get("ROUNDS") or "5"),
        readings=readings,
        gaps=gaps,
    )
    measured = [manager for manager, _ in managers]
    for turn in turns(figures, measured, rounds=found.rounds, seed=found.seed):
        print(f"{turn.figure.name}, round {turn.round + 1}: {turn.subject}", file=sys.stderr)
        for each in take(turn, stage):
            if isinstance(each, Gap):
                gaps.append(each)
                print(f"  {each.why}", file=sys.stderr)
            else:
                readings.append(each)
        if kept:
            outcome.save(found, kept)
    return found


def _figures(names: str) -> list[Figure]:
    """Choose figures by their own name, or by that of a table they fill."""
    wanted = [name for name in names.split(",") if name]
    known = sorted({name for figure in FIGURES for name in (figure.name, *figure.tables)})
    _check(wanted, known, what="figure", variable="ONLY")
    return [figure for figure in FIGURES if not wanted or {figure.name, *figure.tables} & {*wanted}]


def _managers(names: str) -> tuple[list[tuple[Manager, str]], list[str]]:
    """Choose managers: svcctl always, and of the others those that are wanted and installed."""
    wanted = [name for name in names.split(",") if name]
    _check(wanted, [manager.name for manager in MANAGERS], what="peer", variable="PEERS")
    chosen = [each for each in MANAGERS if not wanted or each.name in {OURS, *wanted}]
    versions = [(manager, manager.version()) for manager in chosen]
    missing = [manager.name for manager, version in versions if version is None]
    return [(manager, version) for manager, version in versions if version], missing


def _check(wanted: Sequence[str], known: Sequence[str], *, what: str, variable: str) -> None:
    if unknown := [name for name in wanted if name not in known]:
        sys.exit(f"no {what} '{unknown[0]}'\nhint: {variable} takes {','.join(known)}")


if __name__ == "__main__":
    sys.exit(main())
