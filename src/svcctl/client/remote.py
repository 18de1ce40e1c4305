"""Which agents elsewhere are known by which name, as a document; read for every command."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, cast

from svcctl.errors import StateFault, UnknownService, UsageError

HERE = "local"
"""The name that always means this machine."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_VERSION = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Remote:
    """An agent elsewhere: *url* is that of its HTTP interface.

    *ca* is a file of those who vouch for its certificate, empty: those the system trusts.  *cert*
    and *key* are files that show who asks.
    """

    name: str
    url: str
    ca: str = ""
    cert: str = ""
    key: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Contexts:
    """The agents elsewhere that have a name, and which of them is asked unless told otherwise."""

    known: Mapping[str, Remote] = field(default_factory=dict)
    current: str = ""

    def find(self, name: str) -> Remote:
        """Give the one called *name*; raises UnknownService."""
        found = self.known.get(name)
        if found is not None:
            return found
        from svcctl.spec.names import did_you_mean  # noqa: PLC0415 - for mistakes only

        hint = did_you_mean(name, self.known) or "svcctl ctx add NAME --url https://HOST:PORT"
        raise UnknownService(f"no context {name!r}", hint=hint)

    def matching(self, pattern: str) -> list[Remote]:
        """Give those whose names fit a glob, or the one of that name; raises UnknownService."""
        if not any(sign in pattern for sign in "*?["):
            return [self.find(pattern)]
        from fnmatch import fnmatchcase  # noqa: PLC0415 - for globs only

        found = [each for name, each in self.known.items() if fnmatchcase(name, pattern)]
        if not found:
            raise UnknownService(f"no context fits {pattern!r}", hint="svcctl ctx list")
        return found

    def added(self, remote: Remote) -> Contexts:
        """Give them with *remote*, instead of one of that name; raises UsageError."""
        if not _NAME.fullmatch(remote.name) or remote.name == HERE:
            hint = f"letters, digits and '.-_', at most 64 of them; {HERE!r} is this machine"
            raise UsageError(f"{remote.name!r} cannot name a context", hint=hint)
        known = dict(sorted({**self.known, remote.name: remote}.items()))
        return replace(self, known=known)

    def removed(self, name: str) -> Contexts:
        """Give them without the one called *name*; raises UnknownService."""
        self.find(name)
        known = {each: remote for each, remote in self.known.items() if each != name}
        return Contexts(known=known, current="" if self.current == name else self.current)

    def using(self, name: str) -> Contexts:
        """Give them with *name* asked from now on, or this machine; raises UnknownService."""
        return replace(self, current="" if name == HERE else self.find(name).name)

    def document(self) -> dict[str, object]:
        """Give what :func:`contexts_of` reads."""
        known = {name: _only_said(each) for name, each in self.known.items()}
        return {"version": _VERSION, "current": self.current, "contexts": known}


def _only_said(remote: Remote) -> dict[str, str]:
    return {key: value for key, value in asdict(remote).items() if value and key != "name"}


def contexts_of(document: object) -> Contexts:
    """Read what was written; raises StateFault for what is no such document."""
    try:
        found = cast("Mapping[str, Any]", document)
        if found["version"] != _VERSION:
            raise ValueError("it was written by a later version")
        known = {
            str(name): Remote(name=str(name), **{key: str(value) for key, value in each.items()})
            for name, each in found["contexts"].items()
        }
        current = str(found.get("current") or "")
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise StateFault(f"they are no contexts: {error}") from error
    return Contexts(known=known, current=current if current in known else "")
