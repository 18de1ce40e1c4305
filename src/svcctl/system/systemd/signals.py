"""Hears from systemd which units change, over D-Bus: needs the small library ``jeepney``."""

from __future__ import annotations

import re
from collections.abc import Callable

from jeepney import DBusAddress, HeaderFields, MatchRule, Message, message_bus, new_method_call
from jeepney.io.asyncio import open_dbus_connection

from svcctl.errors import SystemFault

_MANAGER = DBusAddress(
    "/org/freedesktop/systemd1",
    bus_name="org.freedesktop.systemd1",
    interface="org.freedesktop.systemd1.Manager",
)
_UNITS = "/org/freedesktop/systemd1/unit"
_MEMBER = "PropertiesChanged"
_CHANGED = MatchRule(
    type="signal",
    sender="org.freedesktop.systemd1",
    interface="org.freedesktop.DBus.Properties",
    member=_MEMBER,
    path_namespace=_UNITS,
)
_ESCAPED = re.compile("_([0-9a-f]{2})")


async def hear_units(heard: Callable[[str], None], *, user: bool) -> None:
    """Call *heard* with the name of every unit that changes, ``""`` first: from then on all are.

    *user*: those of this user's manager.  Comes back never; raises SystemFault where nobody tells
    of them, or no more.
    """
    try:
        connection = await open_dbus_connection("SESSION" if user else "SYSTEM")
    except (OSError, EOFError, KeyError, ValueError) as error:
        raise SystemFault(f"no D-Bus: {error}") from error
    try:
        await connection.send(message_bus.AddMatch(_CHANGED))
        await connection.send(new_method_call(_MANAGER, "Subscribe"))
        heard("")
        while True:
            if unit := _unit_of(await connection.receive()):
                heard(unit)
    except (OSError, EOFError) as error:
        raise SystemFault(f"D-Bus went away: {error}") from error
    finally:
        await connection.close()


def _unit_of(message: Message) -> str:
    """Give the unit that a message is about, empty for another message."""
    fields = message.header.fields
    folder, _, name = str(fields.get(HeaderFields.path, "")).rpartition("/")
    if folder != _UNITS or fields.get(HeaderFields.member) != _MEMBER:
        return ""
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), name)
