"""``svcctl logs``: what services wrote, with their restarts told inline."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from svcctl.app.verb import Arg, Kind
from svcctl.cli.foreign import harmless
from svcctl.cli.human import moment, size
from svcctl.cli.output import Cell, width
from svcctl.cli.session import Asked, Session
from svcctl.cli.streams import Item, items, show
from svcctl.cli.verb_command import OUTPUT, verb_command
from svcctl.errors import UsageError

_COLOURS = ("cyan", "yellow", "green", "magenta", "blue")
_TIMES = Arg(name="times", kind=Kind.FLAG, help="show when each line was written", short="t")
_FILE = Arg(
    name="file",
    kind=Kind.TEXT,
    help="read what others log instead, such as '/var/log/nginx/*.log'; no agent is asked",
)
_POSITIONS = Arg(
    name="positions",
    kind=Kind.TEXT,
    help="with --file and -f: go on from where this file says, and note there what was given",
)


class _Lines:
    """Turns items into lines, with a prefix where they are of more than one instance."""

    def __init__(self, session: Session, *, prefixed: bool, times: bool) -> None:
        self._out, self._prefixed, self._times = session.out, prefixed, times
        self._colours: dict[str, str] = {}
        self._room = 0

    def text(self, item: Item) -> str:
        """Give an item as a person reads it; one of several lines has the prefix on each."""
        if "\n" not in item.get("text", ""):
            return self._line(item)
        return "\n".join(self._line({**item, "text": each}) for each in item["text"].split("\n"))

    def _line(self, item: Item) -> str:
        time = f"{moment(item['at'])} " if self._times else ""
        said = item.get("event")
        line = (
            harmless(self._out, item["text"])
            if said is None
            else self._out.paint(f"-- {said}", "dim")
        )
        if self._prefixed or item["instance"] != item["service"] or said is not None:
            return f"{time}{self._prefix(item)}{line}"
        return f"{time}{line}"

    def _prefix(self, item: Item) -> str:
        name, service = item["instance"], item["service"]
        colour = self._colours.setdefault(service, _COLOURS[len(self._colours) % len(_COLOURS)])
        self._room = max(self._room, width(name))
        return self._out.paint(f"{name}{' ' * (self._room - width(name))} | ", colour)


def _stats(session: Session, item: Item) -> str:
    """Give what there is of a service: how much, of which level, and what is said most often."""
    out = session.out
    levels = ", ".join(f"{count} {level}" for level, count in item["levels"].items())
    period = f"{moment(item['first'])} to {moment(item['last'])}" if item["records"] else "nothing"
    rows = [
        (Cell(str(each["count"])), Cell(harmless(out, each["template"])))
        for each in item["templates"]
    ]
    head = f"{out.paint(item['service'], 'bold')}: {item['lines']} lines, {size(item['bytes'])}"
    lines = [f"{head}, {item['records']} records; {period}"]
    if rows:
        lines += [f"  {each}" for each in (levels, *out.laid_out(("COUNT", "TEMPLATE"), rows))]
    return "\n".join(lines)


def _foreign(session: Session, asked: Asked) -> int:
    from svcctl.cli.foreign_logs import foreign_items  # noqa: PLC0415 - without an agent, rare

    if asked.args.get("stats") or asked.selection.names:
        raise UsageError("--file goes with neither services nor --stats", hint="leave out one")
    lines = _Lines(session, prefixed="*" in asked.text("file"), times=asked.flag("times"))
    return show(session, asked, foreign_items([asked.text("file")], asked), lines.text)


def _logs(session: Session, asked: Asked) -> int:
    if asked.text("file"):
        return _foreign(session, asked)
    if asked.args.get("stats") is True:
        return show(session, asked, items(session, asked), partial(_stats, session))
    if asked.text("output") != "text":
        asked = replace(asked, args={**asked.args, "records": True})
    names = asked.selection.names
    one = len(names) == 1 and not any(sign in names[0] for sign in "@*?[")
    lines = _Lines(session, prefixed=not one, times=asked.flag("times"))
    return show(session, asked, items(session, asked), lines.text)


logs = verb_command("logs", _logs, OUTPUT, _TIMES, _FILE, _POSITIONS)
