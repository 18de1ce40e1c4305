"""What can be done about alerts: seen, acknowledged, silenced, tried."""

from __future__ import annotations

from svcctl.app.verb import Arg, Effect, Kind, Role, Selects, Verb

ALERTS: tuple[Verb, ...] = (
    Verb(
        name="alerts",
        summary="Show what is wrong, and who was told.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.NONE,
        args=(
            Arg(
                name="all",
                kind=Kind.FLAG,
                help="what is over, too",
                default=False,
                short="a",
            ),
            Arg(name="since", kind=Kind.TEXT, help="only what ended within this age or since then"),
        ),
        examples=("svcctl alerts", "svcctl alerts --all --since 1d", "svcctl alerts -o json"),
    ),
    Verb(
        name="ack",
        summary="Say that somebody takes care of an alert: it is not repeated, nor escalated.",
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.NONE,
        args=(
            Arg(name="id", kind=Kind.TEXT, help="how its id begins", positional=True),
            Arg(
                name="false_positive",
                kind=Kind.FLAG,
                help="nothing was wrong: never tell of this pattern again",
                default=False,
            ),
            Arg(name="reason", kind=Kind.TEXT, help="why, for others"),
        ),
        examples=("svcctl ack 3f9a", "svcctl ack 3f9a --false-positive --reason 'a deployment'"),
    ),
    Verb(
        name="silence-add",
        summary="Have nobody told of some alerts for a while.",
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.NONE,
        args=(
            Arg(name="match", kind=Kind.DOCUMENT, help="conditions on labels, all of which hold"),
            Arg(name="for", kind=Kind.DURATION, help="how long"),
            Arg(name="reason", kind=Kind.TEXT, help="why, for others"),
        ),
        examples=("svcctl silence add service=web --for 2h --reason 'new disks'",),
    ),
    Verb(
        name="silence-list",
        summary="Show what nobody is told of, and until when.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.NONE,
        examples=("svcctl silence list",),
    ),
    Verb(
        name="silence-end",
        summary="Let people be told again.",
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.NONE,
        args=(Arg(name="number", kind=Kind.INTEGER, help="which silence", positional=True),),
        examples=("svcctl silence end 3",),
    ),
    Verb(
        name="alert-test",
        summary="Send a notice by a channel, and say what came back.",
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.NONE,
        args=(Arg(name="channel", kind=Kind.TEXT, help="which channel", positional=True),),
        examples=("svcctl alert test ops",),
    ),
    Verb(
        name="alert-show",
        summary="Show who is told of what, and where each value came from.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.NONE,
        examples=("svcctl alert show",),
    ),
)
