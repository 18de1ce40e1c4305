"""Tells of templates that appear after all the usual ones are known."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.detect.finding import Deviation, What
from svcctl.detect.pace import Pace
from svcctl.detect.templates import TemplateSeen


@dataclass(frozen=True, slots=True, kw_only=True)
class NoveltyPolicy:
    """When a template is news: after a day, or so many lines, and no more than a few an hour."""

    learning_seconds: float = 86_400.0
    learning_lines: int = 10_000
    most_an_hour: int = 5


class Novelty:
    """Judges the templates of one service as they are met for the first time."""

    def __init__(self, policy: NoveltyPolicy | None = None) -> None:
        self._policy = policy or NoveltyPolicy()
        self._began: float | None = None
        self._lines = 0
        self._pace = Pace(self._policy.most_an_hour)

    def count(self, lines: int, *, at: float) -> None:
        """Take note of *lines* that were read *at*: how much is known depends on it."""
        if self._began is None:
            self._began = at
        self._lines += lines

    def judge(self, seen: TemplateSeen, *, at: float) -> Deviation | None:
        """Say that a template is new; None while learning, and when enough were told of late.

        The next that is told says how many were not.
        """
        if not self.has_learnt(at) or not self._pace.passes(at):
            return None
        untold = self._pace.take_held_back()
        more = f", and {untold} other new templates before it" if untold else ""
        return Deviation(
            what=What.NEW_TEMPLATE,
            subject=seen.template.text,
            observed=f"a line never seen before: '{seen.line[:200]}'{more}",
            expected=f"one of the templates of {self._lines} lines",
            since=at,
            score=1.0 - 1.0 / (1 + self._lines / self._policy.learning_lines) / 2,
            pattern=seen.template.id,
        )

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {"version": 1, "began": self._began, "lines": self._lines}

    def restore(self, state: Mapping[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        match state:
            case {"version": 1, "began": (float() | int() | None) as began, "lines": int(lines)}:
                self._began, self._lines = began, lines
            case _:
                raise ValueError(f"no state of novelty: {state.get('version')!r}")

    @property
    def began(self) -> float | None:
        """When the first line was read, in seconds since 1970; None: none was."""
        return self._began

    @property
    def lines(self) -> int:
        """How many lines were read."""
        return self._lines

    def has_learnt(self, at: float) -> bool:
        """Whether enough is known *at* some time for something to be news."""
        policy = self._policy
        if self._began is None:
            return False
        return at - self._began >= policy.learning_seconds or self._lines >= policy.learning_lines
