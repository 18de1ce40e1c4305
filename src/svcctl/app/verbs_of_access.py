"""What can be asked about who did what, and who may."""

from __future__ import annotations

from svcctl.app.verb import Arg, Effect, Kind, Role, Selects, Verb

ACCESS: tuple[Verb, ...] = (
    Verb(
        name="audit",
        summary="Show who asked for what, why, and what became of it.",
        effect=Effect.READ,
        role=Role.ADMIN,
        selects=Selects.NONE,
        args=(
            Arg(name="since", kind=Kind.TEXT, help="only what is this young or from this time on"),
            Arg(name="actor", kind=Kind.TEXT, help="only what they asked for (a glob)"),
            Arg(name="verb", kind=Kind.TEXT, help="only this verb (a glob)"),
            Arg(name="service", kind=Kind.TEXT, help="only what may have been about this service"),
            Arg(
                name="lines", kind=Kind.INTEGER, help="how many rows; 0: all", default=0, short="n"
            ),
        ),
        examples=(
            "svcctl audit --since 1d --verb 'sto*'",
            "svcctl audit --service web --actor uid:1001",
            "svcctl audit --verify",
            "svcctl audit --export jsonl > audit.jsonl",
        ),
    ),
    Verb(
        name="audit-verify",
        summary="Say whether the audit log is as it was written.",
        effect=Effect.READ,
        role=Role.ADMIN,
        selects=Selects.NONE,
        args=(
            Arg(
                name="head",
                kind=Kind.TEXT,
                help="a row and its seal as they were told earlier, and kept elsewhere",
            ),
        ),
        examples=("svcctl audit --verify",),
    ),
    Verb(
        name="auth-explain",
        summary="Say whether somebody may do something, and why, rule by rule.",
        effect=Effect.READ,
        role=Role.ADMIN,
        selects=Selects.NONE,
        args=(
            Arg(name="who", kind=Kind.TEXT, help="the actor, as audited", positional=True),
            Arg(name="verb", kind=Kind.TEXT, help="what they would do", positional=True),
            Arg(
                name="service",
                kind=Kind.TEXT,
                help="to which service",
                default="",
                positional=True,
            ),
            Arg(name="roles", kind=Kind.TEXT, help="roles their token has, with commas between"),
        ),
        examples=(
            "svcctl auth explain uid:1001 restart web",
            "svcctl auth explain token:ci stop db --roles operator",
        ),
    ),
)
