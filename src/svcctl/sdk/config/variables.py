"""Layers that come as single texts: environment variables, ``.env`` lines and ``--set`` words.

``MAILER_SMTP__HOST`` is ``smtp.host`` for the prefix ``MAILER``; letter case does not count, but
for keys of maps.  Text is taken as it stands; where a field is no text, TOML is read: ``25``,
``true``, ``["a", "b"]``, ``{ host = "x" }``, or JSON.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from svcctl.errors import Mistake
from svcctl.sdk.config.outline import Kind, Shape, fields_of, shape_at
from svcctl.sdk.config.text import paths
from svcctl.spec.layers import Layer, Origin, Spot, Tree, forget
from svcctl.spec.locate import DEEPEST, KeyPath, path_text
from svcctl.spec.names import did_you_mean, nearest
from svcctl.spec.overrides import option_path
from svcctl.spec.report import Report

_LITERALS = frozenset((Kind.NUMBER, Kind.LITERAL, Kind.LIST, Kind.MAP, Kind.TABLE))
_SET_HINT = "write for example --set smtp.host=localhost"

_SLIP = 0.75  # as difflib counts: "perido" for "period" is 0.83
_DEEPEST_HINT = 6  # tables in tables that are looked through for what was meant


@dataclass(frozen=True, slots=True, kw_only=True)
class Variable:
    """A variable; *shown* says where it was set, *line* where in a file (0: in none)."""

    name: str
    value: str = field(repr=False)  # it may be a secret
    shown: str
    line: int = 0


def from_variables(kind: type, variables: Iterable[Variable], prefix: str, report: Report) -> Tree:
    """Give the layer that *variables* called ``PREFIX_...`` make.

    A variable of a file that means no field is a mistake; one of the process only if it looks
    like a slip, since others set variables too.
    """
    tree = Tree()
    start = f"{prefix}_".lower()
    whole = Shape(kind=Kind.TABLE, tables=(kind,))
    found: list[tuple[KeyPath, Variable]] = []
    for each in variables:
        if not prefix or not each.name.lower().startswith(start):
            continue
        rest = each.name[len(start) :]
        path = _path(kind, rest.split("__"))
        if shape_at(kind, path) is not None:
            found.append((path, each))
            continue
        near = nearest(path_text(path), _keys(whole)) if rest else ""
        if each.line or _is_slip(path_text(path), near):
            hint = f"did you mean {near!r}?" if near else ""
            problem = f"there is no field {path_text(path)!r}" if rest else "names no field"
            report.add(_spot(each).mistake(problem, hint))
    for path, each in sorted(found, key=lambda pair: len(pair[0])):  # a table before its fields
        _set(tree, path, meant(each.value, shape_at(kind, path)), _spot(each), report)
    return tree


def from_words(kind: type, words: Iterable[str], report: Report) -> Tree:
    """Give the layer that ``key=value`` *words* of the command line make; the last wins."""
    tree = Tree()
    for word in words:
        target, equals, text = word.partition("=")
        path = option_path(target.strip())
        shown = f"option --set {target.strip()}"
        if not equals or not path:
            shown = "option --set"
            report.add(Mistake(problem="names no key and value", hint=_SET_HINT, file=shown))
            continue
        if not all(isinstance(step, str) for step in path):
            hint = f'write for example --set {path[0]}=["a", "b"]'
            report.add(Mistake(problem="a list is set as a whole", hint=hint, file=shown))
            continue
        if shape_at(kind, path) is None:
            problem = f"there is no field {path_text(path)!r}"
            hint = did_you_mean(path_text(path), _keys(Shape(kind=Kind.TABLE, tables=(kind,))))
            report.add(Mistake(problem=problem, hint=hint, file=shown))
            continue
        spot = Spot(origin=Origin(layer=Layer.FLAG, file=shown), shown=shown, folder=Path())
        _set(tree, path, meant(text, shape_at(kind, path)), spot, report)
    return tree


def meant(text: str, shape: Shape | None) -> object:
    """Give what *text* says for a value of that *shape*."""
    if shape is None or shape.kind not in _LITERALS:
        return text
    try:
        document = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return _json(text)
    return document["value"] if len(document) == 1 else text


def _json(text: str) -> object:
    if not text.lstrip().startswith(("{", "[")):
        return text
    import json  # noqa: PLC0415 - TOML is what most write

    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return text


def _spot(variable: Variable) -> Spot:
    column = 1 if variable.line else 0
    origin = Origin(layer=Layer.ENVIRONMENT, file=variable.shown, line=variable.line, column=column)
    return Spot(origin=origin, shown=variable.shown, folder=Path())


def _path(kind: type, parts: list[str]) -> KeyPath:
    """Give the path that *parts* of a variable's name mean."""
    path: KeyPath = ()
    for part in parts[:DEEPEST]:
        shape = shape_at(kind, path)
        if shape is not None and shape.tables:
            by_lower = {key.lower(): key for key in fields_of(shape)}
            path = (*path, by_lower.get(part.lower(), part.lower()))
        elif shape is not None and shape.kind is Kind.MAP:
            path = (*path, part)
        else:
            path = (*path, part.lower())
    return path


def _is_slip(word: str, near: str) -> bool:
    """Say whether *word* is *near* but for a letter or two: names of others are longer.

    Kubernetes sets ``MAILER_SERVICE_HOST`` and its kin for a service called ``mailer``.
    """
    from difflib import SequenceMatcher  # noqa: PLC0415 - for mistakes only

    alike = bool(near) and abs(len(word) - len(near)) <= 1
    return alike and SequenceMatcher(None, word, near.lower()).ratio() >= _SLIP


def _set(tree: Tree, path: KeyPath, value: object, spot: Spot, report: Report) -> None:
    table: Any = tree.value
    for step in path[:-1]:
        table = table.setdefault(step, {})
        if not isinstance(table, dict):
            problem = f"{path_text(path)} cannot be set in what is no table"
            report.add(spot.mistake(problem))
            return
    forget(tree, path)
    table[path[-1]] = value
    tree.spots.update((inner, spot) for inner in paths(value, path))


def _keys(shape: Shape, path: KeyPath = ()) -> list[str]:
    found: list[str] = []
    for key, member in fields_of(shape).items():
        inner = (*path, key)
        found.append(path_text(inner))
        if len(inner) < _DEEPEST_HINT:
            found += _keys(member.shape, inner)
    return found
