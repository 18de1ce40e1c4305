"""What services use more and more of, and for how long there is enough, in few words."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from svcctl.cli.human import length, size
from svcctl.cli.output import Screen
from svcctl.cli.session import Session
from svcctl.errors import AgentUnreachable, UsageError
from svcctl.wire import Request, Selection

Trend = dict[str, Any]
"""One row of the verb ``trends``."""

_UP, _UP_PLAIN = "↗", "^"
_BYTES = frozenset({"memory", "disk"})


def ask(session: Session) -> dict[str, list[Trend]]:
    """Give the trends there are, by instance; none where no agent judges them."""
    try:
        rows = session.ask(Request(verb="trends", select=Selection(all=True)))
    except (AgentUnreachable, UsageError):  # an agent of before knows no such verb
        return {}
    assert isinstance(rows, list)
    found: dict[str, list[Trend]] = {}
    for each in rows:
        found.setdefault(each["instance"], []).append(each)
    return found


def mark(out: Screen, rows: Iterable[Trend]) -> str:
    """Say it in a line: ``↗ memory 4.8 MiB/h, used up in 3h 20m``."""
    return "; ".join(_mark(each, _UP if out.can_show(_UP) else _UP_PLAIN) for each in rows)


def _mark(row: Trend, up: str) -> str:
    words = [f"{up} {row['resource']}"]
    if row["per_hour"] is not None:
        rise = row["per_hour"]
        words.append(f"{size(int(rise)) if row['resource'] in _BYTES else f'{rise:.1f}'}/h")
    left = row["exhausted_in"]
    if left is not None:
        return f"{' '.join(words)}, used up in {length(left)}"
    return " ".join(words) if row["per_hour"] is not None else f"{words[0]} nearly used up"
