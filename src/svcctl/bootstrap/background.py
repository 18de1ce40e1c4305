"""Starts an agent that outlives the command which started it."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

from svcctl.bootstrap.local import local_client, paths
from svcctl.errors import AgentUnreachable, SystemFault, TimedOut
from svcctl.wire import Request

_PATIENCE = 60.0  # seconds a new agent gets to open its door, on a machine that is booting too


def agent_answers(home: str | None) -> bool:
    """Say whether an agent answers."""
    try:
        with local_client(home, timeout=5.0) as client:
            client.ask(Request(verb="agent-status"))
    except AgentUnreachable:
        return False
    return True


def start_agent(home: str | None) -> None:
    """Start an agent in the background and come back when it answers.

    Raises SystemFault, with the end of what it wrote, where it does not come up.
    """
    where = paths(home)
    Path(where.logs).mkdir(parents=True, exist_ok=True)
    journal = Path(where.logs) / "agent.log"
    argv = [sys.executable, "-m", "svcctl", *(["--home", home] if home else []), "agent", "run"]
    with journal.open("ab") as out:
        started = subprocess.Popen(  # noqa: S603 - our own program
            argv,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),  # no console to die with
            cwd="/",
            env=dict(os.environ),
        )
    deadline = time.monotonic() + _PATIENCE
    while time.monotonic() < deadline:
        with suppress(TimedOut):  # it has much to do, and is asked again
            if agent_answers(home):
                return
        if started.poll() is not None:
            break
        time.sleep(0.02)
    lines = journal.read_text(errors="replace").splitlines()[-3:]
    raise SystemFault(
        f"the agent did not come up: {' / '.join(lines) or 'it wrote nothing'}",
        hint=f"run it by hand to see why: svcctl agent run  (its log: {journal})",
    )
