"""Gathers the events of each session while it runs, and judges it when it has ended."""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

from svcctl.detect.finding import Deviation
from svcctl.detect.pace import Pace
from svcctl.detect.sessions import Sessions

_LATELY = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class SessionPolicy:
    """How sessions are gathered.

    One has ended after *idle* seconds without an event, after *longest* events, or when more than
    *most* are open.  The first *learning* sessions teach only, or *least* of them if they took
    *seconds*.  If more than *changed* of the last 200 were unusual, the service has changed: they
    are learnt, and usual from then on.  At most *most_an_hour* are told.
    """

    idle: float = 60.0
    longest: int = 1_000
    most: int = 10_000
    learning: int = 2_000
    least: int = 200
    seconds: float = 86_400.0
    changed: float = 0.3
    most_an_hour: int = 20


class SessionWatch:
    """Judges the sessions of one service."""

    def __init__(self, policy: SessionPolicy | None = None) -> None:
        self._policy = policy or SessionPolicy()
        self._sessions = Sessions()
        self._learnt = 0
        self._began: float | None = None
        self._pace = Pace(self._policy.most_an_hour)
        self._open: dict[str, list[str]] = {}  # the one that was heard of last stands last
        self._heard: dict[str, float] = {}
        self._ended: list[tuple[str, list[str], float]] = []
        self._lately: deque[bool] = deque(maxlen=_LATELY)
        self._unusual: deque[list[str]] = deque(maxlen=_LATELY)

    def add(self, session: str, event: str, *, at: float) -> None:
        """Take an event, for example the id of a template, of the session of that id."""
        if self._began is None:
            self._began = at
        events = self._open.pop(session, None) or []
        events.append(event)
        self._open[session], self._heard[session] = events, at
        if len(events) >= self._policy.longest:
            self._end(session)
        elif len(self._open) > self._policy.most:
            self._end(next(iter(self._open)))

    def close(self, now: float) -> list[Deviation]:
        """Judge the sessions that have ended; to be asked every few seconds."""
        while self._open:
            session = next(iter(self._open))
            if now - self._heard[session] < self._policy.idle:
                break
            self._end(session)
        ended, self._ended = self._ended, []
        found = [self._judge(session, events, at) for session, events, at in ended]
        return [each for each in found if each]

    @property
    def learnt(self) -> int:
        """How many sessions were learnt from."""
        return self._learnt

    @property
    def is_open(self) -> bool:
        """Whether a session may still go on."""
        return bool(self._open)

    def has_learnt(self, at: float) -> bool:
        """Whether enough sessions are known *at* some time for another to be unusual."""
        policy = self._policy
        if self._learnt >= policy.learning:
            return True
        taken = 0.0 if self._began is None else at - self._began
        return self._learnt >= policy.least and taken >= policy.seconds

    def rest(self) -> None:
        """Take note that lines were missed: what is open cannot be judged."""
        self._open.clear()
        self._heard.clear()

    def merge(self, events: Collection[str], *, into: str) -> None:
        """Take *events* for *into* from now on, in what was learnt and in what is open."""
        self._sessions.merge(events, into=into)
        for gathered in (*self._open.values(), *self._unusual):
            gathered[:] = [into if each in events else each for each in gathered]

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds; open sessions are not in it."""
        return {
            "version": 2,
            "learnt": self._learnt,
            "began": self._began,
            "sessions": self._sessions.state(),
        }

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {
                "version": 2,
                "learnt": int(learnt),
                "began": (float() | int() | None) as began,
                "sessions": dict(sessions),
            }:
                self._sessions.restore(sessions)
                self._learnt, self._began = learnt, began
            case _:
                raise ValueError(f"no state of a session watch: {state.get('version')!r}")

    def _end(self, session: str) -> None:
        self._ended.append((session, self._open.pop(session), self._heard.pop(session)))

    def _judge(self, session: str, events: list[str], at: float) -> Deviation | None:
        if not self.has_learnt(at):
            self._sessions.learn([events])
            self._learnt += 1
            return None
        found = self._sessions.judge(session, events, at=at)
        self._lately.append(found is not None)
        if found is None:
            return None
        self._unusual.append(events)
        if len(self._lately) == _LATELY and sum(self._lately) > self._policy.changed * _LATELY:
            self._sessions.learn(self._unusual)
            self._lately.clear()
            self._unusual.clear()
        if not self._pace.passes(at):
            return None
        held_back = self._pace.take_held_back()
        more = f", and {held_back} other unusual sessions before it" if held_back else ""
        return replace(found, observed=found.observed + more)
