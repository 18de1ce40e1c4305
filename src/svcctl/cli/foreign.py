"""Lets what programs wrote colour a terminal, but not drive it."""

from __future__ import annotations

import re

from svcctl.cli.output import Screen, printable

_COLOUR_CODE = re.compile(r"\x1b\[[0-9;:]*m")


def harmless(out: Screen, text: str) -> str:
    """Give *text* without control characters, colours aside; elsewhere bytes are bytes."""
    if not out.is_tty or text.isprintable():
        return text
    parts = [printable(each) for each in _COLOUR_CODE.split(text)]
    if not out.colour:
        return "".join(parts)
    codes = [*_COLOUR_CODE.findall(text), "\x1b[0m"]
    return "".join(part + code for part, code in zip(parts, codes, strict=True))
