"""Messages for the Event Log: a DLL that Windows itself reads, a source, and what is written.

Wine's Event Log cannot be read back: what would stand there is shown by the arguments of
ReportEventW, and by the texts that FormatMessageW makes of the DLL.
"""

from __future__ import annotations

import ctypes
import winreg
from collections.abc import Iterator
from ctypes import wintypes
from pathlib import Path
from typing import Any

import pytest

from svcctl.events import InstanceExited, PhaseChanged
from svcctl.system.windows import event_source
from svcctl.system.windows.event_log import EventLogWriter, declared
from svcctl.system.windows.event_messages import texts

_AS_DATA = 0x2  # LOAD_LIBRARY_AS_DATAFILE
_FROM_MODULE, _WITH_ARRAY = 0x800, 0x2000  # FORMAT_MESSAGE_FROM_HMODULE, ..._ARGUMENT_ARRAY
_LANGUAGES = (0x409, 0x804)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    event_source.unregister(str(tmp_path))


class Noted:
    """advapi32 whose calls to the Event Log are written down, and then made."""

    def __init__(self) -> None:
        self._real = declared(ctypes.WinDLL("advapi32", use_last_error=True))
        self.reports: list[tuple[int, int, list[str]]] = []
        self.sources: list[str] = []

    def RegisterEventSourceW(self, server: None, name: str) -> int:  # noqa: N802 - as Windows calls it
        self.sources.append(name)
        return int(self._real.RegisterEventSourceW(server, name))

    def DeregisterEventSource(self, source: int) -> int:  # noqa: N802
        return int(self._real.DeregisterEventSource(source))

    def ReportEventW(self, *words: Any) -> int:  # noqa: N802
        self.reports.append((words[1], words[3], list(words[7])))
        return int(self._real.ReportEventW(*words))


def test_windows_reads_every_message_in_every_language(folder: Path) -> None:
    event_source.register(str(folder))
    kernel = ctypes.WinDLL("kernel32", use_last_error=True)
    kernel.LoadLibraryExW.restype = wintypes.HMODULE
    kernel.LoadLibraryExW.argtypes = [ctypes.c_wchar_p, wintypes.HANDLE, wintypes.DWORD]
    kernel.FormatMessageW.argtypes = [
        *(wintypes.DWORD, wintypes.HMODULE, wintypes.DWORD, wintypes.DWORD),
        *(ctypes.c_wchar_p, wintypes.DWORD, ctypes.c_void_p),
    ]
    module = kernel.LoadLibraryExW(event_source.message_file(str(folder)), None, _AS_DATA)
    strings = (ctypes.c_wchar_p * 9)(*(f"<{number}>" for number in range(1, 10)))
    room = ctypes.create_unicode_buffer(4096)

    for language, messages in texts().items():
        for number, text in messages.items():
            size = kernel.FormatMessageW(
                _FROM_MODULE | _WITH_ARRAY, module, number, language, room, 4096, strings
            )

            assert size, (language, hex(number))
            assert "<1>" in room.value or "%1" not in text
    assert set(texts()) == set(_LANGUAGES)
    kernel.FreeLibrary.argtypes = [wintypes.HMODULE]
    kernel.FreeLibrary(module)


def test_a_source_is_registered_once_and_taken_away_without_a_trace(folder: Path) -> None:
    planned = event_source.acts(str(folder))
    event_source.register(str(folder))

    assert [each.kind for each in planned] == ["write", "set", "set", "set"]
    assert event_source.acts(str(folder)) == ()
    assert event_source.is_registered()
    with winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, event_source.KEY) as key:
        path = winreg.QueryValueEx(key, "EventMessageFile")[0]
        assert Path(path).is_file()

    event_source.unregister(str(folder))

    assert not event_source.is_registered()
    assert list(folder.iterdir()) == []


def test_what_an_operator_wants_to_know_is_written_with_its_level(folder: Path) -> None:
    event_source.register(str(folder))
    noted = Noted()
    writer = EventLogWriter(advapi32=lambda: noted)

    writer(
        PhaseChanged(
            at=1.0, service="web", instance="web", old="starting", new="running", reason=""
        )
    )
    writer(
        InstanceExited(
            at=2.0, service="web", instance="web", pid=7, code=3, signal=None, uptime=1.0
        )
    )
    writer(
        PhaseChanged(
            at=2.0, service="web", instance="web", old="backoff", new="failed", reason="gave up"
        )
    )
    writer.close()

    assert noted.sources == ["svcctl"]
    assert noted.reports
    assert all("web" in strings[0] for _, _, strings in noted.reports)
    assert noted.reports[-1][0] == 1  # EVENTLOG_ERROR_TYPE
