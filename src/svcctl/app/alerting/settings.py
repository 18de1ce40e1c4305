"""Takes over what ``[alerting]`` says: first the plan, then the deed."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterable
from typing import TYPE_CHECKING, cast

from svcctl.app.alerting.desk import Desk
from svcctl.app.applying import Planned
from svcctl.errors import SpecError, UsageError
from svcctl.ports import Document

if TYPE_CHECKING:
    from svcctl.spec.alerting import AlertingSpec

NAME = "[alerting]"
"""How a plan calls it; no service can be called so."""


class AlertingSettings:
    """Who is told of what, as files say it and as the agent keeps it."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk

    def plan(self, wanted: object, files: Collection[str], *, prune: bool) -> list[Planned]:
        """See :class:`svcctl.app.applying.Settings`."""
        kept = self._desk.kept
        if wanted is None:
            if not kept or not _is_orphan(kept, files):
                return []
            change, action = ("removed", "take") if prune else ("orphaned", "none")
            return [Planned(service=NAME, change=change, action=action)]
        return [_planned(kept, _document(wanted))]

    def take(self, wanted: object, planned: Iterable[Planned]) -> None:
        """See :class:`svcctl.app.applying.Settings`."""
        for each in planned:
            match each.change:
                case "removed":
                    self._desk.keep(None)
                case "created" | "changed" | "unchanged":
                    self._desk.keep(_document(wanted))


def _is_orphan(kept: Document, files: Collection[str]) -> bool:
    """Say whether it came from *files*, or from files now gone, which no longer say it."""
    sources = cast("dict[str, str]", kept.get("sources") or {})
    return bool(sources) and all(
        path in files or not os.path.exists(path)  # noqa: PTH110
        for path in sources
    )


def _planned(kept: Document, wanted: Document) -> Planned:
    from svcctl.spec.alerting import AlertingSpec  # noqa: PLC0415 - for those who are told
    from svcctl.spec.alerting_rules import alerting_findings  # noqa: PLC0415
    from svcctl.spec.canonical import parse_table  # noqa: PLC0415
    from svcctl.spec.diff import diff  # noqa: PLC0415

    new = parse_table(wanted["spec"], AlertingSpec)
    for each in alerting_findings(new):
        raise UsageError(each.problem, hint=each.hint)
    change = diff(_readable(kept), new)
    return Planned(
        service=NAME,
        change=change.kind,
        action="none" if change.kind == "unchanged" else "take",
        changes=tuple((path, old, value) for path, old, value in change.options),
    )


def _readable(kept: Document) -> AlertingSpec | None:
    """Give what is in force, None where there is none or an earlier version wrote it."""
    from svcctl.spec.alerting import AlertingSpec  # noqa: PLC0415 - as above
    from svcctl.spec.canonical import parse_table  # noqa: PLC0415

    try:
        return parse_table(kept["spec"], AlertingSpec) if kept else None
    except (SpecError, KeyError):
        return None


def _document(wanted: object) -> Document:
    """Read the ``alerting`` argument of apply, or raise UsageError."""
    found = wanted if isinstance(wanted, dict) else {}
    document = {name: found.get(name) or {} for name in ("spec", "origins", "sources")}
    if "spec" not in found or not all(isinstance(each, dict) for each in document.values()):
        raise UsageError("what is said of alerting is no definition")
    return document
