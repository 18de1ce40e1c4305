"""Finds out who has started this process, and speaks to him: the SCM, systemd, our agent, a person.

Everyone is told the same life in his own words: the SCM through its dispatcher, whoever set
``NOTIFY_SOCKET`` by sd_notify(3), a person on the terminal.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Protocol

from svcctl.errors import SpecError
from svcctl.ports import HostControls, HostPhase, HostReport
from svcctl.system.detect import Platform, platform

_FIRST_WORD = 20.0  # seconds in which a service is loaded, on a machine that is just booting

_FINAL = frozenset((0, SpecError.exit_status))  # whatever else it ends with, it is tried again

Attach = Callable[[HostControls], None]

Body = Callable[[HostReport, Attach], int]
"""Lives the service: given whom to report to and what to call with its controls, the exit status.

It is called once, before anything it alone needs is imported: the SCM waits 30 seconds.
"""


class Surroundings(Protocol):
    """Something that has a *body* live; see :func:`surrounded`, which is one."""

    def __call__(self, name: str, body: Body, *, pausable: bool, codes: frozenset[int]) -> int: ...


class Hurried(HostControls, Protocol):
    """Controls of something that can be told to make an end."""

    def hurry(self) -> None:
        """Stop, and cut at once what is under way."""


def surrounded(name: str, body: Body, *, pausable: bool, codes: frozenset[int]) -> int:
    """Have *body* live the service *name* for whoever has started us; give the exit status.

    *pausable*, *codes*: which controls the SCM may send.
    """
    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.dispatcher import dispatch  # noqa: PLC0415 - not there elsewhere
        from svcctl.system.windows.service_status import Taken  # noqa: PLC0415

        def settled(report: HostReport, attach: Attach) -> int:
            from svcctl.sdk.under_scm import settle  # noqa: PLC0415 - who else has a console

            settle(name)
            report.tell(HostPhase.STARTING, text="loading", within=_FIRST_WORD)
            return body(report, attach)

        taken = Taken(preshutdown=True, pausable=pausable, custom=codes)
        status = dispatch(
            name, settled, within=_FIRST_WORD, taken=taken, faults=_note, final=_FINAL
        )
        if status is not None:
            return status
    return body(_report(name), _unattached)


@contextmanager
def signals(controls: Hurried) -> Iterator[None]:
    """Hand the signals that this process gets to *controls*, within a running loop.

    The first that asks for an end stops in order, the second hurries; those that come when the
    block is left are too late: how it ended is for the exit status to say.
    """
    asked = 0

    def stop() -> None:
        nonlocal asked
        asked += 1
        if asked == 1:
            controls.stop(shutdown=False)
        else:
            controls.hurry()

    if platform() is Platform.WINDOWS:
        from svcctl.system.windows.console_signals import stop_signals  # noqa: PLC0415

        with stop_signals(stop, hurry=controls.hurry):
            yield
        return
    from svcctl.system.posix import signals as of_posix  # noqa: PLC0415

    with of_posix.stop_signals(stop, last=True):
        of_posix.attach_reload(controls)
        yield


def heed_signals() -> None:
    """Have signals end this process again: another run is about to begin in it."""
    if platform() is not Platform.WINDOWS:
        from svcctl.system.posix.signals import heed_stops  # noqa: PLC0415 - not there elsewhere

        heed_stops()


def for_any_thread(controls: HostControls) -> HostControls:
    """Give *controls* that may be used in any thread, for those of the running loop."""
    from svcctl.engine.other_thread import OtherThread  # noqa: PLC0415 - asyncio

    return OtherThread(controls)


class Terminal:
    """The report to a person, who reads it on stderr: a line for each phase."""

    def __init__(self, name: str) -> None:
        self._name, self._said = name, ""

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        """See :class:`svcctl.ports.HostReport`."""
        del phase, within
        if text != self._said:
            self._said = text
            sys.stderr.write(f"{self._name}: {text}\n")

    def reloading(self, *, over: bool) -> None:
        """See :class:`svcctl.ports.HostReport`."""
        if over:
            sys.stderr.write(f"{self._name}: reloaded\n")


def _report(name: str) -> HostReport:
    if not os.environ.get("NOTIFY_SOCKET"):
        return Terminal(name)
    from svcctl.system.systemd.report import SystemdReport  # noqa: PLC0415 - sockets, for those

    return SystemdReport(os.environ)


def _unattached(_: HostControls) -> None:
    """Have nobody who controls the service but by signals."""


def watchdog(environ: Mapping[str, str]) -> tuple[Pinged, float] | None:
    """Give who wants to hear that the service lives, and every how many seconds; None: nobody."""
    if not environ.get("NOTIFY_SOCKET"):
        return None
    from svcctl.system.systemd.report import SystemdReport, watchdog_interval  # noqa: PLC0415

    every = watchdog_interval(environ)
    return None if every is None else (SystemdReport(environ), every)


class Pinged(Protocol):
    """A report that takes signs of life."""

    def ping(self) -> None:
        """Say that this process lives."""


def _note(error: BaseException) -> None:
    import traceback  # noqa: PLC0415 - 1 MB that a sound service never needs

    traceback.print_exception(error, file=sys.stderr)
