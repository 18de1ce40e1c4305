"""Reads what the services of this machine write to the journal of systemd."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from svcctl.client.journal import Entry
from svcctl.spec.service import Scope
from svcctl.system.paths import Paths
from svcctl.system.registrations import Registrations

if TYPE_CHECKING:  # loaded where something writes to it
    from svcctl.system.systemd.journal_follow import JournalFollow

_TEXT = ("MESSAGE",)


class MachineJournal:
    """The journal; fulfils :class:`svcctl.client.journal.Journal`."""

    def __init__(self, paths: Paths) -> None:
        self._registrations = Registrations(paths.native)

    def past(
        self,
        service: str,
        *,
        since: float = 0.0,
        until: float | None = None,
        after: str = "",
        most: int | None = None,
        whole: bool = False,
    ) -> Iterator[Entry]:
        """See :class:`svcctl.client.journal.Journal`."""
        from svcctl.system.systemd.journal import past_entries  # noqa: PLC0415 - as above

        found = past_entries(
            self._terms(service),
            since=since,
            until=until,
            after=after,
            most=most,
            only=() if whole else _TEXT,
        )
        return map(_entry, found)

    def end(self) -> str:
        """See :class:`svcctl.client.journal.Journal`."""
        from svcctl.system.systemd.journal import last_cursor  # noqa: PLC0415 - as above

        return last_cursor()

    def follow(self, service: str, *, after: str) -> _Coming:
        """See :class:`svcctl.client.journal.Journal`."""
        from svcctl.system.systemd.journal_follow import JournalFollow  # noqa: PLC0415 - as above

        terms = self._terms(service)
        return _Coming(JournalFollow(terms, cursor=after, from_start=True, save=lambda _: None))

    def _terms(self, service: str) -> list[str]:
        from svcctl.system.systemd.journal import unit_terms  # noqa: PLC0415 - as above

        of_user = self._registrations.read(service).scope == Scope.USER
        return unit_terms(f"{service}.service", of_user=of_user)


class _Coming:
    """Entries as they come; fulfils :class:`svcctl.client.journal.Coming`."""

    def __init__(self, following: JournalFollow) -> None:
        self._following = following
        self.fileno, self.wait, self.close = following.fileno, following.wait, following.close

    def take(self) -> list[Entry]:
        return [_entry(each) for each in self._following.take()]


def _entry(raw: bytes) -> Entry:
    from svcctl.system.systemd.journal import said  # noqa: PLC0415 - as above

    return Entry(*said(raw), raw)
