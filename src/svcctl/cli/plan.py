"""A plan in words: what will become of each service, and why."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from svcctl.cli.output import Screen

Planned = dict[str, Any]
"""``service``, ``change``, ``action`` and ``changes`` of one service."""

_SENTENCES = {
    ("created", "start"): ("+ {service}: create and start", "good"),
    ("created", "none"): ("+ {service}: create, not start", "good"),
    ("changed", "restart"): ("~ {service}: change and restart", "warn"),
    ("changed", "reload"): ("~ {service}: change and reload", "warn"),
    ("changed", "update"): ("~ {service}: change, without a restart", "warn"),
    ("removed", "stop"): ("- {service}: stop and remove", "bad"),
    ("removed", "none"): ("- {service}: remove", "bad"),
    ("created", "take"): ("+ {service}: take over", "good"),
    ("changed", "take"): ("~ {service}: change", "warn"),
    ("removed", "take"): ("- {service}: remove", "bad"),
    ("unchanged", "none"): ("= {service}: no change", "dim"),
    ("orphaned", "none"): ("! {service}: no file defines it any more; --prune removes it", "warn"),
}
_OTHERWISE = ("~ {service}: {change}, {action}", "warn")
_QUIET = frozenset(("unchanged", "orphaned"))
_DISTURBING = frozenset(("restart", "stop"))


def pending(plan: Sequence[Planned]) -> list[Planned]:
    """Give what is to be done at all."""
    return [each for each in plan if each["change"] not in _QUIET]


def disturbing(plan: Sequence[Planned]) -> list[str]:
    """Name the services that would be restarted or stopped."""
    return [each["service"] for each in pending(plan) if each["action"] in _DISTURBING]


def show(out: Screen, plan: Sequence[Planned]) -> None:
    """Write a plan."""
    for each in plan:
        sentence, style = _SENTENCES.get((each["change"], each["action"]), _OTHERWISE)
        out.line(out.paint(out.words.of(sentence).format_map(each), style))
        for path, old, new in each["changes"]:
            out.line(f"    {path}: {text(old)} -> {text(new)}")
    if not pending(plan):
        out.say("nothing to do")


def text(value: object) -> str:
    """Give a value as JSON; nothing for none."""
    return "nothing" if value is None else json.dumps(value, ensure_ascii=False)
