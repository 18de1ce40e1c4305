"""``svcctl history`` and ``svcctl top --since``: what services used, as a line over time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from svcctl.app.verb import Arg, Kind
from svcctl.cli.human import size
from svcctl.cli.output import Cell, Screen, as_json
from svcctl.cli.session import Asked, Session
from svcctl.cli.sparkline import BARS, PLAIN, sparkline, spread
from svcctl.cli.verb_command import verb_command

_CPU, _MEMORY, _FILES = 1, 2, 4
_REST = 48  # columns of all that is no line
_LEAST, _MOST = 10, 60  # columns of a line

Rows = list[list[Any]]


def ask(session: Session, asked: Asked) -> dict[str, Any]:
    """Give what the services asked for used."""
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    return found


def lines(out: Screen, found: dict[str, Any], *, sort: str = "cpu") -> list[str]:
    """Give the lines of a table, the hungriest first."""
    instances: dict[str, Rows] = found["instances"]
    if not instances:
        return ["nothing was written down in this time"]
    at = {"cpu": _CPU, "memory": _MEMORY}.get(sort)
    ranked = sorted(instances, key=lambda name: (-_most(instances[name], at), name))
    columns = min(max((out.columns - _REST) // 2, _LEAST), _MOST) if out.columns else 30
    span = found["since"], found["until"]
    rows = [_row(out, name, instances[name], span, columns) for name in ranked]
    headings = ("NAME", "CPU", "MOST", "MEMORY", "NOW", "MOST", "FILES")
    return out.laid_out(headings, rows)


def _row(
    out: Screen, name: str, rows: Rows, span: tuple[float, float], columns: int
) -> Sequence[Cell]:
    bars = BARS if out.can_show(BARS) else PLAIN

    def line(at: int) -> Cell:
        points = [(row[0], row[at]) for row in rows if row[at] is not None]
        values = spread(points, since=span[0], until=span[1], columns=columns)
        return Cell(sparkline(values, bars=bars), "cyan")

    files = rows[-1][_FILES]
    return (
        Cell(name),
        line(_CPU),
        Cell(f"{_most(rows, _CPU):.0f}%"),
        line(_MEMORY),
        Cell(size(rows[-1][_MEMORY])),
        Cell(size(int(_most(rows, _MEMORY)))),
        Cell("-" if files is None else str(files), "dim" if files is None else ""),
    )


def _most(rows: Rows, at: int | None) -> float:
    return max((row[at] for row in rows if at and row[at] is not None), default=0.0)


def _history(session: Session, asked: Asked) -> int:
    found = ask(session, asked)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
        return 0
    for line in lines(session.out, found):
        session.out.line(line)
    return 0


_OUTPUT = Arg(
    name="output",
    kind=Kind.TEXT,
    help="form of the answer",
    default="table",
    short="o",
    choices=("table", "json"),
)

history = verb_command("history", _history, _OUTPUT)
