"""Has an agent watch the services of native managers once there are any; else it costs little."""

from __future__ import annotations

from contextlib import ExitStack

from svcctl.bootstrap.agent import AgentParts
from svcctl.bootstrap.registered import notice, registered
from svcctl.ports import Cancel


def watch_once_registered(parts: AgentParts, home: str | None) -> Cancel:
    """Watch native services from when there is one; until that is called which this gives.

    Needs a running event loop.
    """
    stack = ExitStack()

    def begin() -> None:
        from svcctl.bootstrap.native_watch import native_watch  # noqa: PLC0415 - few have any

        stack.close()
        watch = native_watch(parts, home)
        stack.callback(watch.close)
        watch.begin()

    cancel, tells = notice(parts.paths, begin)
    stack.callback(cancel)
    if any(registered(parts.paths)) or not tells:
        begin()
    return stack.close
