"""What can be seen of services: what they wrote, what happened, what they use."""

from __future__ import annotations

from svcctl.app.verb import TIMEOUT, Arg, Effect, Kind, Role, Selects, Verb

LOOKING: tuple[Verb, ...] = (
    Verb(
        name="logs",
        summary="Show what services wrote.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.ANY,
        args=(
            Arg(name="follow", kind=Kind.FLAG, help="go on as more is written", short="f"),
            Arg(name="lines", kind=Kind.INTEGER, help="how many lines of the past", short="n"),
            Arg(
                name="since",
                kind=Kind.TEXT,
                help="only lines this young (10m) or from this time on (2026-11-21T08:00)",
            ),
            Arg(name="until", kind=Kind.TEXT, help="only lines before this age or time"),
            Arg(name="grep", kind=Kind.TEXT, help="only lines that match this regular expression"),
            Arg(
                name="stream",
                kind=Kind.TEXT,
                help="only this stream",
                choices=("stdout", "stderr"),
            ),
            Arg(
                name="level",
                kind=Kind.TEXT,
                help="only records at least as bad",
                choices=("trace", "debug", "info", "warning", "error", "critical"),
            ),
            Arg(
                name="where",
                kind=Kind.TEXT,
                help="only records with such fields: status>=500, method=GET and path!='/health'",
            ),
            Arg(name="trace", kind=Kind.TEXT, help="only records of this trace id"),
            Arg(
                name="records",
                kind=Kind.FLAG,
                help="understand each record: its time, level, message, trace and fields",
            ),
            Arg(
                name="watch",
                kind=Kind.TEXT,
                help="this log that others keep; named services are shown beside it",
            ),
            Arg(
                name="places",
                kind=Kind.FLAG,
                help="tell with each line where it stands, as far as that can be",
            ),
            Arg(name="after", kind=Kind.TEXT, help="only lines behind such a place"),
            Arg(
                name="stats",
                kind=Kind.FLAG,
                help="only say how much there is, of which level, and what is said most often",
            ),
        ),
        examples=(
            "svcctl logs web -f",
            "svcctl logs -n 50 --since 10m",
            "svcctl logs @shop --grep 'ERROR|WARN'",
            "svcctl logs web --level error --where 'status>=500' --since 1h",
            "svcctl logs --trace 4bf92f3577b34da6a3ce929d0e0e4736",
            "svcctl logs web --stats --since 1d",
            "svcctl logs --watch nginx --level error --since 1h",
        ),
        streams=True,
    ),
    Verb(
        name="watch-list",
        summary="Show which logs of others are watched, and how far they were read.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.NONE,
        examples=("svcctl watch list", "svcctl watch list -o json"),
    ),
    Verb(
        name="events",
        summary="Show what happened to services.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.ANY,
        args=(
            Arg(name="follow", kind=Kind.FLAG, help="go on as more happens", short="f"),
            Arg(
                name="lines",
                kind=Kind.INTEGER,
                help="how many events of the past",
                default=50,
                short="n",
            ),
            Arg(name="since", kind=Kind.TEXT, help="only events this young or from this time on"),
            Arg(
                name="after", kind=Kind.INTEGER, help="only events with a greater number", default=0
            ),
            Arg(
                name="first",
                kind=Kind.INTEGER,
                help="how many events, the oldest of them instead of the latest",
            ),
        ),
        examples=(
            "svcctl events -f",
            "svcctl events web --causes",
            "svcctl events web --since 1h -o jsonl",
        ),
        streams=True,
    ),
    Verb(
        name="crashes",
        summary="Show which errors services did not handle, and the report of one.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.ANY,
        args=(
            Arg(name="id", kind=Kind.TEXT, help="all that stands in this report"),
            Arg(
                name="lines",
                kind=Kind.INTEGER,
                help="how many reports, the newest first",
                default=50,
                short="n",
            ),
            Arg(name="after", kind=Kind.TEXT, help="only reports older than the one of this id"),
        ),
        examples=("svcctl crashes", "svcctl crashes mailer -n 5 -o json"),
    ),
    Verb(
        name="tree",
        summary="Show what needs what.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.ANY,
        examples=("svcctl tree", "svcctl tree web -o json"),
    ),
    Verb(
        name="wait",
        summary="Wait until services reach a condition.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.SOME,
        args=(
            Arg(
                name="condition",
                kind=Kind.TEXT,
                help="what to wait for",
                default="ready",
                choices=("started", "ready", "healthy", "done", "stopped", "failed"),
            ),
            TIMEOUT,
        ),
        examples=("svcctl wait web --for ready --timeout 30s", "svcctl wait migrate --for done"),
    ),
    Verb(
        name="metrics",
        summary="Print what the agent counts and measures, as Prometheus reads it.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.NONE,
        examples=("svcctl metrics",),
    ),
    Verb(
        name="trends",
        summary="Say what services use more and more of, and when it is used up.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.ANY,
        examples=("svcctl top --once", "svcctl top -o json"),
    ),
    Verb(
        name="history",
        summary="Show what services used over time.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.ANY,
        args=(
            Arg(
                name="since",
                kind=Kind.TEXT,
                help="from this age (1h) or time on",
                default="1h",
            ),
        ),
        examples=("svcctl history", "svcctl history web --since 7d", "svcctl history -o json"),
    ),
)
