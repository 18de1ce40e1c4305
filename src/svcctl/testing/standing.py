"""Says where the tasks of a service under test wait, for whom they keep waiting."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from pathlib import Path
from types import FrameType

_OURS = "svcctl."


def standing(tasks: Iterable[asyncio.Task[object]]) -> str:
    """Name the line of the author's code in which each of *tasks* waits; our own are left out."""
    found = ((each.get_name(), _authors_frame(each)) for each in tasks)
    places = sorted(f"{name} waits at {_place(frame)}" for name, frame in found if frame)
    return "; ".join(places) or "none of its code waits"


def _authors_frame(task: asyncio.Task[object]) -> FrameType | None:
    """Give the innermost frame that is neither ours nor of the standard library."""
    waits: object = task.get_coro()
    found = None
    while waits is not None:
        frame: FrameType | None = (
            getattr(waits, "cr_frame", None)
            or getattr(waits, "ag_frame", None)
            or getattr(waits, "gi_frame", None)
        )
        if frame is not None and not _is_foreign(frame):
            found = frame
        waits = getattr(waits, "cr_await", None) or getattr(waits, "ag_await", None)
    return found


def _is_foreign(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", ""))
    return name.startswith((_OURS, "asyncio.", "contextlib"))


def _place(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_name}()"
