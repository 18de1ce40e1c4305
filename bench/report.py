"""Turns an outcome into Markdown: budgets, where others are better, and every table."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from bench.budgets import OURS, Verdict, verdicts
from bench.managers import MANAGERS
from bench.outcome import Outcome
from bench.reading import Figure, Unit
from bench.spread import Spread

_INTRODUCTION = """# Measured beside peers

Medians ± the median distance from them, as `make bench` read them on one machine; yours will
differ, their ratios less so. Where no ± stands there was one reading, or all were alike. Of the
managers, the best is bold; what stands right of them are bare loops over system calls, the least
that such work takes. What counts from when to when stands in
[How it is measured](explanation/benchmarks.md). Every reading is in `bench/results.json`."""


def report(outcome: Outcome, figures: Sequence[Figure]) -> str:
    """Give the whole report."""
    tables = {name: about for figure in figures for name, about in figure.tables.items()}
    parts = [
        _INTRODUCTION,
        _head(outcome),
        "## Budgets",
        budget_table(list(verdicts(outcome))),
        "## Where others are better",
        "\n".join(better(outcome, tables)) or "Nowhere.",
        *(
            _section(outcome, name, about)
            for name, about in tables.items()
            if outcome.subjects(name)
        ),
    ]
    if outcome.gaps:
        parts += ["## What could not be measured", _gaps(outcome)]
    return "\n\n".join(parts) + "\n"


def budget_table(found: Sequence[Verdict]) -> str:
    """Give the budgets: asked, reached, met or missed."""
    rows = ["| what | beside | asked | reached | |", "|---|---|---:|---:|---|"]
    for each in found:
        budget = each.budget
        sign = "≥" if budget.least else "≤"
        factor = " ×" if budget.rival else ""
        reached = "" if each.reached is None else short(each.reached) + factor
        verdict = {True: "met", False: "**missed**", None: "not measured"}[each.met]
        asked = f"{sign} {short(budget.times)}{factor}"
        rows.append(f"| {budget.what} | {budget.rival} | {asked} | {reached} | {verdict} |")
    return "\n".join(rows)


def table(outcome: Outcome, name: str) -> str:
    """Give one table: median ± median distance from it; of the managers, the best is bold."""
    subjects = outcome.subjects(name)
    rows = [f"| | {' | '.join(subjects)} |", f"|---|{'---:|' * len(subjects)}"]
    for case, unit in _cases(outcome, name):
        most = best(outcome, name, case, unit)
        cells = []
        for subject in subjects:
            spread = outcome.spread(name, case, subject)
            shown = _shown(spread) if spread else ""
            is_best = spread is not None and subject in outcome.versions and spread.median == most
            cells.append(f"**{shown}**" if is_best else shown)
        rows.append(f"| {case}, {unit} | {' | '.join(cells)} |")
    return "\n".join(rows)


def better(outcome: Outcome, tables: Iterable[str]) -> Iterator[str]:
    """Give a line for each case in which a manager is better than svcctl: who, and how much."""
    for name in tables:
        for case, unit in _cases(outcome, name):
            ours = outcome.spread(name, case, OURS)
            if ours is None:
                continue
            ahead = []
            for subject in outcome.versions:
                theirs = outcome.spread(name, case, subject)
                if theirs and _beats(theirs.median, ours.median, unit):
                    ahead.append(f"{subject} {short(theirs.median)}")
            if ahead:
                yield f"- {name}, {case}: {', '.join(ahead)}; svcctl {short(ours.median)} {unit}"


def short(value: float) -> str:
    """Give a number with three digits that matter."""
    if value == int(value) or abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.3g}" if abs(value) >= 0.001 else f"{value:.1g}"


def _shown(spread: Spread) -> str:
    return f"{short(spread.median)} ± {short(spread.mad)}" if spread.mad else short(spread.median)


def _head(outcome: Outcome) -> str:
    loads = [each.load for each in outcome.readings] or [0.0]
    facts = [f"- {name}: {value}" for name, value in outcome.machine.items()]
    facts.append(f"- load average while measuring: {min(loads):.2f} to {max(loads):.2f}")
    facts.append(f"- rounds: up to {outcome.rounds}, in an order drawn with seed {outcome.seed}")
    delays = {manager.name: manager.traits.delay for manager in MANAGERS}
    facts += [
        f"- {name} {version}; delay before a restart: {delays.get(name, 'unknown')}"
        for name, version in outcome.versions.items()
    ]
    if outcome.missing:
        facts.append(f"- not installed, so not measured: {', '.join(outcome.missing)}")
    return "\n".join(facts)


def _section(outcome: Outcome, name: str, about: str) -> str:
    loads = [each.load for each in outcome.readings if each.figure == name]
    return (
        f"## {name}\n\n{about[0].upper()}{about[1:]}. "
        f"Load average {min(loads):.2f} to {max(loads):.2f}.\n\n{table(outcome, name)}"
    )


def _gaps(outcome: Outcome) -> str:
    lines = [f"- {gap.figure}, {gap.subject}: {gap.why.strip()}" for gap in outcome.gaps]
    return "\n".join(dict.fromkeys(lines))


def _cases(outcome: Outcome, name: str) -> list[tuple[str, Unit]]:
    return list(
        dict.fromkeys((each.case, each.unit) for each in outcome.readings if each.figure == name)
    )


def best(outcome: Outcome, name: str, case: str, unit: Unit) -> float | None:
    """Give the best median of a case among the managers; None where all are alike."""
    spreads = (outcome.spread(name, case, subject) for subject in outcome.versions)
    medians = [spread.median for spread in spreads if spread]
    if len(set(medians)) < 2:
        return None  # no rival, or all alike
    return max(medians) if unit.more_is_better else min(medians)


def _beats(theirs: float, ours: float, unit: Unit) -> bool:
    return theirs > ours if unit.more_is_better else theirs < ours
