"""What is for the programs is handed to them, and each answers for itself."""

from __future__ import annotations

from typing import Any

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.conversing import VERBS, Conversing, meant_for
from svcctl.app.verbs import find
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.contact import ENDPOINT
from svcctl.engine.manager import AgentManager
from svcctl.errors import Conflict, Outdated, UnknownService, UsageError
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld
from svcctl.wire import Selection

ANN = Identity(actor="token:ann", way=Way.HTTP, proof=Proof.TOKEN)


class Nobody:
    """Takes no items."""

    def __call__(self, item: object) -> None:
        raise AssertionError(item)

    async def room(self) -> None: ...


async def kept(world: FakeWorld, *names: str, instances: int = 1) -> Conversing:
    """Give the verbs of an agent that keeps services which run."""
    manager = AgentManager(world.ports)
    for name in names:
        spec = ServiceSpec(name=name, exec=(name,), ready="notify", instances=instances)
        document = canonical.dump(spec)
        applied = Applied(name=name, spec=document, revision=canonical.revision(document))
        await manager.install(applied)
        manager.start(name)
    return Conversing(manager)


async def asked(conversing: Conversing, verb: str, *names: str, **args: object) -> Any:
    deed = conversing.deeds()[verb]
    return await deed(Selection(names=names), Arguments(args, ANN), Nobody())


def test_each_verb_is_in_the_table() -> None:
    assert all(find(verb) for verb in VERBS)


async def test_a_program_is_asked_with_the_name_of_who_wants_it(world: FakeWorld) -> None:
    conversing = await kept(world, "mailer")
    world.notices.say("mailer", {ENDPOINT: "/run/mailer"})
    world.programs.answers = {"config-rollback": {"verdict": "applied", "version": 3}}

    (answer,) = await asked(conversing, "config-rollback", "mailer", version=1, noise=None)

    assert (answer["instance"], answer["ok"], answer["answer"]["version"]) == ("mailer", True, 3)
    assert world.programs.asked == [
        ("/run/mailer", "config-rollback", {"version": 1, "who": "token:ann"})
    ]


async def test_a_rejected_configuration_is_no_success(world: FakeWorld) -> None:
    conversing = await kept(world, "mailer")
    world.notices.say("mailer", {ENDPOINT: "/run/mailer"})
    mistakes = [{"problem": "no"}]
    world.programs.answers = {"config-rollback": {"verdict": "rejected", "mistakes": mistakes}}

    (answer,) = await asked(conversing, "config-rollback", "mailer", version=1)

    assert not answer["ok"]
    assert answer["problem"] == "the new configuration is refused: no"


async def test_each_instance_is_told_which_version_must_be_its_newest(world: FakeWorld) -> None:
    conversing = await kept(world, "mailer")
    world.notices.say("mailer", {ENDPOINT: "/run/mailer"})
    world.programs.answers = {"set-config": Outdated("version 4 is the newest, not 3")}

    (answer,) = await asked(
        conversing, "set-config", "mailer", config={"a": 1}, if_version="mailer.2=9,mailer=3"
    )

    assert answer["code"] == "SVC-1603"
    assert world.programs.asked == [
        ("/run/mailer", "set-config", {"config": {"a": 1}, "if_version": 3, "who": "token:ann"})
    ]


@pytest.mark.parametrize("text", ["soon", "web=3", "", "-1", "mailer=\u0663"])
def test_a_version_that_names_none_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="if_version"):
        meant_for("mailer", {"if_version": text})


async def test_a_program_that_refuses_and_one_that_cannot_leave_the_others(
    world: FakeWorld,
) -> None:
    conversing = await kept(world, "mailer", "web")
    world.notices.say("mailer", {ENDPOINT: "/run/mailer"})
    world.programs.answers = {"health": Conflict("not now", hint="later")}

    mailer, web = await asked(conversing, "health", "mailer", "web")

    assert (mailer["problem"], mailer["hint"], mailer["obliging"]) == ("not now", "later", True)
    assert (web["problem"], web["obliging"]) == ("'web' takes no requests, or does not run", False)


async def test_each_instance_answers_for_itself(world: FakeWorld) -> None:
    conversing = await kept(world, "mailer", instances=2)

    found = await asked(conversing, "log-level", "mailer")

    assert [each["instance"] for each in found] == ["mailer", "mailer.2"]


async def test_a_service_there_is_not_is_an_error(world: FakeWorld) -> None:
    with pytest.raises(UnknownService):
        await asked(await kept(world), "health", "nobody")
