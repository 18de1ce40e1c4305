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
def stop_signals(
    call: Callable[[], None], *, hangup: bool = False, last: bool = False
) -> Iterator[None]:
    """Make *call* from the event loop at every SIGTERM and SIGINT while the block lasts.

    SIGHUP counts too with *hangup*; else it is ignored: an agent outlives the terminal it was
    started from.  *last*: the process ends after the block, and ignores all of them until then.
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
        with _held_back():
            for each in (*_ASKING, signal.SIGHUP):
                loop.remove_signal_handler(each)
            signal.signal(signal.SIGHUP, before)
            if last:
                _set_all(signal.SIG_IGN)


def heed_stops() -> None:
    """Ignore no signal any more, for the program that takes the place of this one."""
    _set_all(signal.SIG_DFL)


@contextmanager
def _held_back() -> Iterator[None]:
    """Let no signal come to this thread while nobody is there to take it."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, (*_ASKING, signal.SIGHUP))
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _set_all(action: signal.Handlers) -> None:
    for each in (*_ASKING, signal.SIGHUP):
        signal.signal(each, action)


def attach_reload(controls: HostControls) -> None:
    """Have SIGHUP reload the service of a host; to be called from its event loop."""
    on_hangup(controls.reload)


def on_hangup(call: Callable[[], None]) -> None:
    """Make *call* from the running event loop at every SIGHUP, until its signals are let go of."""
    asyncio.get_running_loop().add_signal_handler(signal.SIGHUP, call)
    hush_wakeups()
