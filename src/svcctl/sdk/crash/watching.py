"""Listens wherever Python tells of errors that nobody handled, and puts all back afterwards."""

from __future__ import annotations

import asyncio
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any

from svcctl.sdk.crash.fatal import fatal_signals
from svcctl.sdk.crash.reporter import Reporter


@contextmanager
def watching(reporter: Reporter) -> Iterator[None]:
    """Report what nobody handles, for as long as the block lasts.

    In a thread (threading.excepthook), in an asyncio task or callback (the exception handler of
    the loop that runs when the block is entered), in a finalizer (sys.unraisablehook), at the
    program's end (sys.excepthook) and by a fatal signal (faulthandler; told by the next start).
    Whoever listened before is told as well, and listens again afterwards.  What leaves the block is
    reported too; :meth:`Reporter.reporting` around ``run``, a job or an import says where it was.
    """
    with ExitStack() as stack:
        stack.enter_context(fatal_signals(reporter))
        stack.enter_context(_listening(sys, "excepthook", _uncaught(reporter)))
        stack.enter_context(_listening(sys, "unraisablehook", _finalizer(reporter)))
        stack.enter_context(_listening(threading, "excepthook", _thread(reporter)))
        stack.enter_context(_tasks(reporter))
        stack.enter_context(reporter.reporting("main"))
        yield


def _uncaught(reporter: Reporter) -> Callable[..., None]:
    def tell(_: type[BaseException], error: BaseException, __: object) -> None:
        reporter.report(error, where="main")

    return tell


def _finalizer(reporter: Reporter) -> Callable[..., None]:
    def tell(failed: sys.UnraisableHookArgs) -> None:
        name = getattr(failed.object, "__qualname__", None) or type(failed.object).__qualname__
        if failed.exc_value is not None:
            reporter.report(failed.exc_value, where=f"finalizer {name}")

    return tell


def _thread(reporter: Reporter) -> Callable[..., None]:
    def tell(failed: threading.ExceptHookArgs) -> None:
        name = failed.thread.name if failed.thread is not None else "unknown"
        if failed.exc_value is not None:
            reporter.report(failed.exc_value, where=f"thread {name}")

    return tell


@contextmanager
def _listening(module: ModuleType, hook: str, tell: Callable[..., None]) -> Iterator[None]:
    """Have *tell* called before the hook that is there."""
    before = getattr(module, hook)
    listens = True

    def told(*args: Any) -> None:  # noqa: ANN401 - each hook has arguments of its own
        if listens:
            tell(*args)
        before(*args)

    setattr(module, hook, told)
    try:
        yield
    finally:
        listens = False  # somebody may have wrapped ours, and keeps it
        if getattr(module, hook) is told:
            setattr(module, hook, before)


@contextmanager
def _tasks(reporter: Reporter) -> Iterator[None]:
    loop = _running_loop()
    if loop is None:
        yield
        return
    before = loop.get_exception_handler()

    def told(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        error = context.get("exception")
        if isinstance(error, BaseException):
            reporter.report(error, where=_place(context))
        if before is not None:
            before(loop, context)
        else:
            loop.default_exception_handler(context)

    loop.set_exception_handler(told)
    reporter.loop = loop
    try:
        yield
    finally:
        reporter.loop = None
        if loop.get_exception_handler() is told:
            loop.set_exception_handler(before)


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:  # there are no tasks to watch
        return None


def _place(context: dict[str, Any]) -> str:
    task = context.get("task") or context.get("future")
    if isinstance(task, asyncio.Task):
        return f"task {task.get_name()}"
    return f"callback {context.get('handle') or context.get('message', '')}"
