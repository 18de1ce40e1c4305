"""What can be asked about services that are healed by themselves."""

from __future__ import annotations

from svcctl.app.verb import Arg, Effect, Kind, Role, Selects, Verb

HEALING: tuple[Verb, ...] = (
    Verb(
        name="healing",
        summary="Show what is to be healed, what was, and why not.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.ANY,
        args=(
            Arg(
                name="since",
                kind=Kind.TEXT,
                help="rehearse the past, too: what would have been done since then, or that age",
            ),
        ),
        examples=("svcctl healing", "svcctl healing web --since 1d", "svcctl healing -o json"),
    ),
    Verb(
        name="heal",
        summary="Heal now what waits for its hour; budgets and needs hold all the same.",
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.ANY,
        args=(
            Arg(
                name="dry_run",
                kind=Kind.FLAG,
                help="only say what would be done",
                default=False,
            ),
        ),
        examples=("svcctl heal --dry-run", "svcctl heal web"),
    ),
    Verb(
        name="run",
        summary="Run a command of hook.run of a service, in each of its instances.",
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.ONE,
        args=(Arg(name="command", kind=Kind.TEXT, help="which of hook.run", positional=True),),
        examples=("svcctl run web threads",),
    ),
)
