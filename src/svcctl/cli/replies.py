"""Shows what the programs of services answered to what they were asked."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from svcctl.app.verb import Arg, Kind
from svcctl.cli.outcomes import exit_status
from svcctl.cli.output import as_json
from svcctl.cli.session import Session
from svcctl.cli.wellbeing import Reply
from svcctl.wire import Request

OUTPUT = Arg(
    name="output",
    kind=Kind.TEXT,
    help="format of the result",
    default="text",
    short="o",
    choices=("text", "json"),
)


def ask(session: Session, request: Request) -> list[Reply]:
    """Give what each instance answers."""
    found = session.ask(request)
    assert isinstance(found, list)
    return found


def show(
    session: Session, found: Sequence[Reply], *, output: str, say: Callable[[Reply], None]
) -> int:
    """Show each reply by *say*, or all as JSON; tell of those that failed; give the exit status."""
    if output == "json":
        session.out.line(as_json(list(found)))
        return exit_status(found)
    for each in found:
        if each["ok"]:
            say(each)
            continue
        err = session.err
        problem = err.words.told(each["problem"])
        err.line(f"{err.paint(err.words.of('failed'), 'bad')}: {each['instance']}: {problem}")
        if each["hint"]:
            err.line(err.hint(each["hint"]))
    return exit_status(found)


def tell_whose(session: Session, each: Reply, *, among: Sequence[Reply]) -> None:
    """Name the instance that answers, where several do."""
    if len(among) > 1:
        session.out.line(session.out.paint(each["instance"], "bold"))
