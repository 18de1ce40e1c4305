"""``svcctl top``: what services use, the hungriest first, again and again."""

from __future__ import annotations

import time

import click

from svcctl.cli import standing, trends
from svcctl.cli.command import Command
from svcctl.cli.live import refresh
from svcctl.cli.output import as_json
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import names_argument, read_duration
from svcctl.wire import Selection


@click.command(
    cls=Command,
    params=[
        names_argument(),
        click.Option(
            ["--sort"],
            type=click.Choice(["cpu", "memory", "name"]),
            default="cpu",
            help="what comes first (default: cpu)",
        ),
        click.Option(
            ["--every"],
            type=read_duration,
            default="2s",
            metavar="DURATION",
            help="time between two looks (default: 2s)",
        ),
        click.Option(["--once"], is_flag=True, help="look once and end"),
        click.Option(
            ["--since"],
            metavar="AGE",
            help="show what was used from this age (1h) or time on, as lines",
        ),
        click.Option(
            ["--output", "-o"],
            type=click.Choice(["table", "json"]),
            default="table",
            help="form of the answer; as JSON it looks once",
        ),
    ],
    help="Watch what services use; q or Ctrl-C ends.",
)
@click.pass_obj
def top(
    session: Session,
    /,
    *,
    names: tuple[str, ...],
    sort: str,
    every: float,
    once: bool,
    since: str | None,
    output: str,
) -> int:
    selection = Selection(names=names, all=not names)
    asked = Asked(verb="status", selection=selection)

    def look() -> list[standing.Standing]:
        return sorted(standing.ask(session, asked), key=lambda each: _rank(each, sort))

    def page() -> list[str]:
        if since:
            from svcctl.cli import history  # noqa: PLC0415 - for those who look back

            past = Asked(verb="history", selection=selection, args={"since": since})
            found = history.ask(session, past)
            return [as_json(found)] if json else history.lines(session.out, found, sort=sort)
        rising = trends.ask(session)
        if json:
            return [as_json([{**e, "trends": rising.get(e["instance"], [])} for e in look()])]
        marks = {name: trends.mark(session.out, each) for name, each in rising.items()}
        return standing.lines(session.out, look(), wide=False, now=time.time(), trends=marks)

    json = output == "json"
    if not (once or json):
        return refresh(session, page, every=every)
    for line in page():
        session.out.line(line)
    return 0


def _rank(each: standing.Standing, sort: str) -> tuple[float, float, str]:
    """Order by *sort*, then by the other measure, then by name; what is unknown comes last."""
    cpu, memory = each["cpu"] or 0.0, float(each["memory_bytes"] or 0)
    match sort:
        case "cpu":
            return -cpu, -memory, each["instance"]
        case "memory":
            return -memory, -cpu, each["instance"]
        case _:
            return 0.0, 0.0, each["instance"]


top.examples = (
    "svcctl top",
    "svcctl top @shop --sort memory",
    "svcctl top --since 1h --once",
    "svcctl top -o json",
)
