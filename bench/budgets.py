"""What svcctl is to reach: mostly ratios to others that were measured in the same run."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bench.outcome import Outcome

OURS = "svcctl"


@dataclass(frozen=True, slots=True, kw_only=True)
class Budget:
    """One promise about the median of some *cases* of a *figure*; *times* that of a *rival*.

    Without a rival, *times* is an amount.  With *least*, more is better.  With *always*, each
    single reading must keep to it, and not the median alone.
    """

    what: str
    figure: str
    cases: tuple[str, ...]
    times: float
    rival: str = ""
    least: bool = False
    always: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether a budget is met: *reached* beside *allowed*; None where something was not measured.

    Both are ratios to the rival if there is one.
    """

    budget: Budget
    reached: float | None
    met: bool | None


def _writes(*wanted: str) -> tuple[str, ...]:
    kinds = ("100 B writes", "4096 B writes", "65536 B writes", "10 services, 4096 B writes")
    return tuple(f"{kind}, {each}" for kind in kinds for each in wanted)


# where a limit was set in seconds beside a peer's, on one machine, it is the ratio of the two
BUDGETS = (
    Budget(what="import svcctl, ms", figure="import", cases=("time",), times=50),
    Budget(
        what="import svcctl, third-party modules",
        figure="import",
        cases=("third-party modules",),
        times=0,
    ),
    *(
        Budget(what="status", figure="commands", cases=("status",), times=0.5, rival=rival)
        for rival in ("supervisord", "pm2")
    ),
    *(
        Budget(
            what=f"start of {count} services",
            figure="start",
            cases=(f"{count} services",),
            times=times,
            rival=rival,
        )
        for count, rival, times in (
            (100, "runit", 0.4 / 0.39),
            (100, "supervisord", 0.4 / 1.7),
            (100, "pm2", 0.4 / 1.9),
            (1000, "runit", 2.5 / 2.6),
            (1000, "supervisord", 2.5 / 8.8),
            (1000, "pm2", 2.5 / 7.7),
        )
    ),
    Budget(
        what="crash to running",
        figure="crash",
        cases=("first",),
        times=5 / 1.5,
        rival="waitpid loop",
    ),
    Budget(
        what="agent with 100 services, PSS in MB",
        figure="memory",
        cases=("100 services",),
        times=20,
    ),
    Budget(what="host of a service, PSS in MB", figure="host", cases=("memory",), times=12),
    Budget(what="idle, % of a core", figure="idle", cases=("processor",), times=0.02),
    Budget(what="idle, wake-ups per s", figure="idle", cases=("wake-ups",), times=0),
    Budget(
        what="capture of 4096 B writes",
        figure="capture",
        cases=("4096 B writes",),
        times=0.9,
        rival="splice loop",
        least=True,
    ),
    Budget(
        what="lines lost, doubled or cut by rotation",
        figure="lines",
        cases=_writes("lost", "doubled", "cut in two"),
        times=0,
        always=True,
    ),
    Budget(
        what="kill -9: lines lost, doubled or cut",
        figure="kill9",
        cases=("lines lost", "lines doubled", "lines cut in two"),
        times=0,
        always=True,
    ),
    Budget(
        what="kill -9: services that died, were started again or run twice",
        figure="kill9",
        cases=("died", "started again", "run twice"),
        times=0,
        always=True,
    ),
    *(
        Budget(
            what=f"kill -9: exit statuses unknown, of what {how}",
            figure="kill9",
            cases=(f"exit status unknown, {how}",),
            times=0,
            always=True,
        )
        for how in ("died without a manager", "died under the new one")
    ),
    *(
        Budget(
            what="stop of 100 services",
            figure="stop",
            cases=("100 services",),
            times=times,
            rival=rival,
        )
        for rival, times in (("supervisord", 0.1 / 0.13), ("pm2", 0.1 / 6.6))
    ),
)


def verdicts(outcome: Outcome) -> Iterator[Verdict]:
    """Judge all budgets by what was measured."""
    return (judge(budget, outcome) for budget in BUDGETS)


def judge(budget: Budget, outcome: Outcome) -> Verdict:
    """Judge one; with several cases the worst counts."""
    found = [_of(budget, outcome, case, OURS) for case in budget.cases]
    ours = max((each for each in found if each is not None), default=None)
    if budget.rival and ours is not None:
        theirs = _of(budget, outcome, budget.cases[0], budget.rival)
        ours = ours / theirs if theirs else None
    if ours is None:
        return Verdict(budget=budget, reached=None, met=None)
    met = ours >= budget.times if budget.least else ours <= budget.times
    return Verdict(budget=budget, reached=ours, met=met)


def _of(budget: Budget, outcome: Outcome, case: str, subject: str) -> float | None:
    if budget.always:
        return max(outcome.values(budget.figure, case, subject), default=None)
    spread = outcome.spread(budget.figure, case, subject)
    return spread.median if spread else None
