"""A configuration that changes while the service runs: whole, in order, and never to a bad one."""

from __future__ import annotations

import asyncio
import inspect
import logging
from collections.abc import Awaitable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from svcctl.errors import Mistake, Outdated, SpecError, UsageError
from svcctl.ports import Clock
from svcctl.sdk.config.change import (
    Candidate,
    Change,
    prepare,
    prepare_start,
    proposal,
    rollback,
)
from svcctl.sdk.config.changes import changed_keys
from svcctl.sdk.config.explain import values
from svcctl.sdk.config.history import History, Revision
from svcctl.sdk.config.load import Loaded
from svcctl.sdk.config.outcome import Listeners, Outcome, Rejected, Verdict
from svcctl.sdk.config.outline import members, restarting
from svcctl.sdk.config.set_values import SET, Setting, with_set
from svcctl.sdk.config.sources import Sources
from svcctl.sdk.config.text import Text
from svcctl.sdk.waiting import in_thread

T = TypeVar("T")

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class _InForce(Generic[T]):
    """All that is swapped in one step."""

    loaded: Loaded[T]
    version: int
    changed: frozenset[str]

    def __post_init__(self) -> None:
        """Write the number on the value too, as ``version``, where its class leaves room for it."""
        value = self.loaded.value
        if "version" not in members(type(value)):
            with suppress(AttributeError, TypeError):  # it has slots
                object.__setattr__(value, "version", self.version)


