"""Lengths of time, sizes and moments as people say them."""

from __future__ import annotations

import time

_STEPS = ((86400, "d"), (3600, "h"), (60, "m"), (1, "s"))


def length(seconds: float) -> str:
    """Give a length of time in its two largest units: ``3d 4h``, ``12m 5s``, ``0.4s``."""
    if seconds < 1:
        return f"{max(seconds, 0):.1f}s"
    whole = int(seconds)
    for at, (unit, name) in enumerate(_STEPS):
        if whole >= unit:
            count, rest = divmod(whole, unit)
            if at + 1 < len(_STEPS) and (more := rest // _STEPS[at + 1][0]):
                return f"{count}{name} {more}{_STEPS[at + 1][1]}"
            return f"{count}{name}"
    return "0s"


def size(count: int) -> str:
    """Give bytes in a binary unit with three digits: ``512 B``, ``34.5 MiB``."""
    if count < 1024:
        return f"{count} B"
    amount = float(count)
    for unit in ("KiB", "MiB", "GiB", "TiB"):
        amount /= 1024
        if amount < 1000 or unit == "TiB":
            return f"{amount:.3g} {unit}" if amount < 1000 else f"{amount:.0f} {unit}"
    raise AssertionError(count)


def moment(at: float) -> str:
    """Give a point in time (seconds since 1970) as local time: ``2026-11-21 08:00:00``."""
    return time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))
