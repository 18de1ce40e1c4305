"""The process a native manager starts for one service: ``python -I -S host.py NAME``.

It is run as a file, so that a service needs neither variables nor the current folder to find
svcctl; and it speaks to the SCM before it imports anything it does not need for that.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from svcctl.app.host import HostEnd
    from svcctl.bootstrap.agent import AgentParts
    from svcctl.bootstrap.host import Attach, Paths
    from svcctl.ports import HostReport

AGENT = "svcctl-agent"
"""The name under which a native manager keeps the agent itself: its host is the agent."""

_USAGE = 2
_PATIENCE = 30.0  # seconds an agent gets to take over what runs


def main(argv: Sequence[str]) -> int:
    """Keep the service named last in *argv*; give the exit status.

    ``--home DIR``: where svcctl's things are, ``--system``: where those of the machine are;
    ``--site DIR``: where to find further packages.
    """
    options = {"--home": "", "--site": ""}
    system = "--system" in argv[:-1]
    rest = [each for each in argv[:-1] if each != "--system"] + list(argv[-1:])
    while len(rest) > 2 and rest[0] in options:
        option, value, *rest = rest
        options[option] = value
    if len(rest) != 1 or rest[0].startswith("-"):
        sys.stderr.write("usage: host.py [--home DIR | --system] [--site DIR] NAME\n")
        return _USAGE
    name = rest[0]
    if options["--site"]:
        sys.path.append(options["--site"])

    from svcctl.bootstrap.host import begin, paths_of  # noqa: PLC0415 - only now can it be found
    from svcctl.errors import SvcctlError  # noqa: PLC0415

    try:
        where = paths_of(options["--home"] or None, system=system)
        return begin(
            name,
            where,
            lambda report, attach: _body(name, where, report, attach),
            pausable=name != AGENT,
        )
    except SvcctlError as error:
        hint = f"\nhint: {error.hint}" if error.hint else ""
        sys.stderr.write(f"error[{error.code}]: {error.problem}{hint}\n")
        return error.exit_status


def _body(name: str, where: Paths, report: HostReport, attach: Attach) -> HostEnd:
    from svcctl.server.process import begin_log, import_lean  # noqa: PLC0415

    begin_log()
    import_lean()
    import asyncio  # noqa: PLC0415 - only now is it lean

    if name == AGENT:
        return asyncio.run(_keep_agent(where, report, attach))
    return asyncio.run(_keep(name, where, report, attach))


async def _keep(name: str, where: Paths, report: HostReport, attach: Attach) -> HostEnd:
    """Run the service until it is over; its API answers meanwhile as an agent's does."""
    from svcctl.app.host import Host  # noqa: PLC0415
    from svcctl.bootstrap.host import host_parts  # noqa: PLC0415
    from svcctl.engine.other_thread import OtherThread  # noqa: PLC0415
    from svcctl.server.local import LocalServer  # noqa: PLC0415

    with host_parts(name, where) as parts:
        agent = parts.agent
        known = name in agent.manager.names()
        await (agent.manager.configure if known else agent.manager.install)(parts.applied)
        host = Host(agent.manager, name, report=report, bus=agent.bus)
        async with LocalServer(agent.dispatch, door=agent.door):
            with agent.stop_signals(lambda: host.stop(shutdown=False)):
                attach(OtherThread(host))
                return await host.keep()


async def _keep_agent(where: Paths, report: HostReport, attach: Attach) -> HostEnd:
    """Be the agent until it is asked to end; an upgrade replaces the program of this process."""
    from svcctl.app.host import HostEnd  # noqa: PLC0415
    from svcctl.ports import HostPhase  # noqa: PLC0415
    from svcctl.server.agent import Controls, keep  # noqa: PLC0415
    from svcctl.server.choices import read_choices  # noqa: PLC0415

    report.tell(HostPhase.STARTING, text="starting", within=_PATIENCE)

    def opened(parts: AgentParts) -> None:
        report.tell(HostPhase.RUNNING, text=f"{len(parts.manager.names())} services")
        attach(Controls(parts, report))

    how = await keep(where, choices=read_choices(os.environ), opened=opened)
    if how == "upgrade":
        os.execv(sys.executable, sys.orig_argv)  # noqa: S606 - our own program
    return HostEnd()


if __name__ == "__main__":
    package = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))  # noqa: PTH100, PTH120
    sys.path[0:0] = [os.path.dirname(package)]  # noqa: PTH120
    sys.exit(main(sys.argv[1:]))
