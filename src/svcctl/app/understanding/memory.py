"""Takes up what was learnt of a service before a restart."""

from __future__ import annotations

import json
import logging

from svcctl.app.understanding.place import Place
from svcctl.detect.finding import OF_LOGS, Deviation, Finding, What
from svcctl.detect.log_watch import LogWatch
from svcctl.detect.log_watch_policy import LogWatchPolicy
from svcctl.events import FindingMade
from svcctl.spec.detect_policy import DetectPolicy

log = logging.getLogger(__name__)


def watch_of(service: str, policy: DetectPolicy, *, place: Place) -> LogWatch:
    """Give the watch of *service*, with what is on the shelf and what is found of it and not over.

    What cannot be read is set aside: it is broken, or a later version wrote it.
    """
    watch = LogWatch(service, policy_of(policy))
    if content := place.shelf.get(service):
        try:
            watch.restore(json.loads(content))
        except Exception:  # it is made of too many parts to know what a broken one raises
            log.exception("learnt.unreadable", extra={"service": service})
            place.shelf.set_aside(service)
            watch = LogWatch(service, policy_of(policy))
    for each in place.told.open_of(service):
        if each.kind in OF_LOGS:
            watch.recall(_finding(each), at=each.at, now=place.clock.now())
    return watch


def policy_of(policy: DetectPolicy) -> LogWatchPolicy:
    """Give what a definition says in the words of detectors."""
    return LogWatchPolicy(
        learning=policy.learning,
        sessions=policy.sessions,
        error_rate=policy.error_rate,
        latency=policy.latency,
    )


def _finding(made: FindingMade) -> Finding:
    what = What(made.kind)
    key = made.pattern.removeprefix(f"{made.service}/{what}/")
    found = Deviation(
        what=what,
        subject=made.subject,
        observed=made.observed,
        expected=made.expected,
        since=made.since,
        score=made.score,
        pattern="" if key == made.subject else key,
    )
    return Finding(service=made.service, deviation=found, samples=made.samples)
