"""What there is to heal, in the form in which whoever asks is answered."""

from __future__ import annotations

from svcctl.app.healing.deciding import Held, decide
from svcctl.app.healing.deed import Deed
from svcctl.app.healing.rehearsal import Rehearsed
from svcctl.app.healing.scene import Scene
from svcctl.app.healing.wanted import Wanted
from svcctl.ports import Document


def decided(wanted: Wanted, scene: Scene, *, at_once: bool = False) -> Document:
    """Say what is done about one thing now, or why it is not."""
    return row(wanted, decide(wanted, scene, at_once=at_once))


def rehearsed(found: Rehearsed) -> Document:
    """Say what would have been done at some time, or why not."""
    return {"at": found.at, **row(found.wanted, found.held)}


def done(deed: Deed) -> Document:
    """Say what was done."""
    return {
        "at": deed.at,
        "service": deed.service,
        "deed": deed.what,
        "by": deed.by,
        "why": deed.why,
        "state": str(deed.state),
        "problem": deed.problem,
        "took": max(0.0, deed.ended - deed.at) if deed.ended else None,
    }


def row(wanted: Wanted, held: Held | None) -> Document:
    """Give *wanted*, and why it is held, if it is."""
    trouble = wanted.trouble
    return {
        "service": wanted.service,
        "instance": trouble.instance,
        "on": str(trouble.happening),
        "subject": trouble.subject,
        "why": trouble.summary,
        "since": trouble.since,
        "score": trouble.score,
        "deed": wanted.policy.do,
        "by": wanted.by,
        "now": held is None,
        "reason": held.reason if held else "",
        "problem": held.problem if held else "",
        "until": held.until if held else None,
    }
