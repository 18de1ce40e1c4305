"""What can be done about findings: seen, quieted, told again."""

from __future__ import annotations

from svcctl.app.verb import Arg, Effect, Kind, Role, Selects, Verb

FINDINGS: tuple[Verb, ...] = (
    Verb(
        name="findings",
        summary="Show what is unusual, and what has been learnt.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.NONE,
        args=(
            Arg(name="services", kind=Kind.DOCUMENT, help="names or globs; default: all"),
            Arg(name="all", kind=Kind.FLAG, help="what is over, too", default=False, short="a"),
            Arg(name="since", kind=Kind.TEXT, help="only what ended within this age or since then"),
        ),
        examples=(
            "svcctl findings",
            "svcctl findings web --all --since 1d",
            "svcctl findings --learnt",
            "svcctl findings --replay app.log",
        ),
    ),
    Verb(
        name="finding-quiet",
        summary="Tell of such a finding never again: nothing was wrong.",
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.NONE,
        args=(Arg(name="id", kind=Kind.TEXT, help="how its id begins", positional=True),),
        examples=("svcctl finding quiet 3f9a",),
    ),
    Verb(
        name="finding-wake",
        summary="Tell of such findings again.",
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.NONE,
        args=(Arg(name="id", kind=Kind.TEXT, help="how its id begins", positional=True),),
        examples=("svcctl finding wake 3f9a",),
    ),
)
