"""Takes alerts as they come and go, and hands out notices in their time: the shell of the rules."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

from svcctl.alert.alert import Alert
from svcctl.alert.documents import (
    group_document,
    group_of,
    readable,
    silence_document,
    silence_of,
)
from svcctl.alert.flapping import Flapping, observed
from svcctl.alert.group import (
    Group,
    Notice,
    acknowledged,
    begun,
    looked_at,
    set_back,
    with_alert,
)
from svcctl.alert.policy import Policy, Route, group_key
from svcctl.alert.silences import Silence, silenced
from svcctl.errors import UnknownService, UsageError
from svcctl.ports import Clock, Store, Timer

_GROUPS, _SILENCES = "alert-group", "alert-silence"


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """A notice for some channels; *number* is its own, the same however often it is handed out."""

    number: str
    channels: tuple[str, ...]
    notice: Notice
    escalated: bool = False


Deliver = Callable[[Errand], None]
"""Takes an errand over for good; one whose number it knows is no news."""

Follows = Callable[[Alert, Iterable[Alert]], bool]
"""Says whether an alert is wrong only because one of those that fire is."""


class Router:
    """The alerts of one machine; to be used from one thread.

    What was told is kept in *store* once *deliver* has taken it over: where the machine died in
    between it is handed out again after the restart, under the same number.
    """

    def __init__(
        self,
        policy: Policy,
        *,
        clock: Clock,
        store: Store,
        deliver: Deliver,
        follows: Follows = lambda _, __: False,
    ) -> None:
        self._policy, self._clock = policy, clock
        self._store, self._deliver, self._follows = store, deliver, follows
        self._groups: dict[str, tuple[Route, Group]] = {}
        self._flapping: dict[str, Flapping] = {}
        self._timer: Timer | None = None
        self._silences: dict[int, Silence] = {}
        for key, silence in readable(store, _SILENCES, silence_of).items():
            if silence.is_over(clock.now()):
                store.delete(_SILENCES, key)
            else:
                self._silences[silence.number] = silence
        self._place(readable(store, _GROUPS, group_of))

    @property
    def groups(self) -> tuple[Group, ...]:
        """Give all groups, those that are told next first."""
        return tuple(sorted((group for _, group in self._groups.values()), key=lambda g: g.due))

    @property
    def silences(self) -> tuple[Silence, ...]:
        """Give all silences that hold or will."""
        now = self._clock.now()
        return tuple(each for each in self._silences.values() if not each.is_over(now))

    def take(self, alert: Alert) -> None:
        """Take in that *alert* fires, or has ended; the same as before is no news."""
        route = self._policy.route(alert)
        if route is None:
            return
        key = group_key(route, alert)
        name = _name(route, key)
        now = self._clock.now()
        _, group = self._groups.get(name, (route, begun(key, route.pace, now=now)))
        before = group.alerts.get(alert.fingerprint)
        self._observe(alert, changed=(before is not None and before.fires) is not alert.fires)
        after = with_alert(group, alert)
        if after is group:
            return
        self._keep(name, route, after)
        self._schedule()

    def adopt(self, policy: Policy) -> None:
        """Go on by *policy*; what fires goes where that says."""
        self._policy = policy
        groups, self._groups = self._groups, {}
        self._place({name: group for name, (_, group) in groups.items()})

    def find(self, beginning: str) -> Alert:
        """Give the one alert that fires and whose fingerprint has that *beginning*.

        Raises UnknownService where there is none, UsageError where there is more than one.
        """
        found = [
            alert
            for _, group in self._groups.values()
            for name, alert in group.alerts.items()
            if beginning and alert.fires and name.startswith(beginning)
        ]
        hint = "see them with: svcctl alerts"
        if not found:
            raise UnknownService(f"no alert fires that begins with {beginning!r}", hint=hint)
        if len(found) > 1:
            raise UsageError(f"{len(found)} alerts begin with {beginning!r}", hint=hint)
        return found[0]

    def acknowledge(self, alert: Alert) -> None:
        """Note that somebody takes care of *alert*, and of those told with it."""
        for name, (route, group) in self._groups.items():
            if alert.fingerprint in group.alerts:
                self._keep(name, route, acknowledged(group))
                return

    def silence(self, silence: Silence) -> Silence:
        """Have nobody told of what *silence* covers; gives it with a number of its own."""
        number = max(self._silences, default=0) + 1
        silence = replace(silence, number=number)
        self._store.put(_SILENCES, str(number), silence_document(silence))
        self._silences[number] = silence
        return silence

    def end_silence(self, number: int) -> None:
        """Let people be told again; raises UnknownService where there is no such one."""
        if number not in self._silences:
            raise UnknownService(f"there is no silence {number}", hint="see: svcctl silence list")
        del self._silences[number]
        self._store.delete(_SILENCES, str(number))

    def hurry(self) -> None:
        """Hand out now what would be told later: nobody will be there to tell it."""
        now = self._clock.now()
        for name, (route, group) in tuple(self._groups.items()):
            self._turn(name, route, group, now)
        self._schedule()

    def why_muted(self, alert: Alert) -> str:
        """Say why nobody is told of *alert* now; empty where people are."""
        silences = (*self._policy.maintenance, *self._silences.values())
        found = silenced(alert, silences, now=self._clock.now())
        if found is not None:
            return f"silence {found.number} of {found.who}" if found.number else found.who
        if self._flapping.get(alert.fingerprint, Flapping()).flaps:
            return "it flaps"
        firing = [each for _, group in self._groups.values() for each in group.alerts.values()]
        if any(each.mutes(alert, firing) for each in self._policy.inhibitions):
            return "it follows from another"
        if self._follows(alert, (each for each in firing if each.fires)):
            return "it follows from another"
        return ""

    def close(self) -> None:
        """Tell nobody any more; what is known is kept."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _observe(self, alert: Alert, *, changed: bool) -> None:
        bounds = self._policy.flapping
        if bounds is None:
            return
        known = self._flapping.get(alert.fingerprint, Flapping())
        self._flapping[alert.fingerprint] = observed(known, bounds, changed=changed)

    def _look(self) -> None:
        """Tell of all groups whose turn it is, and of those nobody heeds."""
        now = self._clock.now()
        for name, (route, known) in tuple(self._groups.items()):
            group = set_back(known, route.pace, now=now)
            if group.due <= now:
                self._turn(name, route, group, now)
            elif group != known:
                self._keep(name, route, group)
        for name, (route, group) in tuple(self._groups.items()):
            self._escalate(name, route, group, now)
        self._schedule()

    def _turn(self, name: str, route: Route, group: Group, now: float) -> None:
        after, notice = looked_at(
            group, route.pace, now=now, muted=lambda alert: bool(self.why_muted(alert))
        )
        if notice is not None:
            number = f"{name}@{group.due:.3f}"
            self._deliver(Errand(number=number, channels=route.channels, notice=notice))
        if after is None:
            del self._groups[name]
            self._store.delete(_GROUPS, name)
        else:
            self._keep(name, route, after)

    def _escalate(self, name: str, route: Route, group: Group, now: float) -> None:
        """Tell further channels of what was told and not acknowledged for too long."""
        if group.since is None:
            return
        due = [each for each in route.escalations if now - group.since >= each.after]
        if len(due) <= group.escalated:
            return
        channels = tuple(dict.fromkeys(name for each in due for name in each.channels))
        firing = tuple(each for each in group.alerts.values() if not self.why_muted(each))
        if firing:
            notice = Notice(key=group.key, at=now, firing=firing, ended=(), repeated=True)
            number = f"{name}@{group.since:.3f}+{len(due)}"
            errand = Errand(number=number, channels=channels, notice=notice, escalated=True)
            self._deliver(errand)
        self._keep(name, route, replace(group, escalated=len(due)))

    def _keep(self, name: str, route: Route, group: Group) -> None:
        self._groups[name] = route, group
        self._store.put(_GROUPS, name, group_document(group))

    def _place(self, groups: Mapping[str, Group]) -> None:
        """Go on with *groups* by the policy of now; those it does not make are made anew."""
        strays: list[Alert] = []
        for name, group in groups.items():
            route = self._policy.route(next(iter(group.alerts.values())))
            if route is not None and _name(route, group.key) == name:
                self._groups[name] = route, group
            else:
                self._store.delete(_GROUPS, name)
                strays += [each for each in group.alerts.values() if each.fires]
        for each in strays:
            self.take(each)
        self._schedule()

    def _schedule(self) -> None:
        """Be back when the next group is due; no timer waits while nothing fires."""
        if self._timer:
            self._timer.cancel()
        times = [at for route, group in self._groups.values() for at in _times(route, group)]
        self._timer = None
        if times:
            wait = max(0.0, min(times) - self._clock.now())
            self._timer = self._clock.later(wait, self._look)


def _times(route: Route, group: Group) -> Iterable[float]:
    yield group.due
    if group.since is not None:
        yield from (group.since + each.after for each in route.escalations[group.escalated :])


def _name(route: Route, key: object) -> str:
    return f"{route.name} {json.dumps(key, sort_keys=True)}"
