"""``svcctl agent``: the process that keeps services."""

from __future__ import annotations

import json
import os
import sys
import time

import click

from svcctl.bootstrap.local import native_manager, replaces_programs
from svcctl.cli.command import Command, Group
from svcctl.cli.session import Session
from svcctl.errors import AgentUnreachable, NotAvailable, TimedOut
from svcctl.wire import Request, Selection

AGENT = "svcctl-agent"
_STOP_PATIENCE = 300.0  # seconds the services get to stop, one after the other
_UPGRADE_PATIENCE = 30.0  # seconds the new agent gets to answer

_OUTPUT = click.option(
    "--output",
    "-o",
    type=click.Choice(["text", "json"]),
    default="text",
    help="format of the result (default: text)",
)
_REASON = click.option("--reason", metavar="TEXT", help="why, for the audit log")


@click.group(cls=Group)
def agent() -> None:
    """Run, look at, stop and upgrade the agent."""


agent.examples = (
    "svcctl agent run               keep services, in the foreground",
    "svcctl agent run --detach      in the background",
    "svcctl agent run --metrics-port 9464",
    "svcctl agent status",
    "svcctl agent install           have the system keep it, from boot on",
    "svcctl agent stop              stop all services in order, then the agent",
    "svcctl agent stop --leave-services",
    "svcctl agent upgrade           replace its program; services run on",
)


@click.command(cls=Command)
@click.option("--detach", "-d", is_flag=True, help="run in the background")
@click.option(
    "--group", help="members of this group may use the agent too [env: SVCCTL_AGENT_GROUP]"
)
@click.option(
    "--metrics-port",
    type=click.IntRange(0, 65535),
    metavar="PORT",
    help="answer GET /metrics on 127.0.0.1 there [env: SVCCTL_AGENT_METRICS_PORT]",
)
@click.option(
    "--history",
    metavar="DURATION",
    help="write down this often what services use (10s) [env: SVCCTL_AGENT_HISTORY]",
)
@click.option(
    "--sample",
    metavar="DURATION",
    help="look this often at what services use (60s) [env: SVCCTL_AGENT_SAMPLE]",
)
@click.option(
    "--traces",
    metavar="URL",
    help="send traces to this OTLP collector (http://localhost:4318) [env: SVCCTL_AGENT_TRACES]",
)
@click.pass_obj
def run(
    session: Session,
    *,
    detach: bool,
    group: str | None,
    metrics_port: int | None,
    history: str | None,
    sample: str | None,
    traces: str | None,
) -> None:
    """Keep services until told to stop.

    The first Ctrl-C (or SIGTERM) stops all services in order, the second kills them.
    """
    from svcctl.server import choices  # noqa: PLC0415

    home = session.home
    chosen = {
        choices.GROUP: group,
        choices.METRICS_PORT: metrics_port,
        choices.HISTORY: history,
        choices.SAMPLE: sample,
        choices.TRACES: traces,
    }
    os.environ.update({name: str(value) for name, value in chosen.items() if value is not None})
    if detach:
        from svcctl.bootstrap.background import agent_answers, start_agent  # noqa: PLC0415

        if agent_answers(home):
            session.tell("an agent runs already")
            return
        start_agent(home)
        session.tell("the agent runs; next: svcctl apply FILE")
        return
    from svcctl.server.process import ARGV, main  # noqa: PLC0415

    environ = dict(os.environ)
    if home:
        environ["SVCCTL_HOME"] = home
    sys.stderr.flush()
    if replaces_programs():
        os.execve(sys.executable, ARGV, environ)  # noqa: S606 - the agent carries no command line
    os.environ.update(environ)
    sys.exit(main())


@click.command(cls=Command)
@_OUTPUT
@click.pass_obj
def status(session: Session, output: str) -> None:
    """Say who the agent is and how it is."""
    with session.client(timeout=10.0) as client:
        found = client.ask(Request(verb="agent-status"))
    if output == "json":
        session.out.line(json.dumps(found))
        return
    assert isinstance(found, dict)
    for name, value in found.items():
        session.out.line(f"{name:14} {value}")


@click.command(cls=Command)
@click.option("--leave-services", is_flag=True, help="leave them for the next agent to adopt")
@click.option("--timeout", type=float, default=None, help="seconds to wait for the services")
@_REASON
@click.pass_obj
def stop(
    session: Session, *, leave_services: bool, timeout: float | None, reason: str | None
) -> None:
    """Stop the agent, and its services in order."""
    args: dict[str, object] = {"leave_services": leave_services, "timeout": timeout}
    args |= _why(reason)
    with session.client() as client:
        found = client.ask(Request(verb="agent-stop", args=args))
    assert isinstance(found, dict)
    if found["left"]:
        session.tell(f"the agent has stopped; still running: {', '.join(found['left'])}")
    else:
        session.tell("the agent and its services have stopped")


