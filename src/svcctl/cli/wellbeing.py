"""Says in words how services find themselves; light, for ``svcctl status`` shows it too."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from svcctl.cli.output import Screen

Reply = dict[str, Any]
"""The fields that :func:`svcctl.app.conversing.reply` gives."""

_STYLES = {"UP": "good", "DEGRADED": "warn", "DOWN": "bad"}


def style(answer: dict[str, Any]) -> str:
    """Give the style of a status."""
    return _STYLES.get(answer["status"], "")


def details(check: dict[str, Any]) -> str:
    """Say what a check found, in a line."""
    return ", ".join(f"{name}: {value}" for name, value in check["details"].items())


def lines(out: Screen, found: Sequence[Reply]) -> list[str]:
    """Give a line for each service that says how it finds itself, and one for each bad check.

    Those that take no requests are left out.
    """
    told: list[str] = []
    for each in found:
        if not each["obliging"]:
            continue
        if not each["ok"]:
            told.append(f"{each['instance']}: health unknown: {each['problem']}")
            continue
        answer = each["answer"]
        told.append(f"{each['instance']}: health {out.paint(answer['status'], style(answer))}")
        told += [
            f"  {name} {out.paint(check['status'], style(check))}  {details(check)}".rstrip()
            for name, check in answer["checks"].items()
            if check["status"] != "UP"
        ]
    return told
