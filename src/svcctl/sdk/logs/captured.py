"""Takes over, for as long as a service runs, what a program says of itself elsewhere."""

from __future__ import annotations

import asyncio
import atexit
import logging
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType, TracebackType
from typing import Any

from svcctl.sdk.logs.bridges import Bridge, structlog_processor, warning_shower
from svcctl.sdk.logs.levels import Settings
from svcctl.sdk.logs.logger import Logger, Logs


@contextmanager
def captured(
    logs: Logs,
    *,
    loop: asyncio.AbstractEventLoop | None = None,
) -> Iterator[Logger]:
    """Let flow into *logs* what else the program says, until the block ends.

    That is standard ``logging`` (whose levels follow ours), structlog where it is imported already,
    warnings, and errors nobody caught: of the program, a thread, a task of *loop*, a ``__del__``.
    Hooks that somebody had put in before are called after ours.  At the end all is as it was,
    but for hooks that were replaced meanwhile.  SIGTERM, where nobody handles it, and the end of
    the interpreter flush the log before they go on.
    """
    log = logs.logger()
    with ExitStack() as stack:
        stack.enter_context(_standard_logging(logs, log))
        stack.enter_context(_structlog(log))
        shower = warning_shower(log)
        stack.enter_context(_replaced(warnings, "showwarning", shower))
        stack.enter_context(_uncaught(log))
        if loop is not None:
            stack.enter_context(_tasks(log, loop))
        stack.enter_context(_flushed_at_the_end(logs))
        yield log


@contextmanager
def _standard_logging(logs: Logs, log: Logger) -> Iterator[None]:
    """Make ours the only handler of the root logger, and have the levels follow."""
    root, bridge = logging.getLogger(), Bridge(log)
    before, root.handlers = root.handlers, [bridge]
    levels = _FollowedLevels()
    cancel = logs.levels.watch(levels.follow)
    try:
        yield
    finally:
        cancel()
        levels.restore()
        root.handlers = [*before, *(each for each in root.handlers if each is not bridge)]
        bridge.close()


class _FollowedLevels:
    """Sets the levels of standard loggers as ours are set, and remembers what they were."""

    def __init__(self) -> None:
        self._before: dict[str, int] = {}

    def follow(self, settings: Settings) -> None:
        for name in self._before.keys() - settings.keys():
            logging.getLogger(name).setLevel(self._before.pop(name))
        for name, level in settings.items():
            found = logging.getLogger(name)
            self._before.setdefault(name, found.level)
            found.setLevel(level)

    def restore(self) -> None:
        self.follow({})


@contextmanager
def _structlog(log: Logger) -> Iterator[None]:
    """Take the place of the last processor, the one that writes: others may hide secrets."""
    structlog: Any = sys.modules.get("structlog")
    if structlog is None:
        yield
        return
    before = structlog.get_config() if structlog.is_configured() else None
    own = before["processors"][:-1] if before else [structlog.contextvars.merge_contextvars]
    structlog.configure(processors=[*own, structlog_processor(log)])
    try:
        yield
    finally:
        structlog.reset_defaults()
        if before is not None:
            structlog.configure(**before)


@contextmanager
def _replaced(place: object, name: str, ours: object) -> Iterator[None]:
    """Put *ours* there; at the end what was there before, unless somebody else put his."""
    before = getattr(place, name)
    setattr(place, name, ours)
    try:
        yield
    finally:
        if getattr(place, name) is ours:
            setattr(place, name, before)


@contextmanager
def _uncaught(log: Logger) -> Iterator[None]:
    """Write what reaches the hooks of the interpreter."""
    program, thread, unraisable = sys.excepthook, threading.excepthook, sys.unraisablehook

    def of_program(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if isinstance(error, Exception):
            log.critical("error.uncaught", where="program", exc_info=error)
        if program is not sys.__excepthook__ or not isinstance(error, Exception):
            program(kind, error, trace)

    def of_thread(args: threading.ExceptHookArgs) -> None:
        if args.exc_value is not None and not isinstance(args.exc_value, SystemExit):
            name = args.thread.name if args.thread else ""
            log.error("error.uncaught", where="thread", thread=name, exc_info=args.exc_value)
        if thread is not threading.__excepthook__:
            thread(args)

    def of_nobody(args: sys.UnraisableHookArgs) -> None:
        fields = {"where": "unraisable", "object": args.object, "problem": args.err_msg}
        log.error("error.uncaught", exc_info=args.exc_value, **fields)
        if unraisable is not sys.__unraisablehook__:
            unraisable(args)

    with (
        _replaced(sys, "excepthook", of_program),
        _replaced(threading, "excepthook", of_thread),
        _replaced(sys, "unraisablehook", of_nobody),
    ):
        yield


@contextmanager
def _tasks(log: Logger, loop: asyncio.AbstractEventLoop) -> Iterator[None]:
    """Write what reaches the handler of the event loop."""
    before = loop.get_exception_handler()

    def handle(found: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        task = context.get("task") or context.get("future")
        fields = {"where": "task", "problem": context.get("message")}
        if isinstance(task, asyncio.Task):
            fields["task"] = task.get_name()
        log.error("error.uncaught", exc_info=context.get("exception"), **fields)
        if before is not None:
            before(found, context)

    loop.set_exception_handler(handle)
    try:
        yield
    finally:
        if loop.get_exception_handler() is handle:
            loop.set_exception_handler(before)


@contextmanager
def _flushed_at_the_end(logs: Logs) -> Iterator[None]:
    """Flush when the interpreter ends, and before a SIGTERM that nobody handles ends it."""
    atexit.register(logs.flush)
    with _before_sigterm(logs.flush):
        try:
            yield
        finally:
            atexit.unregister(logs.flush)
            logs.flush()


@contextmanager
def _before_sigterm(act: Callable[[], None]) -> Iterator[None]:
    in_main = threading.current_thread() is threading.main_thread()
    if not in_main or signal.getsignal(signal.SIGTERM) is not signal.SIG_DFL:
        yield
        return

    def end(number: int, frame: FrameType | None) -> None:
        del frame
        act()
        signal.signal(number, signal.SIG_DFL)
        os.kill(os.getpid(), number)

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        if signal.getsignal(signal.SIGTERM) is end:
            signal.signal(signal.SIGTERM, signal.SIG_DFL)