@click.command(cls=Command)
@click.option("--dry-run", is_flag=True, help="only say what would be done")
@_OUTPUT
@_REASON
@click.pass_obj
def install(session: Session, *, dry_run: bool, output: str, reason: str | None) -> None:
    """Have systemd, launchd or the Windows SCM keep the agent, and start it now and at boot.

    Where the agent dies, its services live on (not on Windows) and the next one adopts them.
    """
    args: dict[str, object] = {"services": [_as_service()], "dry_run": dry_run, **_why(reason)}
    with session.client() as client:
        found = client.ask(Request(verb="apply", args=args))
    assert isinstance(found, dict)
    (planned,) = found["plan"]
    if output == "json":
        session.out.line(json.dumps(found))
        return
    for act in planned["acts"] if dry_run else []:
        session.out.line(f"{act['kind']} {act['target']}\n{act['text']}".rstrip())
    if not dry_run:
        session.tell(f"{AGENT}: {planned['change']}; next: svcctl status")


@click.command(cls=Command)
@click.option("--dry-run", is_flag=True, help="only say what would be done")
@_REASON
@click.pass_obj
def uninstall(session: Session, *, dry_run: bool, reason: str | None) -> None:
    """Stop the agent and its services, and have the system keep it no longer."""
    args: dict[str, object] = {"dry_run": dry_run, **_why(reason)}
    asked = Request(verb="remove", select=Selection(names=(AGENT,)), args=args)
    with session.client() as client:
        found = client.ask(asked)
    assert isinstance(found, dict)
    (planned,) = found["plan"]
    for act in planned["acts"]:
        session.out.line(f"{act['kind']} {act['target']}")
    if not dry_run:
        session.tell(f"{AGENT} is gone; services' definitions and logs are kept")


def _as_service() -> dict[str, object]:
    """Give the definition of the agent as a service, for ``apply``."""
    from svcctl.spec import canonical  # noqa: PLC0415 - only those who install need it
    from svcctl.spec.native import SystemdOptions  # noqa: PLC0415
    from svcctl.spec.policy import StopPolicy  # noqa: PLC0415
    from svcctl.spec.service import Manager, ServiceSpec  # noqa: PLC0415

    native = native_manager()
    if not native:
        raise NotAvailable(
            "this machine has no manager of services to keep the agent",
            hint="svcctl agent run --detach",
        )
    spec = ServiceSpec(
        name=AGENT,
        exec=(AGENT,),
        description="svcctl agent: keeps services",
        manager=Manager(native),
        stop=StopPolicy(timeout=_STOP_PATIENCE),
        systemd=SystemdOptions(service=("KillMode=process",)),
    )
    document = canonical.dump(spec)
    return {"name": AGENT, "spec": document, "revision": canonical.revision(document)}


@click.command(cls=Command)
@_REASON
@click.pass_obj
def upgrade(session: Session, *, reason: str | None) -> None:
    """Replace the agent's program by the one installed now; services run on."""
    with session.client(timeout=30.0) as client:
        before = client.ask(Request(verb="agent-status"))
        client.ask(Request(verb="agent-upgrade", args=_why(reason)))
    after = _await_successor(session, before)
    session.err.line(
        f"agent {after['version']} runs (pid {after['pid']}); adopted: {after['adopted']}"
    )


def _await_successor(session: Session, before: object) -> dict[str, object]:
    """Give the status of the agent that came after *before*; raises TimedOut."""
    assert isinstance(before, dict)
    deadline = time.monotonic() + _UPGRADE_PATIENCE
    while time.monotonic() < deadline:
        try:
            with session.client(timeout=5.0) as client:
                after = client.ask(Request(verb="agent-status"))
        except AgentUnreachable:
            time.sleep(0.02)
            continue
        assert isinstance(after, dict)
        if after["started_at"] != before["started_at"]:
            return after
        time.sleep(0.02)
    raise TimedOut("the new agent does not answer", hint="svcctl agent status")


def _why(reason: str | None) -> dict[str, object]:
    """Give what tells the agent; an earlier one takes no reason."""
    return {"reason": reason} if reason else {}


run.examples = (
    "svcctl agent run                         in the foreground, until Ctrl-C",
    "svcctl agent run --detach",
    "svcctl agent run --metrics-port 9464",
)
status.examples = ("svcctl agent status", "svcctl agent status -o json")
stop.examples = ("svcctl agent stop", "svcctl agent stop --leave-services")
install.examples = ("svcctl agent install --dry-run", "svcctl agent install")
uninstall.examples = ("svcctl agent uninstall --dry-run", "svcctl agent uninstall")
upgrade.examples = ("svcctl agent upgrade --reason 'security fix'",)

for _command in (run, status, stop, install, uninstall, upgrade):
    agent.add_command(_command)
