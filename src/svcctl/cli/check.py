"""``svcctl check``: every mistake in definitions, each with its place."""

from __future__ import annotations

from dataclasses import asdict

import click

from svcctl.cli.command import Command
from svcctl.cli.output import as_json
from svcctl.cli.session import Session
from svcctl.errors import Mistake, SpecError


@click.command(
    cls=Command,
    params=[
        click.Argument(["files"], nargs=-1, metavar="[FILE|FOLDER]...", type=click.Path()),
        click.Option(
            ["--set", "flags"],
            multiple=True,
            metavar="PATH=VALUE",
            help="override an option, such as web.stop.timeout=20s",
        ),
        click.Option(
            ["--output", "-o"],
            type=click.Choice(["text", "json"]),
            default="text",
            help="format of the result (default: text)",
        ),
    ],
    help="Find every mistake in definitions; exit status 78 if there is one.",
)
@click.pass_obj
def check(
    session: Session, /, *, files: tuple[str, ...], flags: tuple[str, ...], output: str
) -> int:
    from svcctl.cli.definitions import load  # noqa: PLC0415 - pydantic takes its time

    try:
        loaded = load(files, flags=flags)
    except SpecError as error:
        if output == "text":
            raise
        mistakes = error.mistakes or (Mistake(problem=error.problem, hint=error.hint),)
        session.out.line(as_json({"services": [], "mistakes": [asdict(each) for each in mistakes]}))
        return error.exit_status
    names = sorted(loaded.services)
    if output == "json":
        watches = {"watches": sorted(loaded.watches)} if loaded.watches else {}
        session.out.line(as_json({"services": names, **watches, "mistakes": []}))
        return 0
    count = "1 service" if len(names) == 1 else f"{len(names)} services"
    if loaded.watches:
        logs = "1 log" if len(loaded.watches) == 1 else f"{len(loaded.watches)} logs"
        count = f"{count} and {logs} to watch"
    said = {"alerting": "who is told of what", "shipping": "where logs are sent"}
    found = [count, *(text for name, text in said.items() if name in loaded.said)]
    session.out.line(f"{' and '.join(found)}, no mistakes")
    return 0


check.examples = ("svcctl check", "svcctl check shop.toml conf.d", "svcctl check -o json")
