"""Writes numbers as people read them, so that a finding can be checked at a glance."""

from __future__ import annotations

from enum import StrEnum

_MIB = 1024**2


class Unit(StrEnum):
    """What a number counts."""

    NUMBER = ""
    BYTES = "bytes"
    BYTES_PER_SECOND = "bytes per second"
    PERCENT = "percent"
    SECONDS = "seconds"


def amount(value: float, unit: Unit, *, sign: bool = False) -> str:
    """Write *value*; with a *sign* where it is a difference."""
    plus = "+" if sign else ""
    match unit:
        case Unit.BYTES:
            return f"{value / _MIB:{plus}.1f} MiB"
        case Unit.BYTES_PER_SECOND:
            return f"{value / _MIB:{plus}.1f} MiB/s"
        case Unit.PERCENT:
            return f"{value:{plus}.0f} %"
        case Unit.SECONDS:
            return f"{value * 1000:{plus}.0f} ms"
        case _:
            return f"{value:{plus}.6g}"


def time_left(seconds: float) -> str:
    """Write how long something still takes."""
    if seconds < 100.0:
        return f"{seconds:.0f} s"
    if seconds < 6_000.0:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3_600:.1f} h"