class Live(Generic[T]):
    """A configuration in force; read attributes of :attr:`value`.

    Changes are made one after the other, in the order they were asked for; each is validated
    whole before it is swapped in.  Who asks and is cancelled does not undo a change under way.
    Its methods are for the event loop's thread, its properties for any.
    """

    def __init__(
        self,
        kind: type[T],
        sources: Sources,
        *,
        clock: Clock,
        history: History | None = None,
        listeners: Listeners[T] | None = None,
    ) -> None:
        """Load a *kind* from *sources*, to start with; without a *history* none outlives us.

        Raises as :func:`svcctl.sdk.config.load.load`.  What was proposed in the last process
        still holds, as far as it is valid.
        """
        self._kind = kind
        self._sources = sources
        self._clock = clock
        self._history = History() if history is None else history
        self._listeners: Listeners[T] = Listeners() if listeners is None else listeners
        self._restart_wanted: frozenset[str] = frozenset()
        self._rejected: Rejected | None = None
        self._turn = asyncio.Lock()
        self._under_way: set[asyncio.Task[Outcome]] = set()
        self._accepted = prepare_start(kind, sources, self._history.last)
        self._in_force = self._begin(self._accepted)

    @property
    def value(self) -> T:
        """Give what is in force."""
        return self._in_force.loaded.value

    @property
    def version(self) -> int:
        """Give the number of what is in force, from 1; it goes on over restarts."""
        return self._in_force.version

    @property
    def newest(self) -> int:
        """Give the number of what was accepted last; it may wait for a restart."""
        return self._history.last.version if self._history.last else 0

    @property
    def changed(self) -> frozenset[str]:
        """Give the keys by which this version differs from the one before."""
        return self._in_force.changed

    @property
    def loaded(self) -> Loaded[T]:
        """Give what is in force with the origin of each value, as ``explain`` takes it."""
        return self._in_force.loaded

    @property
    def restart_wanted(self) -> frozenset[str]:
        """Give the marked keys that an accepted configuration has for the next process."""
        return self._restart_wanted

    @property
    def rejected(self) -> Rejected | None:
        """Give what was refused last; None once a good one came after it."""
        return self._rejected

    @property
    def history(self) -> tuple[Revision, ...]:
        """Give the last revisions, oldest first; the newest may wait for a restart."""
        return self._history.revisions

    async def reload(self, *, who: str, origin: str = "") -> Outcome:
        """Read the sources again; what was proposed holds, as :meth:`propose` says."""
        return await self._ask(Change(who=who, what="reload", origin=origin))

    async def propose(
        self, proposed: str | Text | Iterable[Text], *, who: str, origin: str = ""
    ) -> Outcome:
        """Put a text (a plain one is TOML) in the place of the one of its name, else over all.

        Several are all layers there are, in the place of the files'.  What is proposed holds over
        reloads and restarts; what is in the place of files until one of these changes.
        """
        return await self._ask(proposal(proposed, who=who, origin=origin))

    async def rollback(self, version: int, *, who: str) -> Outcome:
        """Go back to the texts of *version*, with the variables and options there are now.

        Raises UsageError for a version that is not in the history.
        """
        return await self._ask(rollback(self._history.find(version), who=who))

    async def set_values(
        self, values: Mapping[str, object], *, who: str, how: Setting | None = None
    ) -> Outcome:
        """Lay *values*, by the keys of fields, over all else; texts in them are texts.

        They hold over reloads and restarts until they are set anew.  Raises Outdated where
        another version than ``how.over`` is the newest.
        """
        how = how or Setting()
        return await self._ask(
            Change(
                who=who,
                what=SET,
                texts=lambda texts: with_set(
                    texts,
                    values,
                    kind=self._kind,
                    namespaces=self._sources.namespaces,
                    instead=how.instead,
                ),
                over=how.over,
                trial=how.trial,
                quiet=True,
            )
        )

    async def refuse(self, problem: str, *, who: str, origin: str = "") -> Outcome:
        """Note that a source has nothing that could even be tried; what is in force stays."""
        change = Change(who=who, what="propose", origin=origin)
        async with self._turn:
            return await self._reject(change, (Mistake(problem=problem, file=origin),))

    async def _ask(self, change: Change) -> Outcome:
        if asyncio.current_task() in self._under_way:
            problem = "a listener waits for another change, which has to wait for the listener"
            raise UsageError(problem, hint="ask for it in a task of its own")
        task = asyncio.ensure_future(self._make(change))
        self._under_way.add(task)
        task.add_done_callback(self._under_way.discard)
        return await asyncio.shield(task)

    async def _make(self, change: Change) -> Outcome:
        async with self._turn:
            if change.over not in (None, self.newest):
                raise Outdated(
                    f"version {self.newest} is the newest, not {change.over}",
                    hint="look at it, and ask again",
                )
            try:
                found = await in_thread(
                    "configuration",
                    lambda: prepare(self._kind, self._sources, change, self._accepted),
                )
            except SpecError as error:
                only = Mistake(problem=error.problem, hint=error.hint)
                return await self._reject(change, error.mistakes or (only,))
            except Exception as error:  # noqa: BLE001 - a user's class runs code of its own
                _log.exception("config.class_failed")
                return await self._reject(change, (_failure("loading", error),))
            return await self._decide(change, found)

    async def _decide(self, change: Change, found: Candidate[T]) -> Outcome:
        if found.is_as(self._accepted):
            if change.trial:
                return self._outcome(Verdict.UNCHANGED)
            self._accepted, self._rejected = found, None
            if not self._restart_wanted:  # origins may be new
                self._in_force = replace(self._in_force, loaded=found.loaded)
            return self._outcome(Verdict.UNCHANGED)
        old, new = self.value, found.loaded.value
        changed = changed_keys(old, new)
        marked = restarting(old, new, changed)
        if change.trial:
            verdict = Verdict.RESTART_WANTED if marked else Verdict.APPLIED
            return replace(self._outcome(verdict, changed=changed), restart_wanted=marked)
        if marked:
            return await self._want_restart(change, found, changed, marked)
        return await self._apply(change, found, changed)

    async def _apply(self, change: Change, found: Candidate[T], changed: frozenset[str]) -> Outcome:
        old = self._in_force
        version = self._next_version()
        self._in_force = _InForce(loaded=found.loaded, version=version, changed=changed)
        try:
            if changed:
                new = found.loaded.value
                await _told(self._listeners.on_change(old.loaded.value, new, changed))
        except Exception as error:  # noqa: BLE001 - the service goes on with what it ran with
            self._in_force = old
            _log.exception("config.on_change_failed")
            return await self._reject(change, (_failure("on_change", error),))
        self._accepted, self._restart_wanted, self._rejected = found, frozenset(), None
        unrecorded = await in_thread("configuration", lambda: self._record(change, found, changed))
        return self._outcome(Verdict.APPLIED, changed=changed, unrecorded=unrecorded)

    async def _want_restart(
        self, change: Change, found: Candidate[T], changed: frozenset[str], marked: frozenset[str]
    ) -> Outcome:
        self._accepted, self._restart_wanted, self._rejected = found, marked, None
        unrecorded = await in_thread("configuration", lambda: self._record(change, found, changed))
        try:
            await _told(self._listeners.on_restart(marked))
        except Exception:  # noqa: BLE001 - the wish stands, for whoever looks
            _log.exception("config.on_restart_failed")
        return self._outcome(Verdict.RESTART_WANTED, changed=changed, unrecorded=unrecorded)

    async def _reject(self, change: Change, mistakes: tuple[Mistake, ...]) -> Outcome:
        rejected = Rejected(
            at=self._clock.now(),
            who=change.who,
            what=change.what,
            origin=change.origin,
            mistakes=mistakes,
        )
        if change.quiet:
            return replace(self._outcome(Verdict.REJECTED), rejected=rejected)
        self._rejected = rejected
        try:
            await _told(self._listeners.on_rejected(rejected))
        except Exception:  # noqa: BLE001 - what was in force still is
            _log.exception("config.on_rejected_failed")
        return self._outcome(Verdict.REJECTED)

    def _outcome(
        self, verdict: Verdict, *, changed: frozenset[str] = frozenset(), unrecorded: str = ""
    ) -> Outcome:
        return Outcome(
            verdict=verdict,
            version=self.version,
            changed=changed,
            restart_wanted=self._restart_wanted,
            rejected=self._rejected,
            unrecorded=unrecorded,
        )

    def _begin(self, found: Candidate[T]) -> _InForce[T]:
        """Take over the number of the last revision, or write down a new one if it differs."""
        last = self._history.last
        if last is not None and found.is_revision(last):
            changed = frozenset(last.changed)
            return _InForce(loaded=found.loaded, version=last.version, changed=changed)
        after = values(found.loaded.value)
        before = after if last is None else last.values
        keys = before.keys() | after.keys()
        changed = frozenset(key for key in keys if before.get(key) != after.get(key))
        version = self._next_version()
        self._record(Change(who="svcctl", what="start"), found, changed)
        return _InForce(loaded=found.loaded, version=version, changed=changed)

    def _record(self, change: Change, found: Candidate[T], changed: frozenset[str]) -> str:
        """Write *found* down; a history that cannot be written must stop nobody, and is told."""
        version = self._next_version()
        revision = found.revision(change, version=version, at=self._clock.now(), changed=changed)
        try:
            self._history.add(revision)
        except OSError as error:
            _log.warning("config.unrecorded", extra={"version": version, "problem": str(error)})
            return str(error)
        return ""

    def _next_version(self) -> int:
        return self.newest + 1


def _failure(where: str, error: Exception) -> Mistake:
    return Mistake(problem=f"{where} failed: {type(error).__name__}: {error}")


async def _told(listening: Awaitable[None] | None) -> None:
    if inspect.isawaitable(listening):
        await listening
