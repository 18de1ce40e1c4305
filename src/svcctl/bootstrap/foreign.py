"""Reads services of the system's own manager that svcctl did not install."""

from __future__ import annotations

import os
from typing import Any

from svcctl.errors import NotAvailable, UnknownService
from svcctl.spec.draft import Draft
from svcctl.system.detect import native_manager


def foreign_draft(name: str) -> Draft:
    """Give a first version of the native service *name*; raises UnknownService where none is."""
    match native_manager():
        case "systemd":
            return _from_systemd(name)
        case "scm":
            return _from_scm(name)
        case other:
            raise NotAvailable(
                f"services of {other or 'this system'} cannot be read",
                hint="svcctl add NAME -- COMMAND",
            )


def _from_systemd(name: str) -> Draft:
    from svcctl.spec.convert.systemd_unit import draft  # noqa: PLC0415 - one of the two
    from svcctl.system.systemd.bus import Systemctl  # noqa: PLC0415

    unit = name if "." in name else f"{name}.service"
    text = Systemctl().cat(unit)
    if text is None:
        raise UnknownService(f"systemd has no unit {unit!r}", hint="systemctl list-unit-files")
    return draft(unit, text)


def _from_scm(name: str) -> Draft:
    from svcctl.spec.convert.windows_service import Found, draft  # noqa: PLC0415 - one of the two
    from svcctl.system.windows.scm_database import ScmDatabase  # noqa: PLC0415

    config = ScmDatabase().read(name)
    found = Found(
        name=name,
        command=config.command,
        display_name=config.display_name,
        description=config.description,
        start=str(config.start),
        account=config.account,
        dependencies=config.dependencies,
        environment=tuple(_strings(_value(name, "", "Environment"))),
        parameters=_parameters(name),
    )
    return draft(found, is_file=os.path.isfile)


def _parameters(name: str) -> dict[str, object]:
    """Give the values of the key ``Parameters``, and the default of its key ``AppExit``."""
    import winreg  # noqa: PLC0415 - Windows only

    registry: Any = winreg
    found: dict[str, object] = {}
    try:
        with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, rf"{_ROOT}\{name}\Parameters") as key:
            for number in range(registry.QueryInfoKey(key)[1]):
                value, data, _ = registry.EnumValue(key, number)
                found[value] = data
    except FileNotFoundError:
        return {}
    default = _value(name, r"\Parameters\AppExit", "")
    return found | ({"AppExit": default} if isinstance(default, str) else {})


def _value(name: str, key: str, value: str) -> object:
    import winreg  # noqa: PLC0415 - Windows only

    registry: Any = winreg
    try:
        with registry.OpenKey(registry.HKEY_LOCAL_MACHINE, rf"{_ROOT}\{name}{key}") as opened:
            data: object = registry.QueryValueEx(opened, value)[0]
            return data
    except FileNotFoundError:
        return None


def _strings(value: object) -> list[str]:
    return [str(each) for each in value] if isinstance(value, list) else []


_ROOT = r"SYSTEM\CurrentControlSet\Services"
