"""Lays the layers of a definition over each other and remembers which one each value came from.

built-in default < ``[defaults]`` < the service's own table < ``SVCCTL_SERVICES__...`` < ``--set``

Tables are merged key by key; lists and all else are replaced.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any

from svcctl.errors import Mistake
from svcctl.spec.locate import KeyPath, Position
from svcctl.spec.service import ServiceSpec
from svcctl.spec.source import File


class Layer(StrEnum):
    """Who set a value; the later win."""

    BUILT_IN = "built-in"
    DEFAULTS = "defaults"
    FILE = "file"
    ENVIRONMENT = "environment"
    FLAG = "flag"


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where a value came from.

    *file* is an absolute path; for the environment the name of the variable, for a flag the flag
    as it was given.  *line* and *column* count from 1; 0 where there are none.
    """

    layer: Layer
    file: str = ""
    line: int = 0
    column: int = 0

    def __str__(self) -> str:
        place = f"{self.file}:{self.line}:{self.column}" if self.line else self.file
        match self.layer:
            case Layer.FILE:
                return place
            case _:
                return f"{self.layer} {place}".rstrip()

    def document(self) -> dict[str, object]:
        """Give the origin as JSON can hold it, without what is not known."""
        known = {"file": self.file, "line": self.line, "column": self.column}
        return {"layer": str(self.layer), **{key: value for key, value in known.items() if value}}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """The place of one value: its *origin* (with the place of the key) and how messages name it.

    *folder* is where a relative path in the value starts from.
    """

    origin: Origin
    shown: str
    folder: Path
    value: Position | None = None

    def mistake(self, problem: str, hint: str = "", *, key: bool = False) -> Mistake:
        """Give a mistake about the value, or about its *key*."""
        line, column = self.origin.line, self.origin.column
        if self.value is not None and not key:
            line, column = self.value.line, self.value.column
        return Mistake(problem=problem, hint=hint, file=self.shown, line=line, column=column)


@dataclass(slots=True, kw_only=True)
class Tree:
    """The options of one service, or of whatever *table* is made of them, as written so far.

    *spots* has a place for every table, list and value in *value*; *dropped* are the paths of
    values taken out because they are mistakes, *suspected* those that such values may have meant.
    """

    value: dict[str, Any] = field(default_factory=dict)
    spots: dict[KeyPath, Spot] = field(default_factory=dict)
    dropped: set[KeyPath] = field(default_factory=set)
    suspected: set[KeyPath] = field(default_factory=set)
    table: type = ServiceSpec

    def spot(self, path: KeyPath) -> Spot:
        """Give the place of *path*, or of the nearest thing it would stand in."""
        while path not in self.spots and path:
            path = path[:-1]
        return self.spots[path]

    def drop(self, path: KeyPath) -> None:
        """Take out the value at *path*, or the list it is part of."""
        while path and not isinstance(path[-1], str):
            path = path[:-1]
        if any(path[:cut] in self.dropped for cut in range(len(path) + 1)):
            return
        self.dropped.add(path)
        table: Any = self.value
        for step in path[:-1]:
            table = table[step]
        table.pop(path[-1], None)

    def is_doubtful(self, path: KeyPath) -> bool:
        """Whether something at or within *path* was taken out, or may have been meant."""
        return any(each[: len(path)] == path for each in self.dropped | self.suspected)


def tree_of(file: File, path: KeyPath, layer: Layer) -> Tree:
    """Give the table at *path* of *file* as a tree of *layer*."""
    table: Any = file.document
    for step in path:
        table = table[step]
    cut = len(path)
    spots = {inner[cut:]: _spot(file, inner, layer) for inner in _paths(table, path)}
    dropped = {refused[cut:] for refused in file.refused if refused[:cut] == path}
    return Tree(value=table, spots=spots, dropped=dropped)


def lay_over(under: Tree, over: Tree) -> Tree:
    """Give what results when *over* has the last word; neither is changed."""
    tree = Tree(
        value=_copy(under.value), spots=dict(under.spots), dropped=under.dropped | over.dropped
    )
    _merge(tree, tree.value, over.value, ())
    tree.spots.update(over.spots)
    return tree


def forget(tree: Tree, path: KeyPath) -> None:
    """Forget the places of everything within *path*."""
    cut = len(path)
    for inner in [inner for inner in tree.spots if inner[:cut] == path]:
        del tree.spots[inner]


def _merge(tree: Tree, under: dict[str, Any], over: dict[str, Any], path: KeyPath) -> None:
    for key, value in over.items():
        before = under.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            _merge(tree, before, value, (*path, key))
            continue
        if isinstance(before, dict | list):
            forget(tree, (*path, key))
        under[key] = _copy(value)


def _copy(value: Any) -> Any:  # noqa: ANN401 (anything TOML can hold)
    match value:
        case dict():
            return {key: _copy(each) for key, each in value.items()}
        case list():
            return [_copy(each) for each in value]
        case _:
            return value


def _paths(value: object, path: KeyPath) -> Iterator[KeyPath]:
    yield path
    match value:
        case dict():
            for key, each in value.items():
                yield from _paths(each, (*path, key))
        case list():
            for number, each in enumerate(value):
                yield from _paths(each, (*path, number))


def _spot(file: File, path: KeyPath, layer: Layer) -> Spot:
    place = file.places.find(path)
    origin = Origin(layer=layer, file=str(file.path), line=place.key.line, column=place.key.column)
    return Spot(origin=origin, shown=file.shown, folder=file.folder, value=place.value)
