"""The same orders over D-Bus, without a process for each: needs the small library ``jeepney``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import TracebackType
from typing import Any, Self

from jeepney import DBusAddress, HeaderFields, MessageType, new_method_call
from jeepney.io.blocking import DBusConnection, open_dbus_connection

from svcctl.errors import SystemFault
from svcctl.system.signal_names import signal_number
from svcctl.system.systemd.bus import PROPERTIES, Systemctl, refusal, unless_loaded, version_number

_MANAGER = DBusAddress(
    "/org/freedesktop/systemd1",
    bus_name="org.freedesktop.systemd1",
    interface="org.freedesktop.systemd1.Manager",
)
_PEER = DBusAddress(
    _MANAGER.object_path, bus_name=_MANAGER.bus_name, interface="org.freedesktop.DBus.Peer"
)
_PROPERTIES = "org.freedesktop.DBus.Properties"
_UNIT = "org.freedesktop.systemd1.Unit"
_OWN = {"service": "org.freedesktop.systemd1.Service", "timer": "org.freedesktop.systemd1.Timer"}
_PATIENCE = 30.0  # seconds systemd gets to take an order
_MANY = 8  # units of which a command tells sooner: of 50 in 60 ms of CPU, here in 180, in 150 calls


class SystemdDbus:
    """A connection to systemd; *user*: to the manager of this user instead of the machine's.

    A context manager, for who does not need it as long as the process lives.
    Raises SystemFault where nobody answers.
    """

    def __init__(self, *, user: bool = False) -> None:
        try:
            self._bus: DBusConnection = open_dbus_connection("SESSION" if user else "SYSTEM")
        except (OSError, KeyError, ValueError) as error:
            raise SystemFault(f"no D-Bus: {error}") from error
        self._call(_PEER, "Ping", None, ())
        self._command = Systemctl(user=user)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bus.close()

    def properties(self, units: Sequence[str]) -> dict[str, dict[str, str]]:
        """See :class:`svcctl.system.systemd.bus.SystemdBus`."""
        if len(units) >= _MANY:
            return self._command.properties(units)
        return {unit: self._properties(unit) for unit in units}

    def _properties(self, unit: str) -> dict[str, str]:
        (path,) = self._ask("LoadUnit", "s", unit)
        found: dict[str, str] = {}
        for interface in (_UNIT, _OWN[unit.rpartition(".")[2]]):
            address = DBusAddress(path, bus_name=_MANAGER.bus_name, interface=_PROPERTIES)
            (table,) = self._call(address, "GetAll", "s", (interface,))
            found |= {name: _text(said) for name, (_, said) in table.items() if name in PROPERTIES}
        return found

    def reload_units(self) -> None:
        """See :class:`svcctl.system.systemd.bus.SystemdBus`."""
        self._ask("Reload", None)

    def start(self, unit: str) -> None:
        """See :class:`svcctl.system.systemd.bus.SystemdBus`."""
        self._ask("StartUnit", "ss", unit, "replace")

    def stop(self, unit: str) -> None:
        """See :class:`svcctl.system.systemd.bus.SystemdBus`."""
        self._ask("StopUnit", "ss", unit, "replace")

    def restart(self, unit: str) -> None:
        """See :class:`svcctl.system.systemd.bus.SystemdBus`."""
        self._ask("RestartUnit", "ss", unit, "replace")

    def reload(self, unit: str) -> None:
        """See :class:`svcctl.system.systemd.bus.SystemdBus`."""
        self._ask("ReloadUnit", "ss", unit, "replace")

    def kill(self, unit: str, signal: str) -> None:
        """See :class:`svcctl.system.systemd.bus.SystemdBus`."""
        self._ask("KillUnit", "ssi", unit, "main", signal_number(signal))

    def version(self) -> int:
        """See :class:`svcctl.system.systemd.bus.SystemdBus`."""
        ask = ("org.freedesktop.systemd1.Manager", "Version")
        ((_, said),) = self._call(
            DBusAddress(_MANAGER.object_path, bus_name=_MANAGER.bus_name, interface=_PROPERTIES),
            "Get",
            "ss",
            ask,
        )
        return version_number(str(said))

    def reset_failed(self, unit: str) -> None:
        """See :class:`svcctl.system.systemd.bus.SystemdBus`."""
        with unless_loaded():
            self._ask("ResetFailedUnit", "s", unit)

    def enable(self, units: Iterable[str]) -> None:
        """See :class:`svcctl.system.systemd.bus.SystemdBus`."""
        self._ask("EnableUnitFiles", "asbb", list(units), False, True)

    def disable(self, units: Iterable[str]) -> None:
        """See :class:`svcctl.system.systemd.bus.SystemdBus`."""
        self._ask("DisableUnitFiles", "asb", list(units), False)

    def _ask(self, method: str, signature: str | None, *arguments: object) -> tuple[Any, ...]:
        return self._call(_MANAGER, method, signature, arguments)

    def _call(
        self,
        address: DBusAddress,
        method: str,
        signature: str | None,
        arguments: tuple[object, ...],
    ) -> tuple[Any, ...]:
        message = new_method_call(address, method, signature, arguments)
        try:
            reply = self._bus.send_and_get_reply(message, timeout=_PATIENCE)
        except (OSError, TimeoutError) as error:
            raise SystemFault(f"systemd does not answer over D-Bus: {error}") from error
        if reply.header.message_type is MessageType.error:
            name = reply.header.fields.get(HeaderFields.error_name, "")
            said = str(reply.body[0]) if reply.body else ""
            raise refusal(method, f"{said} ({name})")
        body: tuple[Any, ...] = reply.body
        return body


def _text(said: object) -> str:
    """Give a property as ``systemctl show`` prints it."""
    match said:
        case bool():
            return "yes" if said else "no"
        case list():
            return " ".join(map(str, said))
        case int() if said == 2**64 - 1:
            return "[not set]"
        case _:
            return str(said)
