"""systemd says which units change, and how it is heard to end."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from svcctl.errors import SystemFault
from svcctl.system.systemd.bus import Systemctl
from svcctl.system.systemd.signals import hear_units

Write = Callable[[str, str], str]
DEADLINE = 60.0


def test_a_unit_that_changes_is_heard_of(unit: Write) -> None:
    name = unit("heard-of@me.service", "[Service]\nType=oneshot\nExecStart=/bin/false\n")

    async def hear() -> list[str]:
        said: list[str] = []
        begun, changed = asyncio.Event(), asyncio.Event()

        def heard(each: str) -> None:
            said.append(each)
            begun.set()
            if each == name:
                changed.set()

        async with asyncio.timeout(DEADLINE):
            hearing = asyncio.create_task(hear_units(heard, user=False))
            await begun.wait()
            await asyncio.to_thread(Systemctl().start, name)
            await changed.wait()
            hearing.cancel()
            await asyncio.wait({hearing})
        return said

    said = asyncio.run(hear())

    assert said[0] == ""
    assert name in said


def test_where_nobody_tells_of_units_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path=/nonexistent")

    with pytest.raises(SystemFault, match="no D-Bus"):
        asyncio.run(hear_units(lambda _: None, user=True))
