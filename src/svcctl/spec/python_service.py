"""Gives a service that is named by ``python = "module:Name"`` the command that runs it."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from svcctl.errors import SpecError
from svcctl.spec.layers import Layer, Tree
from svcctl.spec.locate import KeyPath
from svcctl.spec.notation import show
from svcctl.spec.report import Report

ENTRY = "svcctl.sdk.entry"
"""The module that imports what ``python`` names, and lives it."""

_NAME = r"[^\W\d]\w*(?:\.[^\W\d]\w*)*"
_TARGET = re.compile(f"{_NAME}:{_NAME}")


def check_target(text: str) -> None:
    """Raise SpecError unless *text* names something in a module."""
    if not _TARGET.fullmatch(text):
        hint = 'write for example "package.module:Mailer"'
        raise SpecError(f"{show(text)} is not module:Name", hint=hint)


def settle_python(tree: Tree, folder: Path, report: Report, *, windows: bool) -> None:
    """Settle ``python`` into a command, whose file stands in *folder*, and its defaults.

    The service says by sd_notify(3) that it is ready, on Windows too, and reloads at a SIGHUP, or,
    where there is none, when it is asked.
    """
    target = tree.value.get("python")
    if not isinstance(target, str) or not target:
        _refuse_lone_interpreter(tree, report)
        return
    if "exec" in tree.value:
        problem = "a service takes one of exec and python"
        report.add(tree.spot(("python",)).mistake(problem, "leave one out", key=True))
        return
    interpreter = _interpreter(tree, folder)
    _default(tree, ("exec",), [interpreter, "-m", ENTRY, target])
    _default(tree, ("ready",), "notify")
    if windows or tree.value.get("manager") == "scm":
        return
    reload = tree.value.setdefault("reload", {})
    if isinstance(reload, dict) and not {"signal", "exec"} & reload.keys():
        _default(tree, ("reload", "signal"), "HUP")


def _interpreter(tree: Tree, folder: Path) -> str:
    """Give the Python: relative to the file where it is a path, else looked for where all are."""
    given = tree.value.get("interpreter")
    if not isinstance(given, str) or not given:
        return sys.executable
    if not os.path.dirname(given):  # noqa: PTH120 - "./python" is a path, though Path forgets it
        return given
    spot = tree.spot(("interpreter",))
    base = spot.folder if ("interpreter",) in tree.spots else folder
    tree.value["interpreter"] = os.path.normpath(base / given)
    return str(tree.value["interpreter"])


def _refuse_lone_interpreter(tree: Tree, report: Report) -> None:
    spot = tree.spots.get(("interpreter",))
    if spot is not None and "python" not in tree.value and spot.origin.layer is not Layer.DEFAULTS:
        hint = 'add for example: python = "package.module:Mailer"'
        report.add(spot.mistake("interpreter is only for python", hint, key=True))


def _default(tree: Tree, path: KeyPath, value: object) -> None:
    """Set the option at *path* unless it is there; it came from where ``python`` stands."""
    *tables, key = path
    table = tree.value
    for each in tables:
        table = table[str(each)]
    if str(key) not in table:
        table[str(key)] = value
        tree.spots[path] = tree.spot(("python",))
