"""What comes before what."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

Edges = Mapping[str, Collection[str]]
"""For each name, those that must come before it."""


def start_order(names: Iterable[str], edges: Edges) -> list[list[str]]:
    """Put *names* into waves: what one must come after is in an earlier one.

    Edges through others hold as well.  Names in a cycle come last, together.
    """
    wanted = set(names)
    before = {name: closure([name], edges) & wanted - {name} for name in wanted}
    waves: list[list[str]] = []
    done: set[str] = set()
    while left := wanted - done:
        wave = sorted(name for name in left if before[name] <= done) or sorted(left)
        waves.append(wave)
        done.update(wave)
    return waves


def closure(names: Iterable[str], edges: Edges) -> set[str]:
    """Give *names* and all that must come before them, near or far."""
    found: set[str] = set()
    open_names = list(names)
    while open_names:
        name = open_names.pop()
        if name not in found:
            found.add(name)
            open_names.extend(edges.get(name, ()))
    return found
