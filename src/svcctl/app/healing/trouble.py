"""What is wrong with each service, as far as it could be healed: pure."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from svcctl.app.alerting.cause import Cause
from svcctl.app.alerting.causes import Causes
from svcctl.events import Event, FindingMade, FindingRejected, SpecApplied
from svcctl.ports import InstanceStatus
from svcctl.spec.alert_policy import Happening

Key = tuple[str, str, str, str]
"""Happening, service, instance, and what else tells a trouble from others."""

_HARMLESS = frozenset(
    (
        *(Happening.LEAK, Happening.BURST, Happening.DROP, Happening.METRIC),
        *(Happening.NEW_TEMPLATE, Happening.SESSION),
        *(Happening.AGENT_LOST, Happening.UNHEALED),
    )
)
"""What those that need the service do not suffer from."""

MOMENTARY = frozenset(
    (
        *(Happening.CRASH, Happening.NEW_TEMPLATE, Happening.SESSION, Happening.AGENT_LOST),
        *(Happening.LEAK, Happening.MEMORY),
    )
)
"""What has to be seen again before it counts again, once something was done about it."""


OWN = frozenset((Happening.LEAK, Happening.MEMORY))
"""What nothing else that is at fault can be the reason for."""

_NEVER_ENDED = frozenset((Happening.NEW_TEMPLATE, Happening.SESSION))
"""Findings of a moment; whoever makes the others says when they are over."""

_LONGEST = 7 * 86_400.0  # seconds after which one is over of which that was missed


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One thing that is wrong with *service*, or with one *instance* of it.

    *subject* is the name of the rule that found it, if one did.  *since* and *seen* (last) are in
    seconds since 1970, and so is *exhausted_at*: when what leaks will be used up.  *score* says
    how sure it is, from 0 to 1.
    """

    happening: Happening
    service: str
    instance: str = ""
    about: str = ""
    subject: str = ""
    summary: str = ""
    since: float
    seen: float
    score: float = 1.0
    exhausted_at: float | None = None

    @property
    def key(self) -> Key:
        """Give what is the same while it is the same thing."""
        return self.happening, self.service, self.instance, self.about

    @property
    def is_fault(self) -> bool:
        """Whether those that need the service may suffer from it."""
        return self.happening not in _HARMLESS


@dataclass(slots=True)
class Troubles:
    """All that is wrong now, as events begin and end it."""

    _causes: Causes = field(default_factory=Causes)
    _open: dict[Key, Trouble] = field(default_factory=dict)
    _fine_since: dict[str, float] = field(default_factory=dict)

    @property
    def now(self) -> tuple[Trouble, ...]:
        """Give all of it, in the order in which it began."""
        return tuple(self._open.values())

    @property
    def next_end(self) -> float | None:
        """Give when the next of them is over by itself."""
        return self._causes.next_end

    def of(self, service: str) -> list[Trouble]:
        """Give what is wrong with *service*."""
        return [each for each in self._open.values() if each.service == service]

    def get(self, key: Key) -> Trouble | None:
        """Give the one of that *key*, None where it is over."""
        return self._open.get(key)

    def fine_since(self, service: str) -> float:
        """Give when the last fault of *service* was over; 0: there was none."""
        return self._fine_since.get(service, 0.0)

    def take(self, event: Event) -> list[Trouble]:
        """Take in what happened; give what began by it, or was seen again."""
        if isinstance(event, FindingRejected):
            self._reject(event)
            return []
        if isinstance(event, SpecApplied):
            self.forget_rules(event.service)
        change = self._causes.take(event)
        self._end(change.ended, at=event.at)
        return [self._begin(cause, event) for cause in change.begun]

    def forget_rules(self, service: str = "") -> None:
        """Forget what rules found, of all services or of one: who judges by them begins anew."""
        for key, each in tuple(self._open.items()):
            if each.happening is Happening.RULE and service in {"", each.service}:
                del self._open[key]

    def expire(self, now: float) -> None:
        """End what is over by itself at *now*."""
        self._end(self._causes.expire(now).ended, at=now)

    def settle(self, standing: Iterable[InstanceStatus], *, now: float) -> None:
        """Take in how things are: for what began or ended while nobody looked."""
        change = self._causes.settle(standing, now=now)
        self._end(change.ended, at=now)
        for cause in change.begun:
            self._keep(_trouble(cause, seen=now))

    def _begin(self, cause: Cause, event: Event) -> Trouble:
        found = _trouble(cause, seen=event.at)
        if isinstance(event, FindingMade):
            if found.happening not in _NEVER_ENDED:
                self._causes.recall([replace(cause, until=event.at + _LONGEST)])
            found = replace(
                found,
                subject=event.subject,
                score=event.score,
                exhausted_at=event.exhausted_at,
                since=event.since or event.at,
            )
        return self._keep(found)

    def _keep(self, found: Trouble) -> Trouble:
        known = self._open.get(found.key)
        if known is not None:
            found = replace(found, since=min(known.since, found.since))
        self._open[found.key] = found
        return found

    def _end(self, over: Iterable[Cause], *, at: float) -> None:
        for cause in over:
            ended = self._open.pop(cause.key, None)
            if ended is not None and ended.is_fault:
                self._fine_since[ended.service] = at

    def _reject(self, event: FindingRejected) -> None:
        """Forget what somebody called a false alarm: nothing was wrong."""
        mine = [each for each in self.of(event.service) if each.about == event.pattern]
        for each in mine:
            del self._open[each.key]


def _trouble(cause: Cause, *, seen: float) -> Trouble:
    return Trouble(
        happening=cause.happening,
        service=cause.service,
        instance=cause.instance,
        about=cause.about[1],
        summary=cause.summary,
        since=cause.began,
        seen=seen,
    )


def is_named(trouble: Trouble, words: Iterable[str]) -> bool:
    """Say whether one of *words*, as a policy has them, means *trouble*."""
    named = {str(trouble.happening)}
    if trouble.happening is Happening.RULE:
        named.add(trouble.subject)
    return not named.isdisjoint(words)
