"""Everything that can be asked of an agent, in one table that every way in derives from."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Effect(StrEnum):
    """What a verb does to the world."""

    READ = "read"
    WRITE = "write"
    DESTROY = "destroy"


class Role(StrEnum):
    """The least role that may use a verb."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    DEPLOYER = "deployer"
    ADMIN = "admin"


class Selects(StrEnum):
    """Which services a verb is about: none, one, some that must be named, or any (all)."""

    NONE = "none"
    ONE = "one"
    SOME = "some"
    ANY = "any"


class Kind(StrEnum):
    """The type of an argument."""

    TEXT = "text"
    INTEGER = "integer"
    FLAG = "flag"
    DURATION = "duration"
    DOCUMENT = "document"


@dataclass(frozen=True, slots=True, kw_only=True)
class Arg:
    """One argument of a verb; *choices* limits a text, *short* is its one-letter flag."""

    name: str
    kind: Kind
    help: str
    default: object = None
    short: str = ""
    choices: tuple[str, ...] = ()
    positional: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """One thing that can be asked for.

    *waits*: comes back when the outcome is known, unless asked with ``no_wait``.
    *streams*: answers with items until it is over or the asker hangs up.
    """

    name: str
    summary: str
    effect: Effect
    role: Role
    selects: Selects
    args: tuple[Arg, ...] = ()
    examples: tuple[str, ...] = ()
    waits: bool = False
    streams: bool = False


NO_WAIT = Arg(name="no_wait", kind=Kind.FLAG, help="do not wait for the outcome", default=False)
TIMEOUT = Arg(
    name="timeout", kind=Kind.DURATION, help="give up waiting after this long; the work goes on"
)
_WAITING = (NO_WAIT, TIMEOUT)


def _change(name: str, summary: str, *args: Arg, examples: tuple[str, ...]) -> Verb:
    return Verb(
        name=name,
        summary=summary,
        effect=Effect.WRITE,
        role=Role.OPERATOR,
        selects=Selects.SOME,
        args=(*args, *_WAITING),
        examples=examples,
        waits=True,
    )


VERBS: tuple[Verb, ...] = (
    Verb(
        name="status",
        summary="Show how services are.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.ANY,
        examples=("svcctl status", "svcctl status web -o json", "svcctl status @shop --watch"),
    ),
    _change(
        "start",
        "Start services, and what they need.",
        examples=("svcctl start web", "svcctl start @shop", "svcctl start --all --no-wait"),
    ),
    _change(
        "stop",
        "Stop services, dependants first.",
        examples=("svcctl stop web", "svcctl stop 'job-*'", "svcctl stop --all --yes"),
    ),
    _change(
        "restart",
        "Stop services and start them again.",
        examples=("svcctl restart web", "svcctl restart -l tier=front"),
    ),
    _change(
        "reload",
        "Make services read their configuration again, without a restart where they can.",
        examples=("svcctl reload nginx",),
    ),
    _change(
        "pause",
        "Freeze services where they stand.",
        examples=("svcctl pause worker",),
    ),
    _change(
        "resume",
        "Let paused services go on.",
        examples=("svcctl resume worker",),
    ),
    _change(
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
            *_WAITING,
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
            Arg(name="alerting", kind=Kind.DOCUMENT, help="who is told of what, likewise"),
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
            *_WAITING,
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
            *_WAITING,
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
        ),
        streams=True,
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
        ),
        examples=(
            "svcctl events -f",
            "svcctl events web --causes",
            "svcctl events web --since 1h -o jsonl",
        ),
        streams=True,
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
    Verb(
        name="metrics",
        summary="Print what the agent counts and measures, as Prometheus reads it.",
        effect=Effect.READ,
        role=Role.VIEWER,
        selects=Selects.NONE,
        examples=("svcctl metrics",),
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
    Verb(
        name="environment",
        summary="Give the environment a service runs in.",
        effect=Effect.READ,
        role=Role.ADMIN,
        selects=Selects.ONE,
        examples=("svcctl exec web -- env",),
    ),
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


def find(name: str) -> Verb | None:
    """Give the verb called *name*, or None: what is not in the table is refused."""
    return next((verb for verb in VERBS if verb.name == name), None)
