"""What is for nobody's eyes, told by the names it goes by and by its look."""

from __future__ import annotations

import re
from collections.abc import Iterable

HIDDEN = "***"
"""What stands where a secret was, and the repr of whatever hides itself."""

_WORDS = (
    r"pass(?:word|wd|phrase|code)?|pwd|secret|token|api_?key|(?:private|access|secret|signing)_?key"
    r"|key|auth|authori[sz]ation|bearer|cookie|session_?id|credential|cred|csrf|otp|pin|dsn|salt"
    r"|signature"
)
_SECRET_NAME = re.compile(
    rf"(?:^|[^a-z])(?:{_WORDS})s?(?:$|[^a-z])|password|passwd|secret|token|apikey|credential",
    re.IGNORECASE,
)
_FOLDERS = frozenset(("PWD", "OLDPWD"))  # of a shell; elsewhere pwd is a password
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_IN_URL = re.compile(r"(?<=://)[^/@\s'\"]+(?=@)")
_IN_HEADER = re.compile(r"\b(bearer|basic|digest)(\s+)[A-Za-z0-9._~+/=-]{8,}", re.IGNORECASE)
_NAMED = re.compile(r"""([A-Za-z0-9_-]{2,64})["']?\s{0,2}[=:]\s{0,2}""")
_VALUE = re.compile(r""""[^"\n]*"|'[^'\n]*'|[^\s,;&"'()\[\]{}]+""")
_OPTION = re.compile(r"(?<!\S)--?([A-Za-z][A-Za-z0-9_-]{1,63})[ \t]{1,4}(?!-)")


def is_secret_name(name: str) -> bool:
    """Say whether what goes by *name* (``db_password``, ``apiKey``) is for nobody's eyes."""
    if name in _FOLDERS:
        return False
    return _SECRET_NAME.search(_HUMP.sub("_", name)) is not None


def scrubbed(text: str) -> str:
    """Give *text* without what looks like a secret in it.

    Passwords in URLs, tokens after ``Bearer``, and the value in ``name=value``, ``name: value`` or
    ``--name value`` where the name is that of a secret.
    """
    text = _IN_URL.sub(HIDDEN, text)
    text = _IN_HEADER.sub(rf"\1\2{HIDDEN}", text)
    return _without_pairs(_without_pairs(text, _NAMED), _OPTION)


def _without_pairs(text: str, pair: re.Pattern[str]) -> str:
    shown, at = "", 0
    for found in pair.finditer(text):
        if found.start() >= at and is_secret_name(found[1]):
            value = _VALUE.match(text, found.end())
            if value is not None:
                shown += text[at : value.start()] + HIDDEN
                at = value.end()
    return shown + text[at:]


def without_pairs_of_words(words: Iterable[str]) -> list[str]:
    """Give the words of a command without what looks like a secret: ``--password``, ``x``."""
    shown: list[str] = []
    for each in words:
        before = shown[-1] if shown else ""
        is_value = before.startswith("-") and "=" not in before and not each.startswith("-")
        shown.append(HIDDEN if is_value and is_secret_name(before.lstrip("-")) else scrubbed(each))
    return shown
