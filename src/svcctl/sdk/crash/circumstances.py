"""What else was so when it crashed: versions, memory, threads, tasks."""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from functools import cache
from typing import TYPE_CHECKING

from svcctl import __version__
from svcctl.ports import Document
from svcctl.sdk.crash.frames import Frame, frames_of_awaits, frames_of_stack
from svcctl.sdk.redaction import shown_names, shown_text
from svcctl.spec.secrecy import HIDDEN, is_secret_name
from svcctl.system.detect import Platform, platform

if TYPE_CHECKING:
    import asyncio

_MOST_THREADS = 64
_MOST_TASKS = 200
_MOST_LIBRARIES = 400


def circumstances(loop: asyncio.AbstractEventLoop | None) -> Document:
    """Give what can be said of this process now; *loop* is the one whose tasks are told."""
    import platform as machine  # noqa: PLC0415 - loaded only by those who crash

    return {
        "pid": os.getpid(),
        "argv": list(shown_arguments(sys.orig_argv)),
        "folder": _folder(),
        "environment": shown_names(dict(os.environ)),
        "svcctl": __version__,
        "python": {
            "version": machine.python_version(),
            "implementation": machine.python_implementation(),
            "executable": sys.executable,
        },
        "platform": machine.platform(),
        "libraries": dict(_libraries()),
        "memory_bytes": own_memory(),
        "threads": _threads(),
        "tasks": _tasks(loop) if loop is not None else [],
    }


def own_memory() -> int:
    """Give the resident bytes of this process; 0 where the system does not tell."""
    match platform():
        case Platform.WINDOWS:
            from svcctl.system.windows import process as windows  # noqa: PLC0415

            usage = windows.own_usage()
        case _:
            from svcctl.system.posix import process as posix  # noqa: PLC0415

            usage = posix.own_usage()
    found = usage["memory_bytes"]
    return found if isinstance(found, int) else 0


def frame_documents(frames: Sequence[Frame]) -> list[Document]:
    """Give *frames* as JSON holds them; what is empty is left out."""
    return [{name: value for name, value in asdict(each).items() if value != {}} for each in frames]


def shown_arguments(argv: Sequence[str]) -> Iterator[str]:
    """Give *argv* without secrets: ``--password=x`` and ``--password x`` alike."""
    before = ""
    for each in argv:
        follows_secret = before.startswith("-") and "=" not in before and is_secret_name(before)
        yield HIDDEN if follows_secret else shown_text(each)
        before = each


def _folder() -> str:
    try:
        return os.getcwd()
    except OSError:  # it was removed under us
        return ""


@cache
def _libraries() -> tuple[tuple[str, str], ...]:
    """Give the installed packages with their versions; the same for as long as we run."""
    from importlib.metadata import distributions  # noqa: PLC0415 - it takes its time

    named = {each.name: each.version for each in distributions() if each.name}
    return tuple(sorted(named.items()))[:_MOST_LIBRARIES]


def _threads() -> list[Document]:
    frames = sys._current_frames()
    return [
        {
            "name": each.name,
            "daemon": each.daemon,
            "stack": frame_documents(frames_of_stack(frames.get(each.ident or 0))),
        }
        for each in threading.enumerate()[:_MOST_THREADS]
    ]


def _tasks(loop: asyncio.AbstractEventLoop) -> list[Document]:
    from asyncio import all_tasks  # noqa: PLC0415 - a loop is there, so this costs nothing

    tasks = sorted(all_tasks(loop), key=lambda each: each.get_name())
    return [
        {
            "name": each.get_name(),
            "stack": frame_documents(frames_of_awaits(each.get_coro())),
        }
        for each in tasks[:_MOST_TASKS]
    ]
