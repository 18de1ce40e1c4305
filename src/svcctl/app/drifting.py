"""Says where the files that services came from now say something else than was applied."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Protocol, cast

from svcctl.app.arguments import Arguments
from svcctl.app.selection import choose, service_of
from svcctl.app.waiting import Emit
from svcctl.engine.manager import AgentManager
from svcctl.errors import SpecError, SvcctlError
from svcctl.ports import Applied, Document
from svcctl.spec import canonical
from svcctl.spec.diff import diff
from svcctl.spec.drift import Origins, Said, differences
from svcctl.wire import Selection

_SHOWN = 3  # mistakes of files that cannot be read


class Reread(Protocol):
    """Reads files of definitions anew."""

    def __call__(self, paths: Iterable[str]) -> Mapping[str, tuple[Document, Origins]]:
        """Give what *paths* define: a canonical spec, and its origins, by the service's name.

        Blocks.  Raises SpecError for mistakes in them, SystemFault where nobody can read them.
        """


class Drifting:
    """Carries out ``drift``; *reread* is done in a thread, one at a time."""

    def __init__(self, manager: AgentManager, *, reread: Reread) -> None:
        self._manager, self._reread = manager, reread
        self._alone = asyncio.Lock()

    async def drift(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Compare what was applied with what stands in its files now."""
        del args, emit
        specs = self._manager.specs
        names = dict.fromkeys(service_of(each, specs) for each in choose(selection, specs))
        applied = [self._manager.query(name) for name in names]
        async with self._alone:
            return await asyncio.to_thread(drift, applied, self._reread)


def drift(applied: Iterable[Applied], reread: Reread) -> list[Document]:
    """Compare each of *applied* with its files, which are read once for all that share them.

    Blocks; files that cannot be read are said to be so.
    """
    read: dict[frozenset[str], Mapping[str, tuple[Document, Origins]] | SvcctlError] = {}

    def found(each: Applied) -> Mapping[str, tuple[Document, Origins]] | SvcctlError:
        files = frozenset(each.sources)
        if files not in read:
            try:
                read[files] = reread(each.sources)
            except SvcctlError as error:
                read[files] = error
        return read[files]

    return [_row(each, found(each) if each.sources else {}) for each in applied]


def _row(applied: Applied, found: Mapping[str, tuple[Document, Origins]] | SvcctlError) -> Document:
    """Give what can be said of one service: ``state`` first, and why where it is no plain answer.

    ``unknown``: it did not come from files; ``unreadable``; ``undefined``: they have it no more;
    ``changed``; ``same``.
    """
    row: Document = {
        "service": applied.name,
        "state": "same",
        "files": list(applied.sources),
        "problem": "",
        "hint": "",
        "needs_restart": False,
        "options": [],
    }
    if not applied.sources:
        hint = "compare it with files that you name: svcctl diff FILE"
        return row | {"state": "unknown", "problem": "it did not come from files", "hint": hint}
    if isinstance(found, SvcctlError):
        return row | {"state": "unreadable", "problem": _problem(found), "hint": _hint(found)}
    if applied.name not in found:
        problem = "no file defines it any more"
        hint = "svcctl apply --prune, in the folder of its files, removes it"
        return row | {"state": "undefined", "problem": problem, "hint": hint}
    old, (document, origins) = canonical.parse(applied.spec), found[applied.name]
    new = canonical.parse(document)
    options = differences(
        Said(spec=canonical.effective(old), origins=cast("Origins", applied.origins)),
        Said(spec=canonical.effective(new), origins=origins),
    )
    if not options:
        return row
    return row | {
        "state": "changed",
        "needs_restart": diff(old, new).needs_restart,
        "options": [asdict(each) for each in options],
    }


def _problem(error: SvcctlError) -> str:
    mistakes = error.mistakes if isinstance(error, SpecError) else ()
    return "; ".join(map(str, mistakes[:_SHOWN])) or error.problem


def _hint(error: SvcctlError) -> str:
    mistakes = error.mistakes if isinstance(error, SpecError) else ()
    return mistakes[0].hint if mistakes else error.hint
