"""What can be done with services: started, stopped, defined."""

from __future__ import annotations

from svcctl.app.verb import WAITING, Arg, Effect, Kind, Role, Selects, Verb, change

SERVICES: tuple[Verb, ...] = (
    Verb(
        name="status",
        summary="Show how services are.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.ANY,
        examples=("svcctl status", "svcctl status web -o json", "svcctl status @shop --watch"),
    ),
    change(
        "start",
        "Start services, and what they need.",
        examples=("svcctl start web", "svcctl start @shop", "svcctl start --all --no-wait"),
    ),
    change(
        "stop",
        "Stop services, dependants first.",
        examples=("svcctl stop web", "svcctl stop 'job-*'", "svcctl stop --all --yes"),
    ),
    change(
        "restart",
        "Stop services and start them again.",
        examples=("svcctl restart web", "svcctl restart -l tier=front"),
    ),
    change(
        "reload",
        "Make services read their configuration again, without a restart where they can.",
        examples=("svcctl reload nginx",),
    ),
    change(
        "pause",
        "Freeze services where they stand.",
        examples=("svcctl pause worker",),
    ),
    change(
        "resume",
        "Let paused services go on.",
        examples=("svcctl resume worker",),
    ),
    change(
        "reset",
        "Forget failures: a service that gave up is started again.",
        examples=("svcctl reset web", "svcctl reset --all"),
    ),
    Verb(
        name="kill",
        summary="Send a signal to the main process of services.",
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.SOME,
        args=(Arg(name="signal", kind=Kind.TEXT, help="signal name", default="KILL", short="s"),),
        examples=("svcctl kill web", "svcctl kill -s USR1 web"),
    ),
    Verb(
        name="scale",
        summary="Change how many instances of a service run.",
        effect=Effect.WRITE,
        role=Role.DEPLOYER,
        selects=Selects.ONE,
        args=(
            Arg(
                name="instances",
                kind=Kind.INTEGER,
                help="how many are to run",
                positional=True,
            ),
            *WAITING,
        ),
        examples=("svcctl scale worker 4",),
        waits=True,
    ),
    Verb(
        name="enable",
        summary="Have services start by themselves: at boot, or when the agent starts.",
        effect=Effect.WRITE,
        role=Role.DEPLOYER,
        selects=Selects.SOME,
        examples=("svcctl enable web",),
    ),
    Verb(
        name="disable",
        summary="No longer have services start by themselves; what runs goes on.",
        effect=Effect.WRITE,
        role=Role.DEPLOYER,
        selects=Selects.SOME,
        examples=("svcctl disable web",),
    ),
    Verb(
        name="apply",
        summary="Take over definitions: create, change and remove services.",
        effect=Effect.WRITE,
        role=Role.DEPLOYER,
        selects=Selects.NONE,
        args=(
            Arg(name="services", kind=Kind.DOCUMENT, help="the definitions, in canonical form"),
            Arg(name="watches", kind=Kind.DOCUMENT, help="logs that others keep, likewise"),
            Arg(name="alerting", kind=Kind.DOCUMENT, help="who is told of what, likewise"),
            Arg(name="shipping", kind=Kind.DOCUMENT, help="where logs are sent, likewise"),
            Arg(name="healing", kind=Kind.DOCUMENT, help="what holds for healing, likewise"),
            Arg(
                name="no_start",
                kind=Kind.FLAG,
                help="do not start what is new",
                default=False,
            ),
            Arg(
                name="prune",
                kind=Kind.FLAG,
                help="remove services that the files no longer define",
                default=False,
            ),
            Arg(
                name="dry_run",
                kind=Kind.FLAG,
                help="only say what would be done",
                default=False,
            ),
            *WAITING,
        ),
        examples=("svcctl apply svcctl.toml", "svcctl apply conf.d --prune --dry-run"),
        waits=True,
    ),
    Verb(
        name="remove",
        summary="Stop services and forget them; their logs are kept unless asked otherwise.",
        effect=Effect.DESTROY,
        role=Role.ADMIN,
        selects=Selects.SOME,
        args=(
            Arg(name="logs", kind=Kind.FLAG, help="delete their logs too", default=False),
            Arg(name="dry_run", kind=Kind.FLAG, help="only say what would be done", default=False),
            *WAITING,
        ),
        examples=("svcctl remove web", "svcctl remove 'tmp-*' --logs --dry-run"),
        waits=True,
    ),
    Verb(
        name="show",
        summary="Show the effective definition of services, and where each value came from.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.SOME,
        examples=("svcctl show web", "svcctl show web -o json"),
    ),
    Verb(
        name="environment",
        summary="Give the environment a service runs in.",
        effect=Effect.READ,
        role=Role.ADMIN,
        selects=Selects.ONE,
        examples=("svcctl exec web -- env",),
    ),
)
