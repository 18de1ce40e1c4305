"""Says where the tasks and threads of a service under test stand, for whom they keep waiting."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FrameType


def standing(
    tasks: Iterable[asyncio.Task[object]], threads: Iterable[threading.Thread] = ()
) -> str:
    """Name the line of the author's code in which each stands; those in ours are left out."""
    found = [(each.get_name(), _innermost(_awaiting(each))) for each in tasks]
    found += [(f"thread {each.name}", _innermost(_calling(each))) for each in threads]
    places = sorted(f"{name} waits at {_place(frame)}" for name, frame in found if frame)
    return "; ".join(places) or "none of its code waits"


def _awaiting(task: asyncio.Task[object]) -> Iterator[FrameType]:
    """Give the frames of a task that waits, the outermost first."""
    waits: object = task.get_coro()
    while waits is not None:
        for kind in ("cr", "ag", "gi"):
            frame = getattr(waits, f"{kind}_frame", None)
            if isinstance(frame, FrameType):
                yield frame
        waits = getattr(waits, "cr_await", None) or getattr(waits, "ag_await", None)


def _calling(thread: threading.Thread) -> Iterator[FrameType]:
    """Give the frames of a thread, the outermost first."""
    frame = sys._current_frames().get(thread.ident or 0)
    frames: list[FrameType] = []
    while frame is not None:
        frames.append(frame)
        frame = frame.f_back
    return reversed(frames)


def _innermost(frames: Iterable[FrameType]) -> FrameType | None:
    """Give the last of *frames* that is of the author's own code."""
    found = None
    for each in frames:
        if not _is_foreign(each):
            found = each
    return found


def _is_foreign(frame: FrameType) -> bool:
    name = str(frame.f_globals.get("__name__", "")).partition(".")[0]
    return (
        name == "svcctl"
        or name in sys.stdlib_module_names
        or "site-packages" in Path(frame.f_code.co_filename).parts
    )


def _place(frame: FrameType) -> str:
    return f"{Path(frame.f_code.co_filename).name}:{frame.f_lineno} in {frame.f_code.co_name}()"
