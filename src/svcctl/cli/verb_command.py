"""Turns a verb of the table into a click command: arguments, options, help, completion."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

import click
from click.shell_completion import CompletionItem

from svcctl.app.verb import Arg, Effect, Kind, Selects, Verb
from svcctl.app.verbs import find
from svcctl.cli.command import Command
from svcctl.cli.session import Asked, Run, Session
from svcctl.errors import AgentUnreachable, SvcctlError, UsageError
from svcctl.wire import Request, Selection

OUTPUT = Arg(
    name="output",
    kind=Kind.TEXT,
    help="format of the result",
    default="text",
    short="o",
    choices=("text", "json", "jsonl"),
)
YES = Arg(name="yes", kind=Kind.FLAG, help="do not ask", default=False, short="y")

_COMPLETION_PATIENCE = 0.5  # seconds; nobody waits longer for a completion


def read_duration(text: str) -> float:
    """Give a length of time with its unit, such as 500ms or 2m, in seconds."""
    from svcctl.spec.notation import parse_duration  # noqa: PLC0415 - rarely needed

    try:
        return parse_duration(text)
    except SvcctlError as error:
        raise click.BadParameter(error.problem) from error


def verb_command(
    name: str,
    run: Run,
    *extras: Arg,
    flags: Mapping[str, str] | None = None,
    bare: Mapping[str, str] | None = None,
    more: Sequence[click.Parameter] = (),
) -> click.Command:
    """Make the command for the verb called *name*, done by *run*.

    *extras* and *more* are options that concern the command line only; *flags* renames flags,
    *bare* is as in :class:`~svcctl.cli.command.Command`.
    """
    verb = find(name)
    assert verb is not None, name
    args = tuple(arg for arg in verb.args if arg.kind is not Kind.DOCUMENT)
    named = flags or {}
    own = [*(each.name for each in extras), *(each.name for each in more if each.name)]

    @click.pass_obj
    def callback(session: Session, /, **given: object) -> int:
        return _done(run, session, _asked(verb, given, own))

    command = Command(
        name,
        callback=callback,
        help=verb.summary,
        params=[
            *_selectors(verb),
            *more,
            *(parameter(arg, flag=named.get(arg.name, "")) for arg in (*args, *extras)),
            *([_json()] if any("json" in each.choices for each in extras) else []),
        ],
    )
    command.examples, command.bare = verb.examples, bare or {}
    return command


def _done(run: Run, session: Session, asked: Asked) -> int:
    """Do what was asked; an answer from elsewhere may be none of that verb."""
    try:
        return run(session, asked)
    except KeyboardInterrupt:
        verb = find(asked.verb)
        if verb is not None and verb.effect is not Effect.READ:
            session.tell("no longer waited for; what was begun may go on: svcctl status")
        raise
    except (ArithmeticError, AssertionError, AttributeError, LookupError, TypeError) as error:
        if session.remote is None:
            raise
        raise AgentUnreachable(
            f"{session.remote.name!r} answers {asked.verb!r} with what cannot be read",
            hint="compare the versions: svcctl --version, there and here",
        ) from error


def parameter(arg: Arg, *, flag: str = "") -> click.Parameter:
    """Give the click parameter for *arg*, called *flag* where the name of *arg* is no good flag."""
    if arg.positional:
        needed, shown = arg.default is None, arg.name.upper()
        if needed:  # to click even None would be a default, which makes nothing required
            return click.Argument([arg.name], type=_type(arg), metavar=shown)
        return click.Argument(
            [arg.name], type=_type(arg), metavar=f"[{shown}]", required=False, default=arg.default
        )
    names = [f"--{flag or arg.name.replace('_', '-')}", arg.name]
    if arg.short:
        names.append(f"-{arg.short}")
    if arg.kind is Kind.FLAG:
        return click.Option(names, is_flag=True, help=arg.help)
    said = arg.help if arg.default is None else f"{arg.help} (default: {arg.default})"
    return click.Option(
        names,
        type=_type(arg),
        default=arg.default,
        help=said,
        metavar=None if arg.choices else arg.kind.upper(),
    )


def complete_names(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a service, an instance or a group; silent where nobody answers."""
    del param
    given = ctx.find_root().params
    try:
        words = _known_words(given.get("home"), given.get("host"))
    except (SvcctlError, LookupError, TypeError):  # nobody answers, or with what is no status
        return []
    return [CompletionItem(each) for each in sorted(words) if each.startswith(incomplete)]


