"""Finds every ``[[watch]]`` of files, gives each its name, and brings it into its one form."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

from svcctl.spec.layers import Layer, Tree, tree_of
from svcctl.spec.locate import KeyPath
from svcctl.spec.notation import show
from svcctl.spec.report import Report
from svcctl.spec.source import File
from svcctl.spec.watch import WatchSpec
from svcctl.spec.watch_rules import watch_name

WATCH = "watch"
"""The key in files: a list of tables."""

_NO_PLAIN_UNIT = frozenset(".=*?[")
_KEPT_IN = ("path", "journal", "eventlog")


def watch_trees(files: Iterable[File], report: Report) -> dict[str, Tree]:
    """Give the options of every watch by its name, which is made where none is written."""
    trees: dict[str, Tree] = {}
    for file in files:
        given = file.document.get(WATCH, [])
        assert isinstance(given, list)
        for number, table in enumerate(given):
            place: KeyPath = (WATCH, number)
            if not isinstance(table, dict):
                problem = f"watch[{number}] is {show(table)}, not a table"
                report.add(file.mistake(place, problem, "write it as [[watch]]"))
                continue
            tree = tree_of(file, place, Layer.FILE)
            tree.table = WatchSpec
            name = _name(tree, number, report)
            if name in trees:
                hint = f'it is also in {_place(trees[name])}; add: name = "another"'
                problem = f"watch {name!r} is defined twice"
                report.add(tree.spot(("name",)).mistake(problem, hint, key=True))
            else:
                trees[name] = tree
    return trees


def settle_watch(tree: Tree, report: Report) -> None:
    """Make a list of what may be one text, and every path absolute.

    Values of a wrong type stay as they are, for those who check types.
    """
    for key in ("path", "journal"):
        value = tree.value.get(key)
        if isinstance(value, str):
            tree.value[key] = [value]
            tree.spots[key, 0] = tree.spot((key,))
    paths = tree.value.get("path")
    if isinstance(paths, list):
        tree.value["path"] = [
            _absolute(each, tree, ("path", at), report) for at, each in enumerate(paths)
        ]
    units = tree.value.get("journal")
    if isinstance(units, list):
        tree.value["journal"] = [_unit(each) for each in units]


def _name(tree: Tree, number: int, report: Report) -> str:
    """Take the name out of *tree*, or make one of where the log is kept."""
    written = tree.value.pop("name", None)
    if isinstance(written, str) and written:
        return written
    if written is not None:
        problem = f"watch[{number}].name: {show(written)} is no name"
        report.add(tree.spot(("name",)).mistake(problem, 'write for example: name = "nginx"'))
    kept = next((_first(tree.value[key]) for key in _KEPT_IN if tree.value.get(key)), "")
    return watch_name(kept) or f"watch-{number}"


def _first(value: Any) -> str:  # noqa: ANN401 (anything TOML can hold)
    found = value[0] if isinstance(value, list) else value
    return found if isinstance(found, str) else ""


def _absolute(value: object, tree: Tree, place: KeyPath, report: Report) -> object:
    if not isinstance(value, str) or not value.strip():
        return value
    if value.startswith("~"):
        hint = f"write {'${HOME}' + value[1:]!r}"
        problem = f"{show(value)}: only a shell knows what ~ is"
        report.add(tree.spot(place).mistake(problem, hint))
    return os.path.normpath(tree.spot(place).folder / value)


def _unit(value: object) -> object:
    """Give a unit its ending, as systemctl(1) does: ``nginx`` is ``nginx.service``."""
    if not isinstance(value, str) or not value or value[0] == "-" or set(value) & _NO_PLAIN_UNIT:
        return value
    return f"{value}.service"


def _place(tree: Tree) -> str:
    spot = tree.spot(())
    return f"{spot.shown}:{spot.origin.line}:{spot.origin.column}"
