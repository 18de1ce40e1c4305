"""Which services svcctl has handed to the system's own manager: a file each for its host."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeVar

from svcctl.errors import StateFault, UnknownService
from svcctl.ports import Applied

_SUFFIX = ".json"
_Member = TypeVar("_Member")


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """A service as *manager* (``scm``, ``systemd``, ``launchd``) keeps it.

    *enabled*: it starts by itself.
    """

    applied: Applied
    manager: str
    enabled: bool
    scope: str = "system"


class Registrations:
    """The registrations in *folder*; every change is whole or not made at all."""

    def __init__(self, folder: str) -> None:
        self._folder = folder

    def names(self, manager: str | None = None) -> list[str]:
        """Give the names of the services kept by *manager*, or by any, sorted."""
        try:
            found = os.listdir(self._folder)
        except FileNotFoundError:
            return []
        names = sorted(each.removesuffix(_SUFFIX) for each in found if each.endswith(_SUFFIX))
        return [name for name in names if manager is None or self.read(name).manager == manager]

    def path(self, name: str) -> str:
        """Give the file that stands for the service *name*."""
        return os.path.join(self._folder, f"{name}{_SUFFIX}")

    def read(self, name: str) -> Registration:
        """Give a registration; raises UnknownService, or StateFault where it is unreadable."""
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return _registration(name, json.load(file))
        except FileNotFoundError:
            raise UnknownService(f"no native service {name!r}", hint="svcctl status") from None
        except (OSError, ValueError, KeyError, RecursionError, TypeError) as error:
            raise StateFault(
                f"'{self.path(name)}' cannot be read: {error}",
                hint=f"install it anew: svcctl install {name}",
            ) from error

    def write(self, registration: Registration, *, reader: int | None = None) -> None:
        """Put a registration there, for the group with the id *reader* to read as well (POSIX)."""
        os.makedirs(self._folder, mode=0o711, exist_ok=True)
        if reader is not None:
            _let_pass(os.path.dirname(self._folder))
        path = self.path(registration.applied.name)
        draft = f"{path}.new"
        with open(draft, "w", encoding="utf-8", newline="\n") as file:
            if hasattr(os, "fchmod"):
                os.fchmod(file.fileno(), 0o600 if reader is None else 0o640)
            if reader is not None:
                os.chown(draft, -1, reader)
            file.write(self.text(registration))
            file.flush()
            os.fsync(file.fileno())
        os.replace(draft, path)
        _sync_folder(self._folder)

    def delete(self, name: str) -> None:
        """Take a registration away; one that is not there is no error."""
        try:
            os.unlink(self.path(name))
        except FileNotFoundError:
            return
        _sync_folder(self._folder)

    @staticmethod
    def text(registration: Registration) -> str:
        """Give exactly what stands in the file of *registration*."""
        applied = registration.applied
        document = {
            "manager": registration.manager,
            "scope": registration.scope,
            "enabled": registration.enabled,
            "revision": applied.revision,
            "spec": applied.spec,
            "origins": applied.origins,
            "sources": dict(applied.sources),
        }
        return json.dumps(document, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def _registration(name: str, document: Mapping[str, object]) -> Registration:
    """Read what :meth:`Registrations.text` gave; raises KeyError or TypeError otherwise."""
    sources = _member(document, "sources", dict)
    if not all(isinstance(each, str) for each in sources.values()):
        raise TypeError("the digests of its sources are no texts")
    return Registration(
        applied=Applied(
            name=name,
            spec=_member(document, "spec", dict),
            revision=_member(document, "revision", str),
            origins=_member(document, "origins", dict),
            sources=sources,
        ),
        manager=_member(document, "manager", str),
        enabled=_member(document, "enabled", bool),
        scope=_member(document, "scope", str),
    )


def _member(document: Mapping[str, object], name: str, kind: type[_Member]) -> _Member:
    value = document[name]
    if not isinstance(value, kind):
        raise TypeError(f"its {name} is {value!r}")
    return value


def _let_pass(folder: str) -> None:
    """Let every account pass through *folder*, though not look into it."""
    mode = stat.S_IMODE(os.stat(folder).st_mode)
    if mode | 0o011 != mode:
        os.chmod(folder, mode | 0o011)  # noqa: S103 - to pass is all it allows


def _sync_folder(folder: str) -> None:
    """Make a rename in *folder* survive a power failure, where folders can be opened at all."""
    try:
        descriptor = os.open(folder, os.O_RDONLY)
    except PermissionError:  # Windows opens no folder, and orders renames by itself
        return
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
