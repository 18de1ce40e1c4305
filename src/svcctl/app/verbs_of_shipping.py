"""What can be asked about shipping: how it goes, whether it would, and what is configured."""

from __future__ import annotations

from svcctl.app.verb import Arg, Effect, Kind, Role, Selects, Verb

SHIPPING: tuple[Verb, ...] = (
    Verb(
        name="shipping",
        summary="Show where logs are sent, and how far behind that is.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.NONE,
        examples=("svcctl shipping", "svcctl shipping -o json"),
    ),
    Verb(
        name="shipping-test",
        summary="Send one record to a receiver, and say what came back.",
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.NONE,
        args=(Arg(name="receiver", kind=Kind.TEXT, help="which receiver", positional=True),),
        examples=("svcctl shipping test lake",),
    ),
    Verb(
        name="shipping-show",
        summary="Show what is sent where, and where each value came from.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.NONE,
        examples=("svcctl shipping show",),
    ),
)
