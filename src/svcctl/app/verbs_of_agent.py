"""What can be asked of the agent itself."""

from __future__ import annotations

from svcctl.app.verb import TIMEOUT, Arg, Effect, Kind, Role, Selects, Verb

AGENT: tuple[Verb, ...] = (
    Verb(
        name="agent-status",
        summary="Say who the agent is and how it is.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.NONE,
        examples=("svcctl agent status",),
    ),
    Verb(
        name="agent-stop",
        summary="Stop the agent, and its services in order.",
        effect=Effect.DESTROY,
        role=Role.ADMIN,
        selects=Selects.NONE,
        args=(
            Arg(
                name="leave_services",
                kind=Kind.FLAG,
                help="leave the services running, for the next agent to adopt",
                default=False,
            ),
            TIMEOUT,
        ),
        examples=("svcctl agent stop", "svcctl agent stop --leave-services"),
        waits=True,
    ),
    Verb(
        name="agent-upgrade",
        summary="Replace the agent's program by the one installed now; services go on running.",
        effect=Effect.WRITE,
        role=Role.ADMIN,
        selects=Selects.NONE,
        examples=("svcctl agent upgrade",),
    ),
)
