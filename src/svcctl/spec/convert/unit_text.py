"""Reads the text of systemd's units: keys, words, commands; see systemd.syntax(7)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

_JOINED = re.compile(r"\\\n(?:[ \t]*[#;].*\n)*")  # a line goes on, behind comments too
_BLANKS = " \t"
_LETTERS = dict(zip("abfnrtvs\\\"'", "\a\b\f\n\r\t\v \\\"'", strict=True))
_NUMBERS = re.compile(
    r"x(?P<x>[0-9a-fA-F]{2})|u(?P<u>[0-9a-fA-F]{4})|U(?P<U>[0-9a-fA-F]{8})|(?P<o>[0-3][0-7]{2})"
)
_LAST_CODE_POINT = 0x10FFFF
_MARKS = "-@:+!|"
_VARIABLE = re.compile(r"\$\$|\$\{(\w+)\}", re.ASCII)
_WHOLE_VARIABLE = re.compile(r"\$(\w+)", re.ASCII)
_SPECIFIER = re.compile(r"(?<!%)(?:%%)*%[a-zA-Z]")
_SHELL_SPECIAL = re.compile(r'([\\"$`])')


@dataclass(frozen=True, slots=True, kw_only=True)
class UnitCommand:
    """One command: the *marks* before it (``-@:+!``), its words, and as *shell* would take it.

    *shell* is empty where no variable is replaced; *specifiers*: some are left in the words.
    """

    marks: str
    words: tuple[str, ...]
    shell: str = ""
    specifiers: bool = False


def read(text: str) -> dict[str, list[str]]:
    """Give every value of every key, whatever its section; an empty one forgets those before it."""
    found: dict[str, list[str]] = {}
    for line in _JOINED.sub(" ", text).split("\n"):
        stripped = line.strip()
        if not stripped or stripped[0] in "#;[" or "=" not in stripped:
            continue
        key, _, value = (part.strip() for part in stripped.partition("="))
        if value:
            found.setdefault(key, []).append(value)
        else:
            found.pop(key, None)
    return found


def has_specifier(text: str) -> bool:
    """Say whether systemd would put something of its own into *text*: ``%i``, ``%h``..."""
    return bool(_SPECIFIER.search(text))


def plain(text: str) -> str:
    """Give *text* as systemd takes it where it takes no words: ``%%`` is ``%``."""
    return text.replace("%%", "%")


def words(text: str) -> list[str]:
    """Take *text* apart at blanks; quotes keep them, and a backslash works as in C.

    Raises ValueError for a quote that is not closed.
    """
    found: list[str] = []
    rest = text.lstrip(_BLANKS)
    while rest:
        word, rest = _word(rest)
        found.append(word)
        rest = rest.lstrip(_BLANKS)
    return found


def _word(text: str) -> tuple[str, str]:
    word, at, quote = "", 0, ""
    while at < len(text) and (quote or text[at] not in _BLANKS):
        sign = text[at]
        at += 1
        if sign == "\\":
            said, at = _escaped(text, at)
            word += said
        elif sign == quote:
            quote = ""
        elif sign in "'\"" and not quote:
            quote = sign
        else:
            word += sign
    if quote:
        raise ValueError(f"a quote is not closed in {text!r}")
    return word, text[at:]


def _escaped(text: str, at: int) -> tuple[str, int]:
    """Give what the escape at *at* (behind its backslash) stands for, and where it ends."""
    number = _NUMBERS.match(text, at)
    if number:
        base = 8 if number["o"] else 16
        code = int(number[number.lastgroup or 0].lstrip("xuU"), base)
        if 0 < code <= _LAST_CODE_POINT:
            return chr(code), number.end()
    letter = text[at : at + 1]
    return _LETTERS.get(letter, f"\\{letter}"), at + 1


def command(text: str) -> UnitCommand:
    """Read a command, such as the value of ``ExecStart=``; see systemd.service(5).

    Marks stand before the program, within its quotes too.  Raises ValueError for a quote that is
    not closed.
    """
    found = words(text) or [""]
    bare = found[0].lstrip(_MARKS)
    said = found[0].removesuffix(bare)
    found[0] = bare
    if "@" in said:
        del found[1:2]  # what the program is told it is called
    literal = ":" in said
    shell = "" if literal or not any(_has_variable(each) for each in found) else _shell(found)
    return UnitCommand(
        marks=said,
        words=tuple(_unescaped(each, dollars=not literal) for each in found),
        shell=shell,
        specifiers=any(has_specifier(each) for each in found),
    )


def _has_variable(word: str) -> bool:
    return bool(_WHOLE_VARIABLE.fullmatch(word)) or any(
        found[1] for found in _VARIABLE.finditer(word)
    )


def _unescaped(word: str, *, dollars: bool) -> str:
    return plain(word.replace("$$", "$") if dollars else word)


def _shell(found: Sequence[str]) -> str:
    """Give a line for sh that replaces variables where systemd would, and nothing else."""
    return " ".join(map(_for_shell, found))


def _for_shell(word: str) -> str:
    """Quote a word; only ``$NAME`` by itself is taken apart at blanks."""
    if _WHOLE_VARIABLE.fullmatch(word):
        return word
    return '"' + "".join(_parts(word)) + '"'


def _parts(word: str) -> Iterator[str]:
    at = 0
    for found in _VARIABLE.finditer(word):
        yield _SHELL_SPECIAL.sub(r"\\\1", plain(word[at : found.start()]))
        yield f"${{{found[1]}}}" if found[1] else "\\$"
        at = found.end()
    yield _SHELL_SPECIAL.sub(r"\\\1", plain(word[at:]))
