"""Knows what was done about what is wrong, and since when whether it helped can be told: pure."""

from __future__ import annotations

from collections.abc import Iterator

from svcctl.app.healing.scene import Scene
from svcctl.app.healing.trouble import Trouble
from svcctl.spec.alert_policy import Happening

SETTLING = 60.0
"""Seconds in which what was at fault may come to itself before more is done."""


def well_since(name: str, scene: Scene) -> float:
    """Give when the service *name* came up, or something helped it, or a fault of it was over."""
    standing = scene.standing(name)
    came_up = standing.up_since() if standing else 0.0
    ends = (each.ended for each in scene.deeds_on(name) if each.may_help)
    return max((came_up, scene.troubles.fine_since(name), *ends))


def _answers(trouble: Trouble, scene: Scene) -> Iterator[float]:
    """Give when something ended that was done to whatever *trouble* is in, and may have helped.

    What was done to one instance helps no other.
    """
    for deed in scene.deeds_on(trouble.service):
        if deed.may_help and (not deed.instance or deed.instance == trouble.instance):
            yield deed.ended


def answered_at(trouble: Trouble, scene: Scene) -> float | None:
    """Give when something was last done about *trouble*; None: nothing since it was seen."""
    standing = scene.standing(trouble.service)
    came_up = standing.up_since(trouble.instance) if standing else 0.0
    last = max(_answers(trouble, scene), default=0.0)
    if last < trouble.seen and came_up <= trouble.seen:
        return None
    return max(last, came_up)


def settling(trouble: Trouble, scene: Scene) -> float:
    """Give the seconds after which *trouble*, if it is over, is known to be."""
    if trouble.happening is not Happening.RULE:
        return SETTLING
    spec = scene.specs.get(trouble.service)
    rules = [each for each in (spec.rules if spec else ()) if each.title == trouble.subject]
    if not rules:
        return SETTLING
    return max(rules[0].within or 0.0, rules[0].cooldown) + 1.0
