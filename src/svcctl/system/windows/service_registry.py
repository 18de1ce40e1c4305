"""What stands in the registry about a service and the SCM does not tell: variables, NSSM's keys."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

from svcctl.spec.convert.nssm import NssmSettings

_ROOT = r"SYSTEM\CurrentControlSet\Services"


def environment(name: str) -> tuple[str, ...]:
    """Give the ``NAME=value`` entries that Windows starts the service *name* with."""
    found = _values(name).get("Environment")
    return tuple(map(str, found)) if isinstance(found, list) else ()


def nssm_settings(name: str) -> NssmSettings:
    """Give what NSSM keeps of the service *name*; nothing where it does not."""
    events = {
        f"{event}/{moment}": str(command)
        for event in _keys(name, r"\Parameters\AppEvents")
        for moment, command in _values(name, rf"\Parameters\AppEvents\{event}").items()
    }
    return NssmSettings(
        parameters=_values(name, r"\Parameters"),
        exits={code: str(what) for code, what in _values(name, r"\Parameters\AppExit").items()},
        events=events,
    )


def _values(name: str, below: str = "") -> dict[str, object]:
    r"""Give the values of the key of a service, or of one *below* it (``\Parameters``)."""
    return dict(_each_value(rf"{_ROOT}\{name}{below}"))


def _each_value(path: str) -> Iterator[tuple[str, object]]:
    """Give each value; those with references to variables (``%ProgramFiles%``) without them."""
    import winreg  # noqa: PLC0415 - Windows only

    with suppress(FileNotFoundError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
        for number in range(winreg.QueryInfoKey(key)[1]):
            value, found, kind = winreg.EnumValue(key, number)
            if kind == winreg.REG_EXPAND_SZ and isinstance(found, str):
                found = winreg.ExpandEnvironmentStrings(found)
            yield value, found


def _keys(name: str, below: str) -> list[str]:
    """Give the names of the keys in one *below* that of a service."""
    import winreg  # noqa: PLC0415 - Windows only

    path = rf"{_ROOT}\{name}{below}"
    with suppress(FileNotFoundError), winreg.OpenKey(winreg.HKEY_LOCAL_MACHINE, path) as key:
        return [winreg.EnumKey(key, number) for number in range(winreg.QueryInfoKey(key)[0])]
    return []
