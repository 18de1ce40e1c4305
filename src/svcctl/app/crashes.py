"""``crashes``: the reports that services left of errors nobody handled, without what is secret."""

from __future__ import annotations

import asyncio
import json
import os
import stat
from collections.abc import Iterable, Mapping

from svcctl.app.arguments import Arguments
from svcctl.app.selection import choose
from svcctl.app.waiting import Emit
from svcctl.engine.manager import AgentManager
from svcctl.errors import UnknownService
from svcctl.ports import Document
from svcctl.wire import Selection

_LARGEST = 4 << 20  # bytes of a report
_LINES = 50  # reports listed where nobody says how many

Place = tuple[str, str, str]
"""The id of a report, which sorts by time, and the service and instance it is of."""


class Crashes:
    """Reads reports in *folder*, which has a folder for each instance."""

    def __init__(self, manager: AgentManager, *, folder: str) -> None:
        self._manager, self._folder = manager, folder

    async def crashes(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Give the newest reports first; of the one that ``id`` names all that stands in it.

        Raises UnknownService where there is none of that id.
        """
        del emit
        specs = self._manager.specs
        keepers = [
            each for name in choose(selection, specs) for each in self._manager.keepers(name)
        ]
        names = {keeper.name: keeper.spec.name for keeper in keepers}
        lines = args.integer("lines")
        return await asyncio.to_thread(
            self._found,
            names,
            args.text("id"),
            after=args.text("after") or "",
            most=_LINES if lines is None else lines,
        )

    def _found(
        self, names: Mapping[str, str], wanted: str | None, *, after: str, most: int
    ) -> list[Document]:
        places = sorted(self._places(names), reverse=True)
        if wanted is not None:
            return [self._whole(each) for each in places if each[0] == wanted] or _none(wanted)
        chosen = [each for each in places if not after or each[0] < after]
        return [self._summary(each) for each in chosen[:most]]

    def _places(self, names: Mapping[str, str]) -> Iterable[Place]:
        from svcctl.sdk.crash.folder import CrashFolder, id_of  # noqa: PLC0415 - rarely asked for

        for instance, service in names.items():
            try:
                reports = CrashFolder(self._of(instance)).names()
            except OSError:  # its user lets nobody look
                continue
            yield from ((id_of(each), service, instance) for each in reports)

    def _of(self, instance: str) -> str:
        return f"{self._folder}/{instance}/crashes"

    def _summary(self, place: Place) -> Document:
        row, report = self._read(place)
        return row | _summed_up(report)

    def _whole(self, place: Place) -> Document:
        row, report = self._read(place)
        return row | _summed_up(report) | {"report": report}

    def _read(self, place: Place) -> tuple[Document, Document]:
        """Give what is known of a report without it, and the report; ``problem`` says why not."""
        from svcctl.sdk.crash.folder import name_of  # noqa: PLC0415 - as above
        from svcctl.sdk.redaction import without_secrets  # noqa: PLC0415 - as above

        found, service, instance = place
        row: Document = {"id": found, "service": service, "instance": instance, "problem": ""}
        try:
            report = json.loads(_content(f"{self._of(instance)}/{name_of(found)}"))
        except (OSError, ValueError, RecursionError) as error:
            return row | {"problem": f"the report cannot be read: {error}"}, {}
        shown = without_secrets(report)
        return row, shown if isinstance(shown, dict) else {}


def _summed_up(report: Document) -> Document:
    error = report.get("error")
    error = error if isinstance(error, dict) else {}
    return {
        "at": report.get("at"),
        "where": report.get("where", ""),
        "kind": error.get("kind", ""),
        "message": error.get("message", ""),
        "fingerprint": report.get("fingerprint", ""),
        "repeats": report.get("repeats", 0),
        "version": report.get("version", ""),
    }


def _none(wanted: str) -> list[Document]:
    raise UnknownService(f"there is no crash report {wanted!r}", hint="see: svcctl crashes")


def _content(path: str) -> bytes:
    """Give what a file holds; a service may not have the agent read others' through a link."""
    flags = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    with os.fdopen(os.open(path, flags | getattr(os, "O_BINARY", 0)), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise ValueError("it is no file")
        return file.read(_LARGEST)
