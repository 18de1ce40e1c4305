"""Tells the words of a log line that stay from the values that change, by their look alone."""

from __future__ import annotations

import re

WILD = "<*>"
"""What stands in a template where a value was."""

LONGEST = 4096
"""Characters of a line that count."""

_MOST_TOKENS = 128
_MARK, _EDGE = "\x00", "\x01"

# a lone number may be followed by its unit: 1190 bytes (1.16 KB), 2 s, 1 day
_UNIT = re.compile(
    r"[kmgt]?b|[kmg]ib|bytes?|[numk]?s|ms|[mu]secs?|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?|[ap]m"
)
_LITERALS = frozenset(("true", "True", "TRUE", "false", "False", "FALSE"))
_NAMES_PEOPLE = frozenset(("user", "username", "account"))
_FUNCTION_WORD = re.compile(
    r"and|at|by|for|from|had|has|in|is|not|of|on|or|to|unknown|was|with", re.IGNORECASE
)
_DAY = r"(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*"
_MONTH = r"(?:Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec)[a-z]*"
_ZONE = r"(?:[A-Z]{3,4}\b(?:\s+\d{4})?)?"
_SOURCES = r"(?:cc|cpp|cs|cxx|go|hh|hpp|java|js|kt|php|py|rb|rs|scala|sh|ts)"
# what a line has that has such a value at all, which is soon known, and the values, which are not
_VALUES = tuple(
    (re.compile(sign).search, re.compile(value).sub)
    for sign, value in (
        # some words in quotation marks, behind the name of a value
        (r"=\ *[\"']", r"""(?<==)\ *(?:"[^"]*"|'[^']*')"""),
        # Sat Jun 11 03:28:22 EST 2005
        (
            rf"{_MONTH}\.?\s+\d",
            rf"\b(?:{_DAY},?\s+)?(?:\d{{1,2}}\s+)?{_MONTH}\.?\s+\d[\d:., ]*{_ZONE}",
        ),
        # a URL
        (r"://", r"""[a-zA-Z][\w+.-]*://[^\s"',;)\]]+"""),
        # a host and its port
        (
            r"\.[a-z]{2,}:\d",
            rf"(?<![\w.-])[\w-]+(?:\.[\w-]+)*\.(?!{_SOURCES}:)[a-z]{{2,}}:\d{{1,5}}\b",
        ),
        # one of many: LOCAL(0)
        (r"\(\d+\)", r"\b\w+\(\d+\)"),
        # a path
        (r"[\\/]", r"(?<![\w.])(?:[A-Za-z]:)?(?:[\\/][\w.$@%+~#&*=:-]+)+[\\/]?"),
    )
)
_SEPARATORS = re.compile(r"([\s\x01=:,;()\[\]{}\"'|<>]+)")
# com.example.Class and java.net are no hosts
_VALUE = re.compile(
    r"""(?:
      .*\d.*
    | [\w.+-]+@[\w-]+(?:\.[\w-]+)+
    | (?!(?:com|org|net|edu|java|javax|sun|io)\.)(?:
        (?:[\w-]+\.)+(?:com|net|org|edu|gov|mil|info|biz|local|lan|internal|localdomain)
      | (?:[\w-]+\.){2,}(?:au|br|ca|ch|cn|cz|de|es|eu|fr|hk|it|jp|kr|nl|pl|ru|se|tw|uk|us)
      )
    )""",
    re.VERBOSE | re.DOTALL,
)
_DIGIT = re.compile(r"\d")
_KEY = re.compile(r"[\[(\"'<{]?[A-Za-z_-]+[=:(\[]")


class Words(dict[str, str]):
    """Each word of a line, and what stands for it in the line's outline; at most *most* are kept.

    Only words without a digit are kept: there are few of them, and the others rarely come twice.
    """

    def __init__(self, most: int = 20_000) -> None:
        super().__init__()
        self._most = most

    def __missing__(self, word: str) -> str:
        if not word.isalpha():
            if word.isalnum():
                return "*"
            if _DIGIT.search(word):
                key = _KEY.match(word)
                return key[0] if key else "*"
        if len(self) >= self._most:
            self.clear()
        self[word] = known = "*" if word[0] in "/\\" else word
        return known


def tokens(line: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the words of *line*, `WILD` for each run of values, and what stands around them.

    What stands around them has one part more: before each word, and behind the last.  Only the
    first 4,096 characters and 128 words count.
    """
    found: list[str] = []
    before: list[str] = []
    around = left_out = previous = ""
    parts = _SEPARATORS.split(_marked(line[:LONGEST]))
    for at in range(0, len(parts), 2):
        word, gap = parts[at], parts[at - 1] if at else ""
        around += gap
        if not (word.isalpha() or word == _MARK or any(map(str.isalnum, word))):
            around += word
            continue
        wild = _is_value(word, gap, previous)
        previous = word.lower()
        if found and found[-1] == WILD and (wild or _UNIT.fullmatch(previous)):
            around, left_out = "", left_out + around
            continue
        if len(found) == _MOST_TOKENS:
            break
        found.append(WILD if wild else word)
        before.append(_unpaired(around, left_out))
        around = left_out = ""
    return tuple(found), (*before, _unpaired(around, left_out))


def _marked(line: str) -> str:
    """Put a mark where a value is known by more than its one word."""
    for has_any, substitute in _VALUES:
        if has_any(line):
            line = substitute(f"{_EDGE}{_MARK}{_EDGE}", line)
    return line


def _unpaired(around: str, left_out: str) -> str:
    """Leave out what closes a bracket or a quotation that was left out."""
    around = around.replace(_EDGE, "")
    for opened, closed in ("()", "[]", "{}", "<>", "''", '""'):
        if left_out.count(opened) % 2:
            around = around.replace(closed, "", 1)
    return around


def _is_value(word: str, gap: str, previous: str) -> bool:
    return (
        word == _MARK
        or gap.endswith("=")
        or (previous in _NAMES_PEOPLE and _FUNCTION_WORD.fullmatch(word) is None)
        or word in _LITERALS
        or (not word.isalpha() and _VALUE.fullmatch(word) is not None)
    )
