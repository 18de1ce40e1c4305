"""The commands of ``svcctl``, each imported when it is asked for."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import click
from click.core import ParameterSource

from svcctl import __version__
from svcctl.app.verbs import find
from svcctl.cli.command import Group
from svcctl.cli.hosts import for_whom, output_of
from svcctl.cli.output import screen
from svcctl.cli.session import Session
from svcctl.cli.verb_command import complete_contexts

PREFIX = "SVCCTL"
WORDS = "svcctl.words"
"""Where a context has the command that was typed, and what came after it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Where a command is (``module:attribute``) and what ``svcctl --help`` says of it."""

    target: str
    section: str
    summary: str


def _entry(section: str, name: str, target: str, summary: str = "") -> tuple[str, Entry]:
    verb = find(name)
    said = summary or (verb.summary if verb else "")
    return name, Entry(target=f"svcctl.cli.{target}", section=section, summary=said)


_BEGIN = "Begin"
_LOOK = "Look"
_CHANGE = "Change"
_DEFINE = "Define"
_NATIVE = "Hand to the system"
_MORE = "More"

TABLE: Mapping[str, Entry] = dict(
    [
        _entry(_BEGIN, "demo", "demo:demo", "Watch a small shop break and heal."),
        _entry(_BEGIN, "init", "init:init", "Write svcctl.toml from what this folder holds."),
        _entry(_BEGIN, "new", "new:new", "Begin a service in Python: code, test, definition."),
        _entry(_BEGIN, "add", "init:add", "Add a service to svcctl.toml."),
        _entry(_BEGIN, "up", "up:up", "Run services here and now, in the foreground."),
        _entry(_LOOK, "status", "status:status"),
        _entry(_LOOK, "logs", "logs:logs"),
        _entry(_LOOK, "watch", "watch:watch", "Show the logs of others that are watched."),
        _entry(_LOOK, "events", "events:events"),
        _entry(_LOOK, "crashes", "crashes:crashes"),
        _entry(_LOOK, "top", "top:top", "Watch what services use."),
        _entry(_LOOK, "history", "history:history"),
        _entry(_LOOK, "metrics", "metrics:metrics"),
        _entry(_LOOK, "tree", "tree:tree"),
        _entry(_LOOK, "show", "show:show"),
        _entry(_LOOK, "drift", "drift:drift"),
        _entry(_LOOK, "health", "health:health"),
        _entry(
            _LOOK,
            "config",
            "config:config",
            "Show configurations that services run with, and go back.",
        ),
        _entry(_LOOK, "alerts", "alerts:alerts"),
        _entry(_LOOK, "findings", "findings:findings"),
        _entry(_LOOK, "finding", "finding:finding", "Say that a finding is nothing, or is."),
        _entry(_LOOK, "healing", "healing:healing"),
        _entry(_LOOK, "alert", "alert:alert", "Show who is told of what, and try a channel."),
        _entry(_LOOK, "shipping", "shipping:shipping", "Show where logs are sent, and try it."),
        _entry(_LOOK, "audit", "audit:audit"),
        _entry(_CHANGE, "start", "changes:start"),
        _entry(_CHANGE, "stop", "changes:stop"),
        _entry(_CHANGE, "restart", "changes:restart"),
        _entry(_CHANGE, "reload", "changes:reload"),
        _entry(_CHANGE, "pause", "changes:pause"),
        _entry(_CHANGE, "resume", "changes:resume"),
        _entry(_CHANGE, "reset", "changes:reset"),
        _entry(_CHANGE, "kill", "changes:kill"),
        _entry(_CHANGE, "scale", "changes:scale"),
        _entry(_CHANGE, "run", "healing:run"),
        _entry(_CHANGE, "heal", "healing:heal"),
        _entry(_CHANGE, "log-level", "log_level:log_level", "Show and change what is logged."),
        _entry(_CHANGE, "ack", "ack:ack", "Take care of an alert, or call it false."),
        _entry(_CHANGE, "silence", "silence:silence", "Have nobody told of something for a while."),
        _entry(_CHANGE, "enable", "changes:enable"),
        _entry(_CHANGE, "disable", "changes:disable"),
        _entry(_CHANGE, "wait", "changes:wait"),
        _entry(_DEFINE, "apply", "applying:apply"),
        _entry(_DEFINE, "diff", "applying:diff", "Show what apply would do; 10 if anything."),
        _entry(_DEFINE, "remove", "applying:remove"),
        _entry(_DEFINE, "check", "check:check", "Find every mistake in definitions."),
        _entry(_DEFINE, "spec", "spec:spec", "Sign definitions, and apply them from afar."),
        _entry(_DEFINE, "rules", "rules:rules", "Show rules over logs, and try them on one."),
        _entry(_DEFINE, "schema", "schema:schema", "Print the JSON Schema of definitions."),
        _entry(_NATIVE, "install", "install:install", "Have systemd, Windows or launchd keep it."),
        _entry(_NATIVE, "uninstall", "uninstall:uninstall", "Stop it and remove every trace."),
        _entry(
            _NATIVE,
            "import-native",
            "import_native:import_native",
            "Make a definition of a native service that is there.",
        ),
        _entry(_NATIVE, "export", "export:export", "Write a unit that needs no svcctl."),
        _entry(_NATIVE, "host", "host:host", "Run a service as its native manager would."),
        _entry(_MORE, "ctx", "ctx:ctx", "Give agents elsewhere names, and say which is asked."),
        _entry(_MORE, "login", "login:login", "Show an agent elsewhere who asks."),
        _entry(_MORE, "logout", "login:logout", "Forget what showed it."),
        _entry(_MORE, "auth", "auth:auth", "Say who may do what."),
        _entry(_MORE, "cert", "cert:cert", "Make certificates for this machine and others."),
        _entry(_MORE, "serve", "serve:serve", "Let others in: by HTTP, gRPC or a queue."),
        _entry(_MORE, "agent", "agent:agent", "Run, look at, stop and upgrade the agent."),
        _entry(_MORE, "exec", "execute:execute", "Run a command as a service would."),
        _entry(_MORE, "mock", "mock:mock", "Answer as the servers a program needs would."),
        _entry(_MORE, "doctor", "doctor:doctor", "Find out what is wrong with this machine."),
        _entry(_MORE, "completion", "completion:completion", "Print a completion script."),
    ]
)


_EXIT_STATUSES = (
    ("0", "done"),
    ("1", "failed"),
    ("2", "typed wrongly"),
    ("3", "not running (status)"),
    ("4", "no such service, or other thing that was named"),
    ("5", "the agent does not answer"),
    ("6", "denied"),
    ("7", "not over in time; the work may go on"),
    ("8", "failed in part"),
    ("10", "there is something to change (diff, drift)"),
    ("78", "a definition is wrong"),
    ("130", "interrupted"),
)


class _Commands(Group):
    """The commands of :data:`TABLE`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        words = list(args)
        rest = super().parse_args(ctx, args)
        ctx.meta[WORDS] = words[len(words) - len(rest) - 1 :]
        return rest

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(TABLE)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        entry = TABLE.get(cmd_name)
        if entry is None:
            return None
        module, _, attribute = entry.target.partition(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        name_variables(command, f"{PREFIX}_{cmd_name.upper().replace('-', '_')}")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        del ctx
        sections: dict[str, list[tuple[str, str]]] = {}
        for name, entry in TABLE.items():
            sections.setdefault(entry.section, []).append((name, entry.summary))
        for title, rows in sections.items():
            with formatter.section(title):
                formatter.write_dl(rows)
        with formatter.section("Exit status"):
            formatter.write_dl(_EXIT_STATUSES)


def name_variables(command: click.Command, prefix: str) -> None:
    """Let the options of *command* be set by variables, and say so in its help.

    Which services are meant is never left to the environment.
    """
    if isinstance(command, click.Group):
        for name, each in command.commands.items():
            name_variables(each, f"{prefix}_{name.upper()}")
    for option in command.params:
        if not isinstance(option, click.Option) or option.name in _NO_VARIABLE:
            continue
        if not option.envvar and "[env: " not in (option.help or ""):
            flag = max(option.opts, key=len).strip("-")
            option.envvar = f"{prefix}_{flag.replace('-', '_').upper()}"
            option.help = f"{option.help or ''} [env: {option.envvar}]".lstrip()


_NO_VARIABLE = frozenset(("labels", "everything", "as_json"))


@click.group(
    cls=_Commands,
    help="Keep programs running, and say how they are.",
    context_settings={"max_content_width": 100},
)
@click.option(
    "--home",
    metavar="DIR",
    envvar="SVCCTL_HOME",
    help="keep settings, state, sockets and logs under this folder [env: SVCCTL_HOME]",
)
@click.option(
    "--verbose",
    "-v",
    is_flag=True,
    envvar="SVCCTL_VERBOSE",
    help="say more [env: SVCCTL_VERBOSE]",
)
@click.option(
    "--quiet",
    "-q",
    is_flag=True,
    envvar="SVCCTL_QUIET",
    help="results and errors only [env: SVCCTL_QUIET]",
)
@click.option("--no-color", is_flag=True, help="no colours [env: NO_COLOR, FORCE_COLOR]")
@click.option(
    "--host",
    metavar="NAME|GLOB|URL,...",
    envvar="SVCCTL_HOST",
    help="ask agents elsewhere, see svcctl ctx; 'local': this machine's [env: SVCCTL_HOST]",
    shell_complete=complete_contexts,
)
@click.version_option(__version__, message="svcctl %(version)s")
@click.pass_context
def svcctl(context: click.Context, /, **given: Any) -> None:  # noqa: ANN401 - as click gives them
    if context.obj is None:  # nobody asks several machines at once
        context.obj = for_whom(
            session_of(given),
            context.invoked_subcommand or "",
            given["host"],
            is_typed=context.get_parameter_source("host") is ParameterSource.COMMANDLINE,
            is_for_people=output_of(context.meta[WORDS]) == "text",
        )


svcctl.examples = (
    "svcctl demo                    watch services break and heal",
    "svcctl up                      run the services of ./svcctl.toml",
    "svcctl status                  how they are",
    "svcctl logs web -f             what web writes",
    "svcctl --host web-1 status     how those of another machine are",
)


def session_of(given: Mapping[str, Any]) -> Session:
    """Give the session that the options before the command ask for, on this machine."""
    return Session(
        out=screen(sys.stdout, os.environ, colour=not given["no_color"]),
        err=screen(sys.stderr, os.environ, colour=not given["no_color"]),
        home=given["home"],
        verbose=given["verbose"],
        quiet=given["quiet"],
    )
