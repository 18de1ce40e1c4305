"""Definitions in terms of the machine: the same for whoever keeps services, and kept as written."""

from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.engine.manager import AgentManager
from svcctl.errors import SpecError
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.policy import StopPolicy
from svcctl.spec.service import ServiceSpec
from svcctl.spec.windows_stop import as_on_windows
from svcctl.testing.world import FakeWorld

WEB = ServiceSpec(name="web", exec=("web",), stop=StopPolicy(timeout=8.0))


def applied(spec: ServiceSpec) -> Applied:
    document = canonical.dump(spec)
    return Applied(name=spec.name, spec=document, revision=canonical.revision(document))


async def test_a_stop_takes_the_ways_of_the_machine_and_the_definition_stays(
    world: FakeWorld,
) -> None:
    manager = AgentManager(replace(world.ports, as_here=as_on_windows))
    await manager.install(applied(WEB))
    await manager.start_many(["web"])
    program = world.child()

    manager.stop("web")
    world.clock.forward(4.0)
    world.clock.forward(2.0)

    assert program.signals == ["CTRL_C", "WM_CLOSE", "WM_QUIT"]
    assert manager.query("web").spec == canonical.dump(WEB)
    assert manager.plan(applied(WEB)) == ()


async def test_a_changed_stop_is_put_in_these_terms_as_well(world: FakeWorld) -> None:
    manager = AgentManager(replace(world.ports, as_here=as_on_windows))
    await manager.install(applied(WEB))
    await manager.start_many(["web"])

    await manager.configure(applied(replace(WEB, stop=StopPolicy(signal="INT"))))
    manager.stop("web")

    assert world.child().signals == ["CTRL_C"]


async def test_what_the_machine_has_no_word_for_is_refused_and_nothing_is_changed(
    world: FakeWorld,
) -> None:
    manager = AgentManager(replace(world.ports, as_here=as_on_windows))
    await manager.install(applied(WEB))
    odd = applied(replace(WEB, stop=StopPolicy(signal="USR1")))

    with pytest.raises(SpecError, match="no signal 'USR1'"):
        await manager.configure(odd)

    assert manager.query("web") == applied(WEB)
