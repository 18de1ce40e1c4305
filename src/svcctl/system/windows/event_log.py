"""Tells the Event Log of Windows what an operator wants to know of services."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable
from ctypes import wintypes
from functools import cache
from typing import Any

from svcctl.events import Event
from svcctl.ports import Bus, Cancel
from svcctl.system.windows.event_messages import Entry, Narrative, Severity
from svcctl.system.windows.event_source import SOURCE
from svcctl.system.windows.winapi import declare, library

log = logging.getLogger(__name__)

_LEVELS = {Severity.ERROR: 1, Severity.WARNING: 2, Severity.INFORMATION: 4}  # EVENTLOG_…_TYPE


class EventLogWriter:
    """Writes entries for events; to be subscribed to a bus.

    It never raises: what the Event Log does not take is told to our own log, once.
    """

    def __init__(self, *, advapi32: Callable[[], Any] | None = None) -> None:
        self._calls = (advapi32 or _advapi32)()
        self._narrative = Narrative()
        self._source: int = self._calls.RegisterEventSourceW(None, SOURCE) or 0
        self._silent = False
        if not self._source:
            self._complain()

    def __call__(self, event: Event) -> None:
        """Write what there is to say of *event*."""
        entry = self._narrative.entry(event)
        if entry and self._source and not self.report(entry):
            self._complain()

    def report(self, entry: Entry) -> bool:
        """Write *entry*; say whether the Event Log took it."""
        message, strings = entry.message, (ctypes.c_wchar_p * len(entry.strings))(*entry.strings)
        return bool(
            self._calls.ReportEventW(
                *(self._source, _LEVELS[message.severity], 0, message.id, None),
                *(len(strings), 0, strings, None),
            )
        )

    def close(self) -> None:
        """Let go of the source; nothing is written any more."""
        if self._source:
            self._calls.DeregisterEventSource(self._source)
            self._source = 0

    def _complain(self) -> None:
        if not self._silent:
            self._silent = True
            log.warning("event-log.refused", extra={"error": ctypes.get_last_error()})


def subscribe(bus: Bus) -> Cancel:
    """Have the Event Log told of what *bus* carries, until the answer is called."""
    writer = EventLogWriter()
    forget = bus.subscribe(writer)

    def cancel() -> None:
        forget()
        writer.close()

    return cancel


@cache
def _advapi32() -> Any:  # noqa: ANN401 (what a DLL exports is known to nobody)
    return declared(library("advapi32"))


def declared(dll: Any) -> Any:  # noqa: ANN401
    """Give *dll*, which is advapi32 or stands for it, with the signatures of what is called."""
    handle, text = wintypes.HANDLE, ctypes.c_wchar_p
    declare(dll.RegisterEventSourceW, handle, text, text)
    declare(dll.DeregisterEventSource, wintypes.BOOL, handle)
    declare(
        dll.ReportEventW,
        *(wintypes.BOOL, handle, wintypes.WORD, wintypes.WORD, wintypes.DWORD, ctypes.c_void_p),
        *(wintypes.WORD, wintypes.DWORD, ctypes.POINTER(text), ctypes.c_void_p),
    )
    return dll
