"""Reads the Event Log of Windows: from a bookmark on, and what is there already.

See https://learn.microsoft.com/windows/win32/api/winevt/ of which all calls here are.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from ctypes import wintypes
from dataclasses import dataclass
from functools import cache
from typing import Any

from svcctl.errors import SystemFault
from svcctl.system.windows.kernel import kernel32
from svcctl.system.windows.winapi import ERROR_INSUFFICIENT_BUFFER, declare, fault, library

ERROR_NO_MORE_ITEMS = 259
ERROR_TIMEOUT = 1460
_ERROR_INVALID_OPERATION = 4317  # what EvtNext says where nothing has come

_SUBSCRIBE_FUTURE, _SUBSCRIBE_OLDEST, _SUBSCRIBE_AFTER = 1, 2, 3
_QUERY_CHANNEL, _QUERY_FORWARD, _QUERY_REVERSE = 0x1, 0x100, 0x200
_RENDER_XML, _RENDER_BOOKMARK = 1, 2
_FORMAT_EVENT = 1
_BATCH = 64  # events at once
_INFINITE_FOR_LOCAL = 0xFFFF_FFFF
_AT_ONCE = 0
_SIGNALLED = 0


@dataclass(frozen=True, slots=True)
class Entry:
    """One event: as XML, and as a text for people (empty where nobody knows it)."""

    xml: str
    message: str


class EventFollow:
    """Events of a channel as they come, after *bookmark*; where that is empty at the end.

    *from_start*: or at the oldest.  *query* is XPath.  *save* is given the bookmark of what was
    acknowledged.  For one thread.  Raises as :func:`svcctl.system.windows.winapi.fault`.
    """

    def __init__(
        self,
        channel: str,
        query: str,
        *,
        bookmark: str,
        from_start: bool,
        save: Callable[[str], None],
    ) -> None:
        self._calls = wevtapi()
        self._messages = Messages(self._calls)
        self._save, self._changed = save, False
        self._signal = kernel32().CreateEventW(None, True, True, None)
        self._bookmark = self._calls.EvtCreateBookmark(bookmark or None)
        how = _SUBSCRIBE_OLDEST if from_start else _SUBSCRIBE_FUTURE
        self._events = self._calls.EvtSubscribe(
            *(None, self._signal, channel, query, self._bookmark if bookmark else None),
            *(None, None, _SUBSCRIBE_AFTER if bookmark else how),
        )
        if not self._events:
            code = ctypes.get_last_error()
            self.close()
            raise fault(f"channel '{channel}' cannot be followed", code)

    def take(self) -> list[Entry]:
        """Give the events that came."""
        kernel32().ResetEvent(self._signal)  # before looking: what comes meanwhile sets it again
        found = []
        for event in next_events(self._calls, self._events):
            found.append(self._messages.entry(event))
            self._calls.EvtUpdateBookmark(self._bookmark, event)
            self._calls.EvtClose(event)
            self._changed = True
        if found:
            kernel32().SetEvent(self._signal)
        return found

    def acknowledge(self) -> None:
        """Save where the channel was left."""
        if self._changed:
            self._save(rendered(self._calls, self._bookmark, _RENDER_BOOKMARK))
            self._changed = False

    def wait(self, seconds: float) -> None:
        """Come back when there may be more, or after *seconds*."""
        kernel32().WaitForSingleObject(self._signal, int(seconds * 1000))

    def close(self) -> None:
        """Follow no more."""
        for handle in (getattr(self, "_events", None), self._bookmark):
            if handle:
                self._calls.EvtClose(handle)
        self._messages.close()
        kernel32().CloseHandle(self._signal)


class Messages:
    """Finds the texts of events, which whoever wrote them has installed."""

    def __init__(self, calls: Any) -> None:  # noqa: ANN401 (what a DLL exports is known to nobody)
        self._calls = calls
        self._publishers: dict[str, int | None] = {}

    def entry(self, event: int) -> Entry:
        """Give what *event* says."""
        xml = rendered(self._calls, event, _RENDER_XML)
        return Entry(xml, self._text(event, publisher_of(xml)))

    def close(self) -> None:
        """Let go of what knows the texts."""
        for metadata in filter(None, self._publishers.values()):
            self._calls.EvtClose(metadata)
        self._publishers.clear()

    def _text(self, event: int, publisher: str) -> str:
        if publisher not in self._publishers:
            metadata = self._calls.EvtOpenPublisherMetadata(None, publisher, None, 0, 0)
            self._publishers[publisher] = metadata or None
        metadata = self._publishers[publisher]
        if not metadata:
            return ""
        size = wintypes.DWORD()
        arguments = (metadata, event, 0, 0, None, _FORMAT_EVENT)
        self._calls.EvtFormatMessage(*arguments, 0, None, ctypes.byref(size))
        if not size.value:
            return ""
        buffer = ctypes.create_unicode_buffer(size.value)
        done = self._calls.EvtFormatMessage(*arguments, size, buffer, ctypes.byref(size))
        return buffer.value if done else ""


def publisher_of(xml: str) -> str:
    """Give who wrote an event, by its XML."""
    _, _, rest = xml.partition("<Provider Name=")
    return rest[1:].partition(rest[:1])[0] if rest else ""


def past_events(channel: str, query: str, *, most: int | None = None) -> Iterator[Entry]:
    """Give the events that are there, the oldest first, or the last *most* of them."""
    calls = wevtapi()
    direction = _QUERY_FORWARD if most is None else _QUERY_REVERSE
    result = calls.EvtQuery(None, channel, query, _QUERY_CHANNEL | direction)
    if not result:
        raise fault(f"channel '{channel}' cannot be read", ctypes.get_last_error())
    messages = Messages(calls)
    try:
        if most is None:
            yield from _entries(calls, result, messages)
        else:
            found = _entries(calls, result, messages)
            last = [entry for _, entry in zip(range(most), found, strict=False)]
            yield from reversed(last)
    finally:
        messages.close()
        calls.EvtClose(result)


def _entries(calls: Any, result: int, messages: Messages) -> Iterator[Entry]:  # noqa: ANN401
    while events := next_events(calls, result):
        for event in events:
            entry = messages.entry(event)
            calls.EvtClose(event)
            yield entry


def next_events(calls: Any, result: int) -> list[int]:  # noqa: ANN401
    """Give the next events of a query or subscription; none where there are none by now."""
    handles = (wintypes.HANDLE * _BATCH)()
    count = wintypes.DWORD()
    if calls.EvtNext(result, _BATCH, handles, _AT_ONCE, 0, ctypes.byref(count)):
        return [handle for handle in handles[: count.value] if handle]
    code = ctypes.get_last_error()
    if code in {ERROR_NO_MORE_ITEMS, ERROR_TIMEOUT, _ERROR_INVALID_OPERATION}:
        return []
    raise fault("the Event Log cannot be read", code)


def rendered(calls: Any, handle: int, what: int) -> str:  # noqa: ANN401
    """Give an event or a bookmark as XML."""
    size, properties = wintypes.DWORD(), wintypes.DWORD()
    ends = ctypes.byref(size), ctypes.byref(properties)
    calls.EvtRender(None, handle, what, 0, None, *ends)
    code = ctypes.get_last_error()
    if code != ERROR_INSUFFICIENT_BUFFER:
        raise fault("an event cannot be read", code)
    buffer = ctypes.create_unicode_buffer(size.value // 2 + 1)
    if not calls.EvtRender(None, handle, what, size.value, buffer, *ends):
        raise fault("an event cannot be read", ctypes.get_last_error())
    return buffer.value


@cache
def wevtapi() -> Any:  # noqa: ANN401
    """Give wevtapi with signatures for what is called here; loaded once, and on Windows only."""
    if hasattr(library("ntdll"), "wine_get_version"):  # its wevtapi ends whoever calls it
        raise SystemFault("Wine has no Event Log", hint="use path, or Windows itself")
    dll = library("wevtapi")
    handle, text, dword = wintypes.HANDLE, ctypes.c_wchar_p, wintypes.DWORD
    dwords, pointer = ctypes.POINTER(wintypes.DWORD), ctypes.c_void_p
    declare(dll.EvtClose, wintypes.BOOL, handle)
    declare(dll.EvtCreateBookmark, handle, text)
    declare(dll.EvtUpdateBookmark, wintypes.BOOL, handle, handle)
    declare(
        dll.EvtSubscribe,
        *(handle, handle, handle, text, text, handle, pointer, pointer, dword),
    )
    declare(dll.EvtQuery, handle, handle, text, text, dword)
    declare(dll.EvtNext, wintypes.BOOL, handle, dword, pointer, dword, dword, dwords)
    declare(
        dll.EvtRender,
        *(wintypes.BOOL, handle, handle, dword, dword, pointer, dwords, dwords),
    )
    declare(dll.EvtOpenPublisherMetadata, handle, handle, text, text, dword, dword)
    declare(
        dll.EvtFormatMessage,
        *(wintypes.BOOL, handle, handle, dword, dword, pointer, dword, dword, text, dwords),
    )
    return dll
