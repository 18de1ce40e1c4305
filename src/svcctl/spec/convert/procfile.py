"""Procfiles: one ``name: command`` a line (https://devcenter.heroku.com/articles/procfile)."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

from svcctl.spec.draft import Draft, service_name

_LINE = re.compile(r"([A-Za-z0-9_-]+):\s*(.+)")
_FOR_SHELLS = frozenset("$`|&;<>()*?[]{}~#")


def find(folder: Path) -> list[Draft]:
    """Give a draft for each line of the Procfile in *folder*; none if there is none."""
    path = folder / "Procfile"
    if not path.is_file():
        return []
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines()
    found = (_LINE.fullmatch(line.strip()) for line in lines)
    return [_draft(each[1], each[2]) for each in found if each]


def _draft(kind: str, command: str) -> Draft:
    words = _words(command)
    return Draft(
        name=service_name(kind),
        exec=words or (command,),
        shell=not words,
        options={"type": "oneshot"} if kind == "release" else {},
        note=f"from Procfile: {kind}" + ("; set PORT in env" if "PORT" in command else ""),
    )


def _words(command: str) -> tuple[str, ...]:
    """Split a command no shell is needed for; give nothing for others."""
    if _FOR_SHELLS & set(command) or re.match(r"\w+=", command):
        return ()
    try:
        return tuple(shlex.split(command))
    except ValueError:
        return ()
