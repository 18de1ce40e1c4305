"""States what is found in one instance of a service, as events."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svcctl.events import FindingEnded, FindingMade

if TYPE_CHECKING:  # the agent loads what finds once there is something to look at
    from svcctl.detect.finding import Finding


def found_in(
    instance: str,
    finding: Finding,
    *,
    service: str,
    at: float,
    priority: str = "",
    exhausted_at: float | None = None,
) -> FindingMade:
    """Say that *finding* was made in *instance*; see :class:`svcctl.events.FindingMade`."""
    found = finding.deviation
    return FindingMade(
        at=at,
        service=service,
        instance=instance,
        kind=str(found.what),
        subject=found.subject,
        pattern=finding.pattern,
        observed=found.observed,
        expected=found.expected,
        since=found.since,
        score=found.score,
        explanation=finding.text,
        samples=finding.samples,
        priority=priority,
        seen_in=instance,
        exhausted_at=exhausted_at,
    )


def over_in(instance: str, pattern: str, *, service: str, at: float) -> FindingEnded:
    """Say that what was found under *pattern* in *instance* is over."""
    return FindingEnded(at=at, service=service, instance=instance, pattern=pattern)
