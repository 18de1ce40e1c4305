"""Writes texts so that systemd reads the same: systemd.syntax(7) and systemd.service(5)."""

from __future__ import annotations

from collections.abc import Sequence

_PLAIN = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+./:=,@^")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r"}


def command(argv: Sequence[str]) -> str:
    """Give a command line that is exactly *argv*: no variable, no specifier is replaced in it."""
    return " ".join(word(each, dollars=True) for each in argv)


def word(text: str, *, dollars: bool = False) -> str:
    """Give one word; *dollars*: where ``$`` would begin a variable."""
    doubled = text.replace("%", "%%")
    if dollars:
        doubled = doubled.replace("$", "$$")
    if text and set(doubled) <= _PLAIN | {"%", "$"}:
        return doubled
    return f'"{"".join(map(_escaped, doubled))}"'


def value(text: str) -> str:
    """Give a text for an option that takes the rest of its line, such as ``Description=``."""
    return " ".join(text.replace("%", "%%").split()).rstrip("\\")  # else the next line joins it


def path(text: str) -> str:
    """Give a path for an option that takes one, such as ``WorkingDirectory=``."""
    return text.replace("%", "%%")


def _escaped(sign: str) -> str:
    if sign in _ESCAPES:
        return _ESCAPES[sign]
    return f"\\x{ord(sign):02x}" if ord(sign) < 0x20 or ord(sign) == 0x7F else sign
