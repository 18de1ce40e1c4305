"""Reads and prints values as people write them: ``"1m30s"``, ``"2GiB"``, ``"50%"``, argv."""

from __future__ import annotations

import re
import shlex
import warnings
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from svcctl.errors import SpecError, quoted
from svcctl.spec.names import SIGNALS, WINDOWS_SIGNALS, did_you_mean

_NUMBER = r"\d{1,20}(?:\.\d{1,40})?"
_DURATION = re.compile(rf"(?:({_NUMBER})(ms|us|[smhdw])\s*)+", re.ASCII)
_DURATION_PART = re.compile(rf"({_NUMBER})(ms|us|[smhdw])", re.ASCII)
_SIZE = re.compile(rf"({_NUMBER})\s*([KMGT]|[KMGT]iB|[KMGT]B|B)", re.ASCII | re.IGNORECASE)
_PERCENT = re.compile(rf"({_NUMBER})\s*%", re.ASCII)
_OCTAL = re.compile(r"0?[0-7]{1,3}")

_SECONDS = {
    "w": Decimal(604800),
    "d": Decimal(86400),
    "h": Decimal(3600),
    "m": Decimal(60),
    "s": Decimal(1),
    "ms": Decimal("0.001"),
    "us": Decimal("0.000001"),
}
_PRINTED = ("d", "h", "m", "s", "ms")
_POWERS = {"K": 1, "M": 2, "G": 3, "T": 4}
_LONGEST = 100 * 365.25 * 86400
_LARGEST = 2**63 - 1

_DURATION_HINT = 'write for example "500ms", "20s", "1m30s", "2h" or "1d"'
_SIZE_HINT = 'write for example "512K", "50M" or "2GiB" (1024), "50MB" (1000)'
_PERCENT_HINT = 'write for example "50%" of one core, or "200%" for two'


def parse_duration(value: object) -> float:
    """Give the seconds in *value*, such as ``"1m30s"``; of bare numbers only 0 has a meaning.

    Raises SpecError, with a hint, for anything else.
    """
    if _is_number(value):
        if value == 0:
            return 0.0
        problem = f"{value} has no unit"
        raise SpecError(problem, hint=f'write "{value}s" for seconds, "{value}ms", "{value}m"')
    text = value.strip() if isinstance(value, str) else ""
    if text == "0":
        return 0.0
    units = [unit for _, unit in _DURATION_PART.findall(text)]
    if not _DURATION.fullmatch(text) or len(units) != len(set(units)):
        raise SpecError(f"{show(value)} is not a duration", hint=_DURATION_HINT)
    seconds = sum(Decimal(number) * _SECONDS[unit] for number, unit in _DURATION_PART.findall(text))
    if seconds > _LONGEST:
        raise SpecError(f"{show(value)} is longer than 100 years", hint=_DURATION_HINT)
    return float(seconds)


def format_duration(seconds: float) -> str:
    """Print *seconds* so that :func:`parse_duration` gives exactly the same number again."""
    rest = Decimal(repr(seconds))
    if rest == 0:
        return "0s"
    if rest % _SECONDS["ms"] != 0:
        return _shortest(rest) + "s" if rest >= 1 else _shortest(rest / _SECONDS["us"]) + "us"
    text = ""
    for unit in _PRINTED:
        count, rest = divmod(rest, _SECONDS[unit])
        text += f"{count:f}{unit}" if count else ""
    return text


def parse_size(value: object) -> int:
    """Give the bytes in *value*: K, M, G, T and KiB... are powers of 1024, KB... of 1000.

    Raises SpecError, with a hint, for bare numbers other than 0 and for anything else.
    """
    if _is_number(value) and value == 0:
        return 0
    found = _SIZE.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        if _is_number(value):
            raise SpecError(f"{value} has no unit", hint=_SIZE_HINT)
        raise SpecError(f"{show(value)} is not a size", hint=_SIZE_HINT)
    number, unit = Decimal(found[1]), found[2].upper()
    thousand = 1000 if len(unit) == 2 else 1024
    size = number * thousand ** _POWERS.get(unit[0], 0)
    if size > _LARGEST:
        raise SpecError(f"{show(value)} is more than any machine has", hint=_SIZE_HINT)
    return int(size)


def format_size(size: int) -> str:
    """Print *size* bytes so that :func:`parse_size` gives exactly the same number again."""
    for unit, power in reversed(_POWERS.items()):
        if size and size % 1024**power == 0:
            return f"{size // 1024**power}{unit}"
    return f"{size}B"


