"""The signals that ask the agent itself to stop."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from svcctl.ports import HostControls

_ASKING = (signal.SIGTERM, signal.SIGINT)


def hush_wakeups() -> None:
    """Let a flood of signals pass without a complaint on stderr for each that had no room.

    Nothing is lost by that: one SIGCHLD is as good as a thousand.  To be called after the loop's
    add_signal_handler, which sets the descriptor anew.
    """
    descriptor = signal.set_wakeup_fd(-1)
    signal.set_wakeup_fd(descriptor, warn_on_full_buffer=False)


@contextmanager
def stop_signals(call: Callable[[], None], *, hangup: bool = False) -> Iterator[None]:
    """Make *call* from the event loop at every SIGTERM and SIGINT while the block lasts.

    SIGHUP counts too with *hangup*; else it is ignored: an agent outlives the terminal it was
    started from.
    """
    loop = asyncio.get_running_loop()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    asking = (*_ASKING, signal.SIGHUP) if hangup else _ASKING
    for each in asking:
        loop.add_signal_handler(each, call)
    hush_wakeups()
    try:
        yield
    finally:
        for each in asking:
            loop.remove_signal_handler(each)
        signal.signal(signal.SIGHUP, before)


def ignore_stops() -> None:
    """Let all that asks for an end, or a reload, pass from now on: the end has come already.

    To be called in the event loop that has heard of them so far.
    """
    loop = asyncio.get_running_loop()
    for each in (*_ASKING, signal.SIGHUP):
        loop.remove_signal_handler(each)
        signal.signal(each, signal.SIG_IGN)


def heed_stops() -> None:
    """Undo :func:`ignore_stops`, for the program that takes the place of this one."""
    for each in (*_ASKING, signal.SIGHUP):
        signal.signal(each, signal.SIG_DFL)


def attach_reload(controls: HostControls) -> None:
    """Have SIGHUP reload the service of a host; to be called from its event loop."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, controls.reload)
    hush_wakeups()
