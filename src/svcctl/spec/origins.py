"""Tells for every value of a spec which layer it came from."""

from __future__ import annotations

from collections.abc import Hashable
from functools import cache

from svcctl.spec.layers import Layer, Origin, Tree
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.shape import Kind, members, shape_at

_BUILT_IN = Origin(layer=Layer.BUILT_IN)


def origins_of(tree: Tree) -> dict[str, Origin]:
    """Give the origin of each value by its path, such as ``stop.timeout``, ``health[0].tcp``.

    Tables of free keys (``env``) and lists of tables have a path for each thing in them, and one of
    their own only while they are empty; other lists have one.
    """
    found = dict.fromkeys(_leaves((), tree.table), _BUILT_IN)
    for path in sorted(tree.spots, key=len):
        shape = shape_at(tree.table, path)
        if not path or shape is None:
            continue
        if shape.kind is Kind.TABLE:
            if isinstance(path[-1], int) or shape.optional or _is_map(tree.table, path[:-1]):
                found.pop(path_text(path), None)
                found.pop(path_text(path[:-1]), None)
                found.update(dict.fromkeys(_leaves(path, shape.of), _BUILT_IN))
        elif isinstance(path[-1], str):
            if _is_map(tree.table, path[:-1]):
                found.pop(path_text(path[:-1]), None)
            found[path_text(path)] = tree.spots[path].origin
    return found


def _is_map(table: type, path: KeyPath) -> bool:
    shape = shape_at(table, path)
    return shape is not None and shape.kind is Kind.MAP


@cache
def _leaves(path: KeyPath, table: Hashable) -> tuple[str, ...]:
    """Give the path of every option in *table* that is no table itself."""
    assert isinstance(table, type)
    found: list[str] = []
    for key, member in members(table).items():
        if member.shape.kind is Kind.TABLE and not member.shape.optional:
            found += _leaves((*path, key), member.shape.of)
        elif not member.required:
            found.append(path_text((*path, key)))
    return tuple(found)
