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
            Arg(name="after", kind=Kind.INTEGER, help="only rows with a greater number"),
            Arg(
                name="first",
                kind=Kind.INTEGER,
                help="how many rows, the oldest of them instead of the latest",
            ),
        ),
        examples=(
            "svcctl audit --since 1d --verb 'sto*'",
            "svcctl audit --service web --actor uid:1001",
            "svcctl audit --verify",
            "svcctl audit --export jsonl",
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
        name="access-show",
        summary="Show which roles and rules there are, and where each value came from.",
        effect=Effect.READ,
        role=Role.ADMIN,
        selects=Selects.NONE,
        examples=("svcctl auth show", "svcctl auth show -o json"),
    ),
    Verb(
        name="may",
        summary="Show what the asker may do here: their roles, and the verbs for each service.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.ANY,
        examples=("svcctl auth may", "svcctl auth may web --json", "svcctl --host prod auth may"),
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
    Verb(
        name="token-issue",
        summary="Issue a token for who asks from elsewhere; it is shown once.",
        effect=Effect.WRITE,
        role=Role.ADMIN,
        selects=Selects.NONE,
        args=(
            Arg(name="name", kind=Kind.TEXT, help="who it is for", positional=True),
            Arg(name="roles", kind=Kind.TEXT, help="roles it gives, with commas between"),
            Arg(name="for", kind=Kind.DURATION, help="how long it holds, at most 24h; else 1h"),
            Arg(
                name="first",
                kind=Kind.FLAG,
                help="only if no admin has one yet; the role is admin",
                default=False,
            ),
        ),
        examples=(
            "svcctl auth token issue ci --roles deployer --for 30m",
            "svcctl auth token issue me --first",
        ),
        local_only=True,
    ),
    Verb(
        name="token-list",
        summary="Show which tokens were issued; none of them is kept.",
        effect=Effect.READ,
        role=Role.ADMIN,
        selects=Selects.NONE,
        examples=("svcctl auth token list",),
    ),
    Verb(
        name="token-revoke",
        summary="Have a token hold no more: what it opened is closed at once.",
        effect=Effect.WRITE,
        role=Role.ADMIN,
        selects=Selects.NONE,
        args=(
            Arg(name="id", kind=Kind.TEXT, help="how its id begins", positional=True),
            Arg(
                name="certificate",
                kind=Kind.FLAG,
                help="it is the serial number of a certificate",
                default=False,
            ),
        ),
        examples=("svcctl auth token revoke 3f9a77 --reason 'laptop lost'",),
    ),
    Verb(
        name="token-rotate",
        summary="Sign tokens with a new key; those of the old one hold until they expire.",
        effect=Effect.WRITE,
        role=Role.ADMIN,
        selects=Selects.NONE,
        examples=("svcctl auth token rotate",),
        local_only=True,
    ),
    Verb(
        name="trust",
        summary="Tell what shows who somebody is, now and on each change: for who serves others.",
        effect=Effect.READ,
        role=Role.ADMIN,
        selects=Selects.NONE,
        examples=("svcctl serve http",),
        streams=True,
        local_only=True,
    ),
)