def complete_defined(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete a service that svcctl.toml in this folder defines; silent where that is no TOML."""
    del ctx, param
    import tomllib  # noqa: PLC0415 - only to complete

    try:
        with open("svcctl.toml", "rb") as file:  # noqa: PTH123 - pathlib is slow to load
            services = tomllib.load(file).get("services", {})
    except (OSError, ValueError, RecursionError):
        return []
    found = sorted(services) if isinstance(services, dict) else []
    return [CompletionItem(each) for each in found if each.startswith(incomplete)]


def complete_contexts(
    ctx: click.Context, param: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """Complete the name of an agent elsewhere, the last of several; silent where none is known."""
    del param
    from svcctl.bootstrap.hosts import contexts  # noqa: PLC0415 - to complete only

    before, comma, begun = incomplete.rpartition(",")
    try:
        names = [*contexts(ctx.find_root().params.get("home")).known, "local"]
    except SvcctlError:
        return []
    return [CompletionItem(f"{before}{comma}{each}") for each in names if each.startswith(begun)]


def _known_words(home: str | None, host: str | None) -> set[str]:
    """Give what services of this machine, or of the one that is meant, can be named by."""
    from svcctl.bootstrap.hosts import chosen, remote_client  # noqa: PLC0415
    from svcctl.bootstrap.local import client  # noqa: PLC0415

    request = Request(verb="status", select=Selection(all=True))
    remotes = chosen(home, host)
    if remotes:
        with remote_client(remotes[0], home, timeout=_COMPLETION_PATIENCE) as there:
            found = there.ask(request)
    else:
        with client(home, timeout=_COMPLETION_PATIENCE) as here:
            found = here.ask(request)
    words: set[str] = set()
    for each in found if isinstance(found, list) else ():
        words |= {each["service"], each["instance"], *(f"@{name}" for name in each["groups"])}
    return words


def names_argument(*, many: bool = True) -> click.Argument:
    """Give the argument that names services."""
    return click.Argument(
        ["names"],
        nargs=-1 if many else 1,
        metavar="[NAME|GLOB|@GROUP]..." if many else "NAME",
        shell_complete=complete_names,
    )


def _selectors(verb: Verb) -> list[click.Parameter]:
    match verb.selects:
        case Selects.NONE:
            return []
        case Selects.ONE:
            return [names_argument(many=False)]
        case Selects.SOME | Selects.ANY:
            return [
                names_argument(),
                click.Option(
                    ["--label", "-l", "labels"],
                    multiple=True,
                    metavar="NAME=VALUE",
                    help="only services with this label",
                ),
                click.Option(["--all", "-a", "everything"], is_flag=True, help="all services"),
            ]


def _json() -> click.Option:
    return click.Option(["--json", "as_json"], is_flag=True, help="the same as -o json")


def _type(arg: Arg) -> click.ParamType[Any] | Callable[[str], float]:
    match arg.kind:
        case _ if arg.choices:
            return click.Choice(arg.choices)
        case Kind.INTEGER:
            return click.INT
        case Kind.DURATION:
            return read_duration
        case _:
            return click.STRING


def _asked(verb: Verb, given: Mapping[str, object], own: Iterable[str]) -> Asked:
    options = {name: given[name] for name in own}
    if given.get("as_json"):
        options["output"] = "json"
    return Asked(
        verb=verb.name,
        selection=_selection(verb, given),
        args=_given_args(verb.args, given),
        options=options,
    )


def _given_args(args: Iterable[Arg], given: Mapping[str, object]) -> dict[str, object]:
    return {arg.name: given[arg.name] for arg in args if given.get(arg.name) is not None}


def _selection(verb: Verb, given: Mapping[str, object]) -> Selection:
    if verb.selects is Selects.NONE:  # names may be an argument of the verb
        return Selection()
    names = given.get("names") or ()
    labels = given.get("labels") or ()
    found = Selection(
        names=(names,) if isinstance(names, str) else tuple(map(str, _sequence(names))),
        labels=tuple(map(str, _sequence(labels))),
        all=given.get("everything") is True,
    )
    if found.empty and verb.selects is Selects.SOME:
        raise UsageError(
            f"{verb.name!r} needs to know which services",
            hint=f"svcctl {verb.name} NAME, @GROUP, -l LABEL=VALUE or --all",
        )
    return Selection(all=True) if found.empty and verb.selects is Selects.ANY else found


def _sequence(value: object) -> Sequence[object]:
    assert isinstance(value, list | tuple)
    return value
