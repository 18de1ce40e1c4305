"""Keeps the services of some files in the foreground, as long as this process lives."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from svcctl.app.selection import Selection
from svcctl.bootstrap.agent import AgentParts, agent_parts, stop_signals
from svcctl.bootstrap.local import paths
from svcctl.engine.life import Phase
from svcctl.events import Event, InstanceSpawned
from svcctl.ports import Applied
from svcctl.serve.agent import Nobody, kill_everything, stop_in_order
from svcctl.serve.local import LocalServer

_OVER = frozenset({Phase.STOPPED, Phase.FAILED, Phase.FINISHED})


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Who watches: *line* takes service, instance, stream and text; *event* what happens."""

    line: Callable[[str, str, str, bytes], None]
    event: Callable[[Event], None]
    stopping: Callable[[], None]


async def up(
    home: str, definitions: list[Applied], *, names: tuple[str, ...], audience: Audience
) -> int:
    """Run *definitions* (or those of *names*, with what they need) until all of it is over.

    The first Ctrl-C stops everything in order, the second kills.  Gives 1 where a service gave
    up, else 0.  Raises Conflict where the same is up already.
    """
    with agent_parts(paths(home)) as parts:
        parts.bus.subscribe(audience.event)
        _follow_output(parts, audience)
        stopping: list[asyncio.Task[None]] = []

        def asked() -> None:
            if stopping:
                kill_everything(parts)
                return
            audience.stopping()
            stopping.append(asyncio.create_task(stop_in_order(parts)))

        async with LocalServer(parts.dispatch, listener=parts.listener, who_is=parts.who_is):
            with stop_signals(asked):
                await _begin(parts, definitions, names)
                await _until_over(parts)
        for task in stopping:
            await task
        failed = _failed(parts)
    return 1 if failed and not stopping else 0


async def _begin(parts: AgentParts, definitions: list[Applied], names: tuple[str, ...]) -> None:
    services = [
        {
            "name": each.name,
            "spec": each.spec,
            "origins": each.origins,
            "sources": dict(each.sources),
        }
        for each in definitions
    ]
    known = set(parts.manager.names())
    for gone in known - {each.name for each in definitions}:
        await parts.dispatch.carry_out(
            "remove", selection=Selection(names=(gone,)), args={}, actor="up", emit=Nobody()
        )
    if names:
        for service in services:
            spec = service["spec"]
            assert isinstance(spec, dict)
            service["spec"] = spec | {"start": "manual"}
    await parts.dispatch.carry_out(
        "apply",
        selection=Selection(),
        args={"services": services, "no_wait": True},
        actor="up",
        emit=Nobody(),
    )
    chosen = Selection(names=names) if names else _by_themselves(parts)
    if not chosen.empty:
        await parts.dispatch.carry_out(
            "start", selection=chosen, args={"no_wait": True}, actor="up", emit=Nobody()
        )


def _by_themselves(parts: AgentParts) -> Selection:
    """Select what an earlier run left stopped and is to start by itself."""
    stopped = [
        name
        for name in parts.manager.names()
        if parts.manager.is_enabled(name)
        and not parts.manager.specs[name].schedule
        and all(keeper.state.phase in _OVER for keeper in parts.manager.keepers(name))
    ]
    return Selection(names=tuple(stopped))


def _follow_output(parts: AgentParts, audience: Audience) -> None:
    followed: set[str] = set()

    def follow(event: Event) -> None:
        if not isinstance(event, InstanceSpawned) or event.instance in followed:
            return
        followed.add(event.instance)
        service, instance = event.service, event.instance

        def tell(stream: str, lines: list[bytes]) -> None:
            for line in lines:
                audience.line(service, instance, stream, line)

        (keeper,) = [k for k in parts.manager.keepers(service) if k.name == instance]
        keeper.sink.follow(tell)

    parts.bus.subscribe(follow)


async def _until_over(parts: AgentParts) -> None:
    """Wait until the agent is asked to end, or nothing runs or is due any more."""

    def look(_: Event) -> None:
        asyncio.get_running_loop().call_soon(check)

    def check() -> None:
        keepers = [k for name in parts.manager.names() for k in parts.manager.keepers(name)]
        if all(k.state.phase in _OVER and k.next_at is None for k in keepers):
            parts.ending.ask("stop")

    parts.bus.subscribe(look)
    await asyncio.sleep(0)
    check()
    await parts.ending.asked.wait()


def _failed(parts: AgentParts) -> bool:
    return any(
        keeper.state.phase is Phase.FAILED
        for name in parts.manager.names()
        for keeper in parts.manager.keepers(name)
    )
