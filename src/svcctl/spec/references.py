"""What must hold between services: whoever is named exists, and nobody waits for itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from svcctl.spec.finding import Finding
from svcctl.spec.names import did_you_mean
from svcctl.spec.service import ServiceSpec


def references(
    specs: Mapping[str, ServiceSpec], names: Iterable[str]
) -> Iterator[tuple[str, Finding]]:
    """Give every broken reference as the service it is in and the finding.

    *names* are all services there are, those too that have no spec because of other mistakes.
    """
    known = set(names)
    for name, spec in specs.items():
        for needed in spec.needs:
            yield from _unknown(name, ("needs", needed), needed, known)
        for number, earlier in enumerate(spec.after):
            yield from _unknown(name, ("after", number), earlier, known)
    needs = {name: set(spec.needs) for name, spec in specs.items()}
    in_needs = list(_cycles(needs))
    for cycle in in_needs:
        yield cycle[0], _cycle(("needs", cycle[1]), cycle, "needs")
    tangled = {name for cycle in in_needs for name in cycle}
    both = {
        name: (needs[name] | set(spec.after)) - tangled
        for name, spec in specs.items()
        if name not in tangled
    }
    for cycle in _cycles(both):
        first, second = cycle[0], cycle[1]
        after = specs[first].after
        path = ("after", after.index(second)) if second in after else ("needs", second)
        yield first, _cycle(path, cycle, "needs and after")


def _unknown(
    name: str, path: tuple[str, str | int], wanted: str, known: set[str]
) -> Iterator[tuple[str, Finding]]:
    if wanted not in known:
        hint = did_you_mean(wanted, known - {name}) or f"add [services.{wanted}]"
        problem = f"there is no service {wanted!r}"
        yield name, Finding(path=path, problem=problem, hint=hint, about_key=True)


def _cycle(path: tuple[str, str | int], cycle: list[str], options: str) -> Finding:
    way = " -> ".join(cycle)
    problem, hint = f"cycle in {options}: {way}", "take one of them out"
    return Finding(path=path, problem=problem, hint=hint, about_key=True)


def _cycles(graph: Mapping[str, Iterable[str]]) -> Iterator[list[str]]:
    """Give cycles of *graph*, each from its first name in the alphabet; no name is in two."""
    left = {name: set(targets) for name, targets in graph.items()}
    while True:
        try:
            TopologicalSorter(left).prepare()
        except CycleError as error:
            # graphlib lists who is waited for before who waits; we print it the other way
            cycle = list(reversed(error.args[1]))[:-1]
        else:
            return
        start = cycle.index(min(cycle))
        yield [*cycle[start:], *cycle[:start], cycle[start]]
        for name in cycle:
            left.pop(name, None)
        for targets in left.values():
            targets.difference_update(cycle)
