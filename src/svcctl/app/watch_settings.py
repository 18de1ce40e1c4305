"""Takes over what files say of logs that others keep: first the plan, then the deed."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol, cast

from svcctl.app.applying import Planned
from svcctl.errors import SpecError, UsageError
from svcctl.ports import Document

if TYPE_CHECKING:
    from svcctl.spec.watch import WatchSpec


class WatchKeeper(Protocol):
    """Whoever follows what is watched."""

    @property
    def kept(self) -> Mapping[str, Document]:
        """What was applied, by name."""

    def keep(self, name: str, document: Document | None) -> None:
        """Go on by *document*, as applied; None: it is watched no more."""


class WatchSettings:
    """The watches, as files say them and as *keeper* keeps them; a plan calls one ``[watch.x]``.

    No service can be called so.  *services* names those that are kept: no watch is called as one.
    """

    def __init__(
        self,
        keeper: WatchKeeper,
        *,
        services: Callable[[], Collection[str]],
        windows: bool,
    ) -> None:
        self._keeper, self._services, self._windows = keeper, services, windows

    def plan(self, wanted: object, files: Collection[str], *, prune: bool) -> list[Planned]:
        """See :class:`svcctl.app.applying.Settings`."""
        given, kept = _documents(wanted), self._keeper.kept
        if not given and not kept:
            return []
        for name in given:
            if name in self._services():
                hint = "give the watch another name"
                raise UsageError(f"there is a service {name!r}", hint=hint)
        read = {*files, *(path for each in given.values() for path in _sources(each))}
        planned = [self._planned(name, kept.get(name), each) for name, each in given.items()]
        change, action = ("removed", "take") if prune else ("orphaned", "none")
        gone = [name for name in kept if name not in given and _is_orphan(kept[name], read)]
        planned += [Planned(service=_title(name), change=change, action=action) for name in gone]
        return planned

    def take(self, wanted: object, planned: Iterable[Planned]) -> None:
        """See :class:`svcctl.app.applying.Settings`."""
        given = _documents(wanted)
        removed = {each.service for each in planned if each.change == "removed"}
        for name in [name for name in self._keeper.kept if _title(name) in removed]:
            self._keeper.keep(name, None)
        for name, document in given.items():
            self._keeper.keep(name, document)

    def remove(self, name: str) -> Planned:
        """Say what becomes of a watch that nobody wants any more."""
        return Planned(service=_title(name), change="removed", action="take")

    def _planned(self, name: str, kept: Document | None, wanted: Document) -> Planned:
        from svcctl.spec.diff import diff  # noqa: PLC0415 - where something is watched
        from svcctl.spec.watch_rules import watch_findings  # noqa: PLC0415

        try:
            new = _read(wanted)
        except SpecError as error:
            raise UsageError(error.problem, hint="see: svcctl check") from error
        for each in watch_findings(new, windows=self._windows):
            raise UsageError(each.problem, hint=each.hint)
        change = diff(_readable(kept), new)
        return Planned(
            service=_title(name),
            change=change.kind,
            action="none" if change.kind == "unchanged" else "take",
            changes=tuple((path, before, after) for path, before, after in change.options),
        )


def _title(name: str) -> str:
    return f"[watch.{name}]"


def _read(document: Document) -> WatchSpec:
    from svcctl.spec.canonical import parse_table  # noqa: PLC0415 - where something is watched
    from svcctl.spec.watch import WatchSpec  # noqa: PLC0415

    return parse_table(document["spec"], WatchSpec)


def _readable(kept: Document | None) -> WatchSpec | None:
    """Give what is in force, None where there is none or an earlier version wrote it."""
    try:
        return _read(kept) if kept else None
    except (SpecError, KeyError):
        return None


def _sources(document: Document) -> Mapping[str, str]:
    return cast("dict[str, str]", document.get("sources") or {})


def _is_orphan(kept: Document, files: Collection[str]) -> bool:
    """Say whether it came from *files*, or from files now gone, which no longer say it."""
    sources = _sources(kept)
    return bool(sources) and all(
        path in files or not os.path.exists(path)  # noqa: PTH110
        for path in sources
    )


def _documents(wanted: object) -> dict[str, Document]:
    """Read the ``watches`` argument of apply by name, or raise UsageError."""
    try:
        return {
            str(each["name"]): {
                "spec": cast("Document", each["spec"]),
                "revision": str(each["revision"]),
                "origins": cast("Document", each.get("origins") or {}),
                "sources": cast("Document", each.get("sources") or {}),
            }
            for each in cast("list[dict[str, object]]", wanted or [])
        }
    except (TypeError, KeyError, AttributeError) as error:
        raise UsageError("what is said of logs to watch is no definition") from error
