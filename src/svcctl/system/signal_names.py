"""Signals by the names people write: ``TERM``, ``SIGHUP``, ``RTMIN+3``."""

from __future__ import annotations

import signal

from svcctl.errors import UsageError


def signal_number(name: str) -> int:
    """Give the number of the signal called *name*, or raise UsageError."""
    short = name.upper().removeprefix("SIG")
    base, plus, offset = short.partition("+")
    try:
        number = int(signal.Signals[f"SIG{base}"])
    except KeyError:
        raise _unknown(name) from None
    if not plus:
        return number
    if base != "RTMIN" or not offset.isdecimal() or number + int(offset) > signal.SIGRTMAX:
        raise _unknown(name)
    return number + int(offset)


def signal_name(number: int) -> str:
    """Give the name of a signal, without ``SIG``."""
    try:
        return signal.Signals(number).name.removeprefix("SIG")
    except ValueError:
        return f"RTMIN+{number - signal.SIGRTMIN}"


def _unknown(name: str) -> UsageError:
    return UsageError(f"there is no signal '{name}'", hint="see them all: kill -l")
