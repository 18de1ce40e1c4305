"""Brings what files may write in short into the one form a spec has; paths become absolute."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from svcctl.errors import quoted
from svcctl.spec.alerting import SECRET_OPTIONS
from svcctl.spec.layers import Tree
from svcctl.spec.locate import KeyPath
from svcctl.spec.python_service import settle_python
from svcctl.spec.report import Report
from svcctl.spec.shape import members
from svcctl.spec.shipping import SHIPPING_SECRETS, TlsSpec


def settle(tree: Tree, folder: Path, report: Report, *, windows: bool = False) -> None:
    """Settle the options of one service whose file stands in *folder*; *windows*: it runs there.

    Values of a wrong type stay as they are, for those who check types.
    """
    if "name" in tree.value:
        hint = "its name stands in the header: [services.NAME]"
        report.add(tree.spot(("name",)).mistake("unknown option 'name'", hint, key=True))
    _settle_command(tree)
    settle_python(tree, folder, report, windows=windows)
    if tree.value.get("instances") == "cpu":
        tree.value["instances"] = os.cpu_count() or 1
    tree.value.setdefault("cwd", str(folder))
    for path, mark in _PATHS.items():
        _settle_paths(tree, path, mark, report)


_PATHS: dict[KeyPath, str] = {
    ("cwd",): "",
    ("pid_file",): "",
    ("stdin",): "file:",
    ("secrets",): "file:",
    ("reload", "watch"): "",
    ("env_file",): "-",
    ("windows", "password"): "file:",
}
"""Options that are, or hold, paths, and what may stand before one; only ``file:`` must."""


def settle_common(tree: Tree, report: Report) -> None:
    """Settle what is said once for all services."""
    alerting = tree.value.get("alerting")
    channels = alerting.get("channels") if isinstance(alerting, dict) else None
    for name in channels if isinstance(channels, dict) else ():
        for option in SECRET_OPTIONS:
            _settle_paths(tree, ("alerting", "channels", name, option), "file:", report)
    shipping = tree.value.get("shipping")
    for name in shipping if isinstance(shipping, dict) else ():
        for option in SHIPPING_SECRETS:
            _settle_paths(tree, ("shipping", name, option), "file:", report)
        for option in members(TlsSpec):
            _settle_paths(tree, ("shipping", name, "tls", option), "", report)


def as_tables(tree: Tree) -> None:
    """Write out what may be written in short, so that layers can be merged.

    ``needs = ["db"]`` is ``needs = {db = "ready"}``, and ``detect = false`` is
    ``detect = {on = false}``.
    """
    _needs_as_table(tree)
    if isinstance(tree.value.get("detect"), bool):
        tree.spots[("detect", "on")] = tree.spot(("detect",))
        tree.value["detect"] = {"on": tree.value["detect"]}


def _needs_as_table(tree: Tree) -> None:
    needs = tree.value.get("needs")
    if not isinstance(needs, list) or not all(isinstance(name, str) for name in needs):
        return
    tree.value["needs"] = dict.fromkeys(needs, "ready")
    for number, name in enumerate(needs):
        tree.spots[("needs", name)] = tree.spot(("needs", number))


def _settle_command(tree: Tree) -> None:
    command = tree.value.get("exec")
    if tree.value.get("shell") is True and isinstance(command, str) and command.strip():
        tree.value["exec"] = [command]


def _settle_paths(tree: Tree, path: KeyPath, mark: str, report: Report) -> None:
    table: Any = tree.value
    for step in path[:-1]:
        table = table.get(step) if isinstance(table, dict) else None
    if not isinstance(table, dict) or path[-1] not in table:
        return

    def settled(value: object, at: KeyPath) -> object:
        if not isinstance(value, str):
            return value
        marked = mark != "" and value.startswith(mark)
        rest = value.removeprefix(mark) if marked else value
        if not rest or (mark == "file:" and not marked):
            return value
        spot = tree.spot(at)
        if rest.startswith("~"):
            hint = f"write {'${HOME}' + rest[1:]!r}"
            report.add(spot.mistake(f"{quoted(value)}: only a shell knows what ~ is", hint))
        absolute = os.path.normpath(spot.folder / rest)
        return mark + absolute if marked else absolute

    table[path[-1]] = _each(table[path[-1]], path, settled)


def _each(value: object, path: KeyPath, settled: Callable[[object, KeyPath], object]) -> object:
    match value:
        case dict():
            return {key: settled(each, (*path, key)) for key, each in value.items()}
        case list():
            return [settled(each, (*path, number)) for number, each in enumerate(value)]
        case _:
            return settled(value, path)
