"""Takes over a table that is said once for all services: first the plan, then the deed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable, Iterator
from typing import TYPE_CHECKING, Protocol, cast

from svcctl.app.applying import Planned
from svcctl.errors import SpecError, UsageError
from svcctl.ports import Document

if TYPE_CHECKING:
    from svcctl.spec.common import CommonSpec


class TableKeeper(Protocol):
    """Whoever goes by what a table says."""

    @property
    def kept(self) -> Document:
        """What was applied: ``spec``, ``origins`` and ``sources``; empty where nothing was."""

    def keep(self, document: Document | None) -> None:
        """Go on by *document*, as applied; None: the table is no more."""


class KeptTable:
    """The table *name*, as files say it and as *keeper* keeps it; a plan calls it ``[name]``.

    No service can be called so.  Of a table of tables each has a line of its own in a plan.
    """

    def __init__(self, name: str, keeper: TableKeeper) -> None:
        self._name, self._keeper = name, keeper

    def plan(self, wanted: object, files: Collection[str], *, prune: bool) -> list[Planned]:
        """See :class:`svcctl.app.applying.Settings`."""
        kept = self._keeper.kept
        if wanted is not None:
            return list(self._planned(kept, self._document(wanted)))
        if not kept or not _is_orphan(kept, files):
            return []
        change, action = ("removed", "take") if prune else ("orphaned", "none")
        return [Planned(service=f"[{self._name}]", change=change, action=action)]

    def take(self, wanted: object, planned: Iterable[Planned]) -> None:
        """See :class:`svcctl.app.applying.Settings`."""
        if wanted is not None:
            self._keeper.keep(self._document(wanted))
        elif any(each.change == "removed" for each in planned):
            self._keeper.keep(None)

    def _planned(self, kept: Document, wanted: Document) -> Iterator[Planned]:
        from svcctl.app.verbs import VERBS  # noqa: PLC0415 - agents that do
        from svcctl.spec.common_rules import common_findings  # noqa: PLC0415

        try:
            new = self._read(wanted)
        except SpecError as error:
            raise UsageError(error.problem, hint="see: svcctl check") from error
        for each in common_findings(new, {self._name}, verbs={verb.name for verb in VERBS}):
            raise UsageError(each.problem, hint=each.hint)
        before, after = self._parts(self._readable(kept)), self._parts(new)
        for name in dict.fromkeys((*before, *after)):
            yield _row(name, before.get(name), after.get(name))

    def _read(self, document: Document) -> CommonSpec:
        from svcctl.spec.canonical import parse_table  # noqa: PLC0415 - as above
        from svcctl.spec.common import CommonSpec  # noqa: PLC0415

        return parse_table({self._name: document["spec"]}, CommonSpec)

    def _readable(self, kept: Document) -> CommonSpec | None:
        """Give what is in force, None where there is none or an earlier version wrote it."""
        try:
            return self._read(kept) if kept else None
        except (SpecError, KeyError):
            return None

    def _parts(self, spec: CommonSpec | None) -> dict[str, object]:
        """Give what is planned for itself, by its name."""
        found = getattr(spec, self._name, None)
        if isinstance(found, dict):
            return {f"[{self._name}.{name}]": each for name, each in found.items()}
        return {} if found is None else {f"[{self._name}]": found}

    def _document(self, wanted: object) -> Document:
        """Read what was handed over, or raise UsageError."""
        found = wanted if isinstance(wanted, dict) else {}
        document = {name: found.get(name) or {} for name in ("origins", "sources")}
        if "spec" not in found or not all(isinstance(each, dict) for each in document.values()):
            raise UsageError(f"what is said of {self._name} is no definition")
        return document | {"spec": found["spec"]}


def _row(name: str, old: object, new: object) -> Planned:
    from svcctl.spec.diff import diff  # noqa: PLC0415 - agents that do

    change = diff(old, new)
    return Planned(
        service=name,
        change=change.kind,
        action="none" if change.kind == "unchanged" else "take",
        changes=tuple((path, before, after) for path, before, after in change.options),
    )


def _is_orphan(kept: Document, files: Collection[str]) -> bool:
    """Say whether it came from *files*, or from files now gone, which no longer say it."""
    sources = cast("dict[str, str]", kept.get("sources") or {})
    return bool(sources) and all(
        path in files or not os.path.exists(path)  # noqa: PTH110
        for path in sources
    )
