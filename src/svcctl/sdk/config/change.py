"""A change that was asked for, and the configuration it makes; nothing here is in force yet."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Generic, TypeVar

from svcctl.errors import SpecError
from svcctl.sdk.config import revise
from svcctl.sdk.config.changes import changed_keys
from svcctl.sdk.config.explain import values
from svcctl.sdk.config.history import Revision
from svcctl.sdk.config.load import Loaded, assemble
from svcctl.sdk.config.sources import Sources, read
from svcctl.sdk.config.text import Text

T = TypeVar("T")

_log = logging.getLogger(__name__)

Texts = tuple[Text, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """*who* asked for *what*, and where it came from.

    *texts* makes the new texts of those in force; None: they are those of the files.  *over* is
    the version that must be the newest, None for any; a *trial* only says what would become of it.
    *quiet*: that it is refused is for who asked, who hears it, and changes nothing others see.
    """

    who: str
    what: str
    origin: str = ""
    texts: Callable[[Texts], Texts] | None = field(default=None, repr=False)
    over: int | None = None
    trial: bool = False
    quiet: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Candidate(Generic[T]):
    """A valid configuration, and what the files *said* when they were last taken over."""

    loaded: Loaded[T]
    said: str

    def revision(
        self, change: Change, *, version: int, at: float, changed: Iterable[str]
    ) -> Revision:
        """Give what the history remembers of it."""
        return Revision(
            version=version,
            at=at,
            who=change.who,
            what=change.what,
            origin=change.origin,
            changed=tuple(sorted(changed)),
            texts=self.loaded.texts,
            said=self.said,
            values=values(self.loaded.value),
        )

    def is_as(self, other: Candidate[T]) -> bool:
        """Say whether *other* has the same values and the same proposals."""
        ours, theirs = self.loaded, other.loaded
        return revise.proposals(ours.texts) == revise.proposals(theirs.texts) and not changed_keys(
            ours.value, theirs.value
        )

    def is_revision(self, revision: Revision | None) -> bool:
        """Say whether *revision* is of the same texts and, as far as can be seen, values."""
        return (
            revision is not None
            and revision.texts == self.loaded.texts
            and revision.values == values(self.loaded.value)
        )


def proposal(proposed: str | Text | Iterable[Text], *, who: str, origin: str = "") -> Change:
    """Ask for one text in its place, or for several in the place of all."""
    if isinstance(proposed, str):
        proposed = Text(name=revise.PROPOSED, content=proposed)
    if isinstance(proposed, Text):
        texts = partial(revise.with_proposed, proposed=proposed)
        return Change(who=who, what="propose", origin=origin or proposed.name, texts=texts)
    return Change(who=who, what="propose", origin=origin, texts=partial(_instead, tuple(proposed)))


def rollback(revision: Revision, *, who: str) -> Change:
    """Ask for the texts of *revision*."""
    what = f"rollback to {revision.version}"
    return Change(who=who, what=what, origin=what, texts=partial(_instead, revision.texts))


def prepare(kind: type[T], sources: Sources, change: Change, before: Candidate[T]) -> Candidate[T]:
    """Load what *change* makes of what was accepted *before*; blocks; raises SpecError."""
    reading = read(sources)
    if change.texts is None:
        texts = revise.settled(reading.texts, before=before.loaded.texts, said_before=before.said)
        loaded = assemble(kind, replace(reading, texts=texts))
        return Candidate(loaded=loaded, said=revise.said(reading.texts))
    # a file that cannot be read has no say in what is to replace it
    dotenv = sources.dotenv.removeprefix("-")
    mistakes = tuple(each for each in reading.mistakes if each.file == dotenv)
    texts = change.texts(before.loaded.texts)
    loaded = assemble(kind, replace(reading, texts=texts, mistakes=mistakes))
    return Candidate(loaded=loaded, said=before.said)  # a file that just changed is still new


def prepare_start(kind: type[T], sources: Sources, last: Revision | None) -> Candidate[T]:
    """Load what a process starts with, the *last* one's proposals included; blocks.

    Proposals that are valid no more are left out, and logged.  Raises SpecError.
    """
    reading = read(sources)
    texts = reading.texts
    if last is not None:
        texts = revise.settled(texts, before=last.texts, said_before=last.said)
    said = revise.said(reading.texts)
    try:
        return Candidate(loaded=assemble(kind, replace(reading, texts=texts)), said=said)
    except SpecError as error:
        if texts == reading.texts:
            raise
        loaded = assemble(kind, reading)
        _log.warning("config.proposal_left_out", extra={"problem": error.problem})
        return Candidate(loaded=loaded, said=said)


def _instead(texts: Texts, _before: Texts) -> Texts:
    return texts
