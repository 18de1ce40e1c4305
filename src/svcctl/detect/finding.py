"""What detectors conclude, in one shape and in words that people can check."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass
from enum import StrEnum


class What(StrEnum):
    """The kinds of conclusions."""

    NEW_TEMPLATE = "new template"
    BURST = "burst"
    DROP = "drop"
    SILENCE = "silence"
    ERROR_RATIO = "error ratio"
    LATENCY = "latency drift"
    SLOW = "latency"
    SESSION = "unusual session"
    METRIC = "unusual value"
    LEAK = "leak"
    FLAPPING = "flapping"
    RULE = "rule"


OF_LOGS = frozenset(
    (
        *(What.NEW_TEMPLATE, What.BURST, What.DROP, What.SILENCE, What.SESSION),
        *(What.ERROR_RATIO, What.LATENCY, What.SLOW),
    )
)
"""What is found in logs without rules."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Deviation:
    """One thing that is not as a detector has learnt it; detectors know no service.

    *subject* is what it is about (a template's text, a metric, a session id), *pattern* what is
    the same when it happens again; empty: the subject.  *since* is in seconds since 1970.
    *score* says how sure it is, from 0 to 1.
    """

    what: What
    subject: str
    observed: str
    expected: str
    since: float
    score: float
    pattern: str = ""

    @property
    def key(self) -> str:
        """What is the same when it happens again."""
        return self.pattern or self.subject


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """A deviation of a *service*, with a few of the lines it was seen in."""

    service: str
    deviation: Deviation
    samples: tuple[str, ...] = ()

    @property
    def pattern(self) -> str:
        """What stays the same when the same is found again: what feedback is kept under."""
        return f"{self.service}/{self.deviation.what}/{self.deviation.key}"

    @property
    def text(self) -> str:
        """The finding as a sentence."""
        found = self.deviation
        return (
            f"{found.what} of '{found.subject}' in service '{self.service}': "
            f"{found.observed}, expected {found.expected}"
        )

    def fields(self) -> dict[str, object]:
        """Give everything by name, as values that JSON holds."""
        found = asdict(self.deviation)
        return {
            "service": self.service,
            **found,
            "what": str(self.deviation.what),
            "pattern": self.pattern,
            "samples": list(self.samples),
            "text": self.text,
        }


class Feedback:
    """The patterns that somebody has called false positives; at most *most*, the latest stay."""

    def __init__(self, patterns: Iterable[str] = (), *, most: int = 10_000) -> None:
        self._most = most
        self._quiet: dict[str, None] = {}
        for each in patterns:
            self.quiet(each)

    def quiet(self, pattern: str) -> None:
        """Let nothing of this pattern be told any more."""
        self._quiet.pop(pattern, None)
        self._quiet[pattern] = None
        if len(self._quiet) > self._most:
            del self._quiet[next(iter(self._quiet))]

    def wake(self, pattern: str) -> None:
        """Let it be told again; a pattern that is not quiet stays as it is."""
        self._quiet.pop(pattern, None)

    def is_quiet(self, finding: Finding) -> bool:
        """Whether somebody has called findings of this pattern false."""
        return finding.pattern in self._quiet

    def patterns(self) -> tuple[str, ...]:
        """Give what is quiet, the latest last: what to keep over a restart."""
        return tuple(self._quiet)
