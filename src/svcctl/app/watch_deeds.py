"""The verbs about logs that others keep: shown, listed and removed beside services."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed
from svcctl.app.waiting import Emit
from svcctl.app.watch_settings import WatchSettings
from svcctl.ports import Document
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.app.foreign_logs import ForeignLogs, Watched


class WatchDeeds:
    """Answers for watches where they are named; all else is left to whoever answers else."""

    def __init__(self, foreign: ForeignLogs, settings: WatchSettings) -> None:
        self._foreign, self._settings = foreign, settings

    def deeds(self, *, apply: Deed, show: Deed, remove: Deed) -> dict[str, Deed]:
        """Give what carries out each verb; *apply*, *show* and *remove* do so for services."""

        async def apply_all(selection: Selection, args: Arguments, emit: Emit) -> object:
            found = await apply(selection, args, emit)
            await self._foreign.settle()
            return found

        async def show_all(selection: Selection, args: Arguments, emit: Emit) -> object:
            watches, services = self._split(selection)
            shown = await show(services, args, emit) if services else []
            assert isinstance(shown, list)
            kept = self._foreign.kept
            return [*shown, *(_shown(name, kept[name]) for name in watches)]

        async def remove_all(selection: Selection, args: Arguments, emit: Emit) -> object:
            watches, services = self._split(selection)
            found = await remove(services, args, emit) if services else {"plan": [], "outcomes": []}
            assert isinstance(found, dict)
            plan = [self._settings.remove(name).document() for name in watches]
            if not args.flag("dry_run"):
                for name in watches:
                    self._foreign.keep(name, None)
            return {**found, "plan": [*found["plan"], *plan]}

        return {
            "apply": apply_all,
            "show": show_all,
            "remove": remove_all,
            "watch-list": self._list,
        }

    async def _list(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return [_row(each) for each in self._foreign.standing()]

    def _split(self, selection: Selection) -> tuple[list[str], Selection | None]:
        """Give the watches that are named, and what else is meant: None for nothing."""
        kept = self._foreign.kept if selection.names else {}
        watches = [name for name in selection.names if name in kept]
        left = tuple(name for name in selection.names if name not in kept)
        if watches and not left:
            return watches, None
        return watches, Selection(names=left, labels=selection.labels, all=selection.all)


def _shown(name: str, document: Mapping[str, object]) -> Document:
    from svcctl.spec.canonical import effective, parse_table  # noqa: PLC0415 - for what is watched
    from svcctl.spec.watch import WatchSpec  # noqa: PLC0415

    spec = effective(parse_table(document["spec"], WatchSpec))
    told = {key: document[key] for key in ("origins", "revision", "sources")}
    return {"name": name, "spec": spec, **told, "enabled": True}


def _row(watched: Watched) -> Document:
    spec, standing = watched.spec, watched.follower.standing
    return {
        "name": spec.name,
        "kind": str(spec.kind),
        "service": spec.service,
        "from": list(spec.path or spec.journal or (spec.eventlog,)),
        "rules": len(spec.rules),
        "lines": standing.lines,
        "behind_bytes": standing.behind,
        "last_at": standing.last_at,
        "problem": standing.problem,
    }
