"""``svcctl config``: the configuration that running services have, and those they had."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import click

from svcctl.cli.command import Group
from svcctl.cli.output import Cell
from svcctl.cli.replies import OUTPUT, ask, show, tell_whose
from svcctl.cli.session import Asked, Session
from svcctl.cli.values import put_value, read_values
from svcctl.cli.verb_command import verb_command
from svcctl.cli.wellbeing import Reply
from svcctl.errors import UsageError

Row = dict[str, Any]


@click.group(cls=Group)
def config() -> None:
    """Show the configuration of running services, and go back to one they had.

    Of services written with the SDK; the definition of any service is shown by svcctl show.
    """


config.examples = (
    "svcctl config show mailer          each value, and where it came from",
    "svcctl config history mailer       who changed what, and when",
    "svcctl config rollback mailer 3",
    "svcctl config set mailer period=5s",
)


def _show(session: Session, asked: Asked) -> int:
    found = ask(session, asked.request())

    def say(each: Reply) -> None:
        answer = each["answer"]
        title = f"{each['instance']}  version {answer['version']}"
        session.out.line(session.out.paint(title, "bold"))
        rows = [
            [Cell(row["key"]), Cell(row["value"]), Cell(row["origin"], "dim")]
            for row in answer["values"]
        ]
        session.out.table(("OPTION", "VALUE", "FROM"), rows)
        _tell_pending(session, answer)

    return show(session, found, output=asked.text("output"), say=say)


def _tell_pending(session: Session, answer: Row) -> None:
    """Tell what is not in force though somebody wants it."""
    if answer["restart_wanted"]:
        wanted = ", ".join(answer["restart_wanted"])
        session.tell(f"takes effect with a restart: {wanted}")
    if rejected := answer["rejected"]:
        session.tell(f"refused, what {rejected['who']} brought:")
        for each in rejected["mistakes"]:
            session.tell(f"  {_mistake(each)}")


def _mistake(each: Row) -> str:
    place = ":".join(str(each[name]) for name in ("file", "line") if each[name])
    return f"{place}: {each['problem']}" if place else str(each["problem"])


def _history(session: Session, asked: Asked) -> int:
    found = ask(session, asked.request())

    def say(each: Reply) -> None:
        tell_whose(session, each, among=found)
        headings = ("VERSION", "WHEN", "WHO", "WHAT", "CHANGED", "FROM")
        session.out.table(headings, _revisions(each["answer"]))

    return show(session, found, output=asked.text("output"), say=say)


def _revisions(found: Sequence[Row]) -> list[list[Cell]]:
    return [
        [
            Cell(f"{each['version']}{' *' if each['in_force'] else ''}"),
            Cell(datetime.fromtimestamp(each["at"]).astimezone().isoformat(" ", "seconds")),
            Cell(each["who"]),
            Cell(each["what"]),
            Cell(", ".join(each["changed"]) or "-"),
            Cell(each["origin"] or "-", "dim"),
        ]
        for each in reversed(found)
    ]


def _rollback(session: Session, asked: Asked) -> int:
    found = ask(session, asked.request())

    def say(each: Reply) -> None:
        session.out.line(f"{each['instance']} {_became(each['answer'])}")
        session.tell(f"next: svcctl config show {each['service']}")

    return show(session, found, output=asked.text("output"), say=say)


def _became(answer: Row) -> str:
    """Say what became of a rollback that was not refused."""
    changed = ", ".join(answer["changed"])
    match answer["verdict"]:
        case "unchanged":
            return f"has that configuration already (version {answer['version']})"
        case "restart_wanted":
            return f"takes it with its next start; a restart is wanted for {changed}"
        case _:
            return f"runs with version {answer['version']}; changed: {changed or 'nothing'}"


def _set(session: Session, asked: Asked) -> int:
    words, file = asked.options["words"], asked.options["file"]
    assert isinstance(words, tuple)
    if not words and file is None and not asked.args.get("replace"):
        raise UsageError("there is nothing to set", hint="svcctl config set NAME KEY=VALUE")
    values = {} if file is None else read_values(file.read(), file.name)  # type: ignore[attr-defined]
    for word in words:
        put_value(values, str(word))
    found = ask(session, replace(asked, args=asked.args | {"config": values}).request())
    said = _would_become if asked.args.get("dry_run") else _became

    def say(each: Reply) -> None:
        session.out.line(f"{each['instance']} {said(each['answer'])}")
        session.tell(f"next: svcctl config show {each['service']}")

    return show(session, found, output=asked.text("output"), say=say)


def _would_become(answer: Row) -> str:
    changed = ", ".join(answer["changed"])
    match answer["verdict"]:
        case "unchanged":
            return "has those values already"
        case "restart_wanted":
            wanted = ", ".join(answer["restart_wanted"])
            return f"would take them with its next start: {changed}; a restart is for {wanted}"
        case _:
            return f"would take them at once; they would change: {changed or 'nothing'}"


config.add_command(verb_command("config", _show, OUTPUT), "show")
config.add_command(verb_command("config-history", _history, OUTPUT), "history")
config.add_command(verb_command("config-rollback", _rollback, OUTPUT), "rollback")
config.add_command(
    verb_command(
        "set-config",
        _set,
        OUTPUT,
        more=(
            click.Argument(["words"], nargs=-1, metavar="[KEY=VALUE]..."),
            click.Option(
                ["--file", "file"],
                type=click.File("rb"),
                metavar="FILE",
                help="values in TOML or JSON; - for what is typed, such as secrets",
            ),
        ),
    ),
    "set",
)
