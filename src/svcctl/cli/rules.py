"""``svcctl rules``: the rules over logs, and what they would have made of one."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

import click

from svcctl.cli.command import Command, Group
from svcctl.cli.foreign import harmless
from svcctl.cli.human import moment
from svcctl.cli.log_blocks import blocks
from svcctl.cli.output import Cell, as_json
from svcctl.cli.session import Session
from svcctl.errors import UnknownService, UsageError, quoted
from svcctl.spec.names import did_you_mean

if TYPE_CHECKING:
    from svcctl.app.rehearsing import Rehearsal
    from svcctl.app.replaying import Extent
    from svcctl.detect.rules.watch import Outcome
    from svcctl.spec.load import Loaded
    from svcctl.spec.log_rule import LogRule

_STYLES = {"P0": "bad", "P1": "warn", "P2": ""}

Row = dict[str, object]

_FROM = click.Option(
    ["--rules", "files"],
    multiple=True,
    metavar="FILE|FOLDER",
    type=click.Path(),
    help="definitions with the rules (default: those of this folder)",
)
_SERVICE = click.Option(
    ["--service", "services"],
    multiple=True,
    metavar="NAME",
    help="only the rules of this service or watch (default: all)",
)
_OUTPUT = click.Option(
    ["--output", "-o"],
    type=click.Choice(["text", "json", "jsonl"]),
    default="text",
    help="format of the result (default: text)",
)


@click.group(cls=Group)
def rules() -> None:
    """Show the rules over logs, and what they would have made of one."""


rules.examples = (
    "svcctl rules list                     every rule of ./svcctl.toml",
    "svcctl rules test app.log             what would have fired, when",
)


@click.command(
    cls=Command, params=[_FROM, _SERVICE, _OUTPUT], help="Show the rules of definitions."
)
@click.pass_obj
def show_rules(
    session: Session, /, *, files: tuple[str, ...], services: tuple[str, ...], output: str
) -> int:
    loaded = _load(files)
    rows = [
        _described(loaded, service, rule)
        for service, each in _chosen(loaded, services).items()
        for rule in each
    ]
    if output != "text":
        _put(session, rows, output=output)
        return 0
    headings = ("SERVICE", "RULE", "SEVERITY", "ACTION", "ASKS FOR")
    keys = ("service", "rule", "severity", "action")
    session.out.table(
        headings,
        [[*(Cell(str(row[key])) for key in keys), Cell(_asks(row["asks"]), "dim")] for row in rows],
    )
    return 0


@click.command(
    cls=Command,
    params=[
        click.Argument(["logs"], nargs=-1, required=True, metavar="FILE|-...", type=click.Path()),
        _FROM,
        _SERVICE,
        click.Option(
            ["--form"],
            default="",
            metavar="NAME|PATTERN",
            help="how lines are written, such as json, logfmt, access or a pattern with named "
            "groups (default: found out)",
        ),
        _OUTPUT,
    ],
    help="Replay logs, the oldest first, and show what would have fired, when, with the lines.",
)
@click.pass_obj
def test_rules(
    session: Session,
    /,
    *,
    logs: tuple[str, ...],
    files: tuple[str, ...],
    services: tuple[str, ...],
    form: str,
    output: str,
) -> int:
    from svcctl.app import rehearsing  # noqa: PLC0415 - only who replays needs it

    loaded = _load(files)
    chosen = _chosen(loaded, services)
    rehearsal = rehearsing.Rehearsal(chosen, form=form, now=time.time())
    rows: list[Row] = []
    for outcome in _outcomes(rehearsal, logs):
        rows.append(_told(loaded, outcome))
        if output == "text":
            _say(session, rows[-1])
    if output != "text":
        _put(session, rows, output=output)
    _sum_up(session, rows, rehearsal.extent, count=sum(map(len, chosen.values())))
    return 0


rules.add_command(show_rules, "list")
rules.add_command(test_rules, "test")

show_rules.examples = ("svcctl rules list", "svcctl rules list --rules shop.toml -o json")
test_rules.examples = (
    "svcctl rules test app.log",
    "svcctl rules test app.log.1.gz app.log --service web",
    "journalctl -u web -o json | svcctl rules test - --rules shop.toml -o json",
)


def _load(files: tuple[str, ...]) -> Loaded:
    from svcctl.cli.definitions import load  # noqa: PLC0415 - pydantic takes its time

    return load(files)


def _chosen(loaded: Loaded, names: tuple[str, ...]) -> Mapping[str, tuple[LogRule, ...]]:
    """Give the rules of each service and watch that has some; raises where there are none."""
    written = {name: watch.rules for name, watch in loaded.watches.items()}
    written |= {name: spec.rules for name, spec in loaded.services.items()}
    for name in names:
        if name not in written:
            hint = did_you_mean(name, written) or "see: svcctl rules list"
            raise UnknownService(f"no service {quoted(name)} is defined", hint=hint)
    found = {
        name: rules
        for name, rules in sorted(written.items())
        if rules and (not names or name in names)
    }
    if not found:
        name = names[0] if names else next(iter(loaded.services), "web")
        hint = f'add to the definition: [[services.{name}.rules]], and: match = "ERROR"'
        raise UsageError(f"service {quoted(name)} has no rules", hint=hint)
    return found


def _outcomes(rehearsal: Rehearsal, logs: Iterable[str]) -> Iterator[Outcome]:
    for block in blocks(logs):
        yield from rehearsal.feed(block)
    yield from rehearsal.end()


def _severity(loaded: Loaded, service: str, rule: LogRule) -> str:
    """Give how much it matters: what the service says, or the rule, or the matrix."""
    from svcctl.spec.alerting import SeveritySpec  # noqa: PLC0415 - it is loaded by now

    matrix = loaded.alerting.severity if loaded.alerting else SeveritySpec()
    owner = loaded.watches[service].service if service in loaded.watches else service
    said = loaded.services[owner].alert.priority if owner in loaded.services else None
    return said or rule.severity or matrix.rule


def _described(loaded: Loaded, service: str, rule: LogRule) -> Row:
    from svcctl.spec.canonical import dump_value  # noqa: PLC0415 - as above
    from svcctl.spec.shape import shape_of  # noqa: PLC0415

    asks = dump_value(rule, shape_of(type(rule)))
    assert isinstance(asks, dict)
    told = ("name", "severity", "action", "cooldown")
    return {
        "service": service,
        "rule": rule.title,
        "severity": _severity(loaded, service, rule),
        "action": rule.action,
        "cooldown": rule.cooldown,
        "asks": {key: value for key, value in asks.items() if key not in told},
    }


def _asks(asks: object) -> str:
    assert isinstance(asks, dict)
    return "  ".join(f"{key}={as_json(value, indent=None)}" for key, value in asks.items())


def _told(loaded: Loaded, outcome: Outcome) -> Row:
    """Give an outcome as JSON can hold it."""
    rule, service = outcome.rule, outcome.service
    row: Row = {
        "at": outcome.at,
        "what": type(outcome).__name__.lower(),
        "service": service,
        "rule": rule.title,
        "severity": _severity(loaded, service, rule),
    }
    finding = getattr(outcome, "finding", None)
    if finding is None:
        return row
    return row | {
        "action": rule.action,
        "observed": finding.deviation.observed,
        "expected": finding.deviation.expected,
        "since": finding.deviation.since,
        "held_back": getattr(outcome, "held_back", 0),
        "lines": list(finding.samples),
    }


def _say(session: Session, row: Row) -> None:
    out, severity = session.out, str(row["severity"])
    head = f"{moment(float(str(row['at'])))}  {out.paint(severity, _STYLES[severity])}"
    name = f"{row['service']}  {out.paint(harmless(out, str(row['rule'])), 'bold')}"
    if row["what"] == "ended":
        out.line(f"{head}  ended  {name}")
        return
    held_back = f"; {row['held_back']} more were held back before" if row["held_back"] else ""
    action = "" if row["action"] == "alert" else f"  -> {row['action']}"
    said = f"{row['observed']}, expected {row['expected']}{held_back}{action}"
    out.line(f"{head}  fired  {name}: {said}")
    lines = row["lines"]
    for line in lines if isinstance(lines, list) else ():
        for part in str(line).encode("utf-8", "replace").decode().split("\n"):
            out.line(f"    | {harmless(out, part)}")


def _put(session: Session, rows: list[Row], *, output: str) -> None:
    if output == "json":
        session.out.line(as_json(rows))
        return
    for row in rows:
        session.out.line(as_json(row, indent=None))


def _sum_up(session: Session, rows: list[Row], extent: Extent, *, count: int) -> None:
    fired = [row for row in rows if row["what"] == "fired"]
    which = len({(row["service"], row["rule"]) for row in fired})
    span = "no times"
    if extent.first is not None and extent.last is not None:
        span = f"{moment(extent.first)} to {moment(extent.last)}"
    session.tell(
        f"{which} of {count} rules fired, {len(fired)} times in all; "
        f"{extent.records} records, {span}"
    )
    if extent.timeless:
        session.tell(
            f"{extent.timeless} records say no time and are taken to be of that of the one before; "
            "how lines are written can be told with --form"
        )
