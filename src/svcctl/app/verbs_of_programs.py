"""What running services written with the SDK can be asked and told."""

from __future__ import annotations

from svcctl.app.verb import Arg, Effect, Kind, Role, Selects, Verb

PROGRAMS: tuple[Verb, ...] = (
    Verb(
        name="health",
        summary="Ask services how they are, check by check.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.SOME,
        args=(
            Arg(
                name="group",
                kind=Kind.TEXT,
                help="only the checks of this group",
                choices=("live", "ready", "startup"),
            ),
        ),
        examples=("svcctl health mailer", "svcctl health @shop --group live -o json"),
    ),
    Verb(
        name="log-level",
        summary="Show which records services write.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.SOME,
        examples=("svcctl log-level mailer",),
    ),
    Verb(
        name="set-log-level",
        summary="Have services write more records, or fewer, from now on or for a while.",
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.SOME,
        args=(
            Arg(
                name="level",
                kind=Kind.TEXT,
                help="the least level that is written",
                choices=("debug", "info", "warning", "error", "critical"),
            ),
            Arg(
                name="logger",
                kind=Kind.TEXT,
                help="only for this logger and those below it (mailer.smtp)",
            ),
            Arg(name="for", kind=Kind.DURATION, help="take it back after this long"),
            Arg(
                name="reset",
                kind=Kind.FLAG,
                help="take back what was set for a while",
                default=False,
            ),
        ),
        examples=(
            "svcctl log-level mailer debug --for 10m",
            "svcctl log-level mailer warning --logger mailer.smtp",
            "svcctl log-level mailer --reset",
        ),
    ),
    Verb(
        name="config",
        summary="Show the configuration services run with, and where each value came from.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.SOME,
        examples=("svcctl config show mailer", "svcctl config show mailer -o json"),
    ),
    Verb(
        name="config-history",
        summary="Show which configurations services had, since when, and who brought them.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.SOME,
        examples=("svcctl config history mailer",),
    ),
    Verb(
        name="config-rollback",
        summary="Have a service go back to a configuration it had.",
        effect=Effect.WRITE,
        role=Role.DEPLOYER,
        selects=Selects.ONE,
        args=(
            Arg(
                name="version",
                kind=Kind.INTEGER,
                help="which one, see config history",
                positional=True,
            ),
        ),
        examples=("svcctl config rollback mailer 3",),
    ),
    Verb(
        name="set-config",
        summary="Have a service take over values of its configuration, as far as they are valid.",
        effect=Effect.WRITE,
        role=Role.DEPLOYER,
        selects=Selects.ONE,
        args=(
            Arg(name="config", kind=Kind.DOCUMENT, help="values by their keys; null: as without"),
            Arg(
                name="replace",
                kind=Kind.FLAG,
                help="forget what was set before",
                default=False,
            ),
            Arg(
                name="if_version",
                kind=Kind.TEXT,
                help="only if this version is the newest: 3, or of several mailer=3,mailer.2=5",
            ),
            Arg(name="dry_run", kind=Kind.FLAG, help="only say what would be done", default=False),
        ),
        examples=(
            "svcctl config set mailer smtp.port=26 period=5s",
            "svcctl config set mailer --file - --dry-run",
        ),
    ),
)