def parse_percent(value: object) -> float:
    """Give the share in *value*: ``"50%"`` is 0.5. Raises SpecError, with a hint, for others."""
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    if found is None:
        if _is_number(value):
            raise SpecError(f"{value} has no unit", hint=_PERCENT_HINT)
        raise SpecError(f"{show(value)} is not a percentage", hint=_PERCENT_HINT)
    return float(Decimal(found[1]) / 100)


def format_percent(share: float) -> str:
    """Print *share* so that :func:`parse_percent` gives exactly the same number again."""
    return _shortest(Decimal(repr(share)) * 100) + "%"


def parse_octal(value: object) -> int:
    """Give the mode in *value*, octal digits in quotes, or raise SpecError."""
    if isinstance(value, str) and _OCTAL.fullmatch(value):
        return int(value, 8)
    raise SpecError(f"{show(value)} is not an octal mode", hint='write it in quotes: "027"')


def format_octal(mode: int) -> str:
    """Print *mode* as :func:`parse_octal` reads it."""
    return f"{mode:03o}"


def parse_command(value: object) -> tuple[str, ...]:
    """Give the argv in *value*: a list as it stands, a string split as a shell would.

    Raises SpecError for an empty command, an unclosed quote, or a list of anything but strings.
    """
    if isinstance(value, str):
        try:
            words = shlex.split(value)
        except ValueError as error:
            hint = "close the quote, or write the command as a list"
            raise SpecError(f"{show(value)} cannot be split: {error}", hint=hint) from error
    elif isinstance(value, list | tuple) and all(isinstance(word, str) for word in value):
        words = list(value)
    else:
        hint = 'write it as one string, or as a list of strings: ["/usr/bin/app", "--serve"]'
        raise SpecError(f"{show(value)} is not a command", hint=hint)
    if not words or not words[0]:
        raise SpecError("the command is empty", hint="leave the option out, or name a program")
    return tuple(words)


def parse_regex(value: object) -> str:
    """Give *value* back once it compiles as a Python regular expression, or raise SpecError."""
    if not isinstance(value, str):
        raise SpecError(f"{show(value)} is not a pattern", hint="write it in quotes")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            re.compile(value)
    except (re.error, OverflowError, RecursionError) as error:
        hint = "see https://docs.python.org/3/library/re.html#regular-expression-syntax"
        raise SpecError(f"{show(value)} is not a pattern: {error}", hint=hint) from error
    return value


def parse_quantity(value: object) -> float:
    """Give a finite number as it is, or the seconds of a duration; raises SpecError."""
    if _is_number(value) and isinstance(value, int | float) and abs(value) <= _LARGEST:
        return float(value)
    try:
        return parse_duration(value)
    except SpecError as error:
        hint = 'write for example 2000, 0.5 or "2s"'
        raise SpecError(f"{show(value)} is no number and no duration", hint=hint) from error


def parse_signal(value: object) -> str:
    """Give the signal's name as we write it (``TERM``) for ``SIGTERM`` or ``term`` as well."""
    name = value.strip().upper().removeprefix("SIG") if isinstance(value, str) else ""
    if name in SIGNALS or name in WINDOWS_SIGNALS:
        return name
    hint = (
        did_you_mean(name, (*SIGNALS, *WINDOWS_SIGNALS))
        or "write a name such as TERM, INT, HUP or USR1"
    )
    raise SpecError(f"{show(value)} is not a signal", hint=hint)


def show(value: object) -> str:
    """Quote *value* for a message, as TOML would, and not more of it than a person wants to see."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return str(value)
        case str():
            return quoted(value if len(value) <= 60 else value[:57] + "...")
        case dict():
            return "a table"
        case list() | tuple():
            return "a list"
        case None:
            return "nothing"
        case _:
            return f"{type(value).__name__} {value}"


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _shortest(number: Decimal) -> str:
    text = f"{number:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


PARSERS: dict[str, Callable[[object], object]] = {
    "duration": parse_duration,
    "size": parse_size,
    "percent": parse_percent,
    "command": parse_command,
    "regex": parse_regex,
    "octal": parse_octal,
    "signal": parse_signal,
    "quantity": parse_quantity,
}
"""How each kind of unit is read; all raise SpecError."""

FORMATS: dict[str, Callable[[Any], str]] = {
    "duration": format_duration,
    "size": format_size,
    "percent": format_percent,
    "octal": format_octal,
}
"""How each kind of unit that is no text is written."""
