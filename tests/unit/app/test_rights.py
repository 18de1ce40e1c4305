"""What somebody is told they may do is what they are let do: verb by verb, service by service."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, cast

import pytest

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments
from svcctl.app.rights import Rights
from svcctl.app.verb import Selects
from svcctl.app.verbs import VERBS, find
from svcctl.app.waiting import Nobody
from svcctl.auth.identity import Identity, Proof, Way, local
from svcctl.cli.definitions import arguments
from svcctl.errors import Denied, SvcctlError, UnknownService
from svcctl.ports import Document
from svcctl.spec.load import load_files
from svcctl.spec.service import ServiceSpec
from svcctl.testing.fakes import FakeStore
from svcctl.wire import Selection

SPECS = {
    "web": ServiceSpec(name="web", exec=("a",), labels={"tier": "front"}),
    "db": ServiceSpec(name="db", exec=("a",), labels={"tier": "back"}, groups=("shop",)),
    "job": ServiceSpec(name="job", exec=("a",), instances=2),
}
POLICIES = {
    "nothing is said": "",
    "a role by binding": "[[access.bindings]]\nwho = ['token:*']\nroles = ['operator']",
    "a role of one's own": """
        [access.roles.night]
        verbs = ["restart", "logs"]
        services = ["w*"]
        [[access.bindings]]
        who = ["*"]
        roles = ["night"]
    """,
    "what labels say": """
        [[access.rules]]
        effect = "allow"
        verbs = ["*"]
        labels = ["tier=front"]
        [[access.rules]]
        effect = "deny"
        verbs = ["stop", "agent-*"]
    """,
    "one service is nobody's": "[[access.rules]]\neffect = 'deny'\nservices = ['db']",
    "nobody may ask": "[[access.rules]]\neffect = 'deny'\nverbs = ['may']",
    "others serve": "[access]\nlocal = 'viewer'\nfronts = ['uid:998']",
}


def far(*roles: str) -> Identity:
    return Identity(actor="token:ci", way=Way.HTTP, proof=Proof.TOKEN, roles=roles)


ASKERS = [
    *(local(f"uid:{number}") for number in (0, 1001, 998)),
    *(far(*roles) for roles in ((), ("viewer",), ("operator",), ("admin",), ("nobody",))),
]


def access(folder: Path, policy: str) -> Access:
    """Give who decides where *policy* was applied."""
    made = Access(store=FakeStore(), specs=lambda: SPECS, owners={"uid:0"})
    if policy:
        file = folder / "svcctl.toml"
        file.write_text(policy)
        made.keep(cast("Document", arguments(load_files([file], environ={}))["access"]))
    return made


async def told(
    decides: Access, identity: Identity, selection: Selection | None = None
) -> dict[str, Any]:
    """Give what *identity* is told, as if it had come through dispatch; raises as that does."""
    verb = find("may")
    assert verb is not None
    allowed = decides.insist(identity, verb, selection or Selection(all=True), {})
    found = await Rights(decides, lambda: SPECS).may(allowed, Arguments({}, identity), Nobody())
    return cast("dict[str, Any]", found)


def told_of(found: dict[str, Any], service: str) -> set[str]:
    """Give the verbs that *found* has for a service."""
    return {
        verb for each in found["grants"] if service in each["services"] for verb in each["verbs"]
    }


def let(decides: Access, identity: Identity, name: str, names: Iterable[str]) -> bool:
    """Say whether they are let do it."""
    verb = find(name)
    assert verb is not None
    try:
        decides.insist(identity, verb, Selection(names=tuple(names)), {})
    except Denied:
        return False
    return True


@pytest.mark.parametrize("policy", POLICIES.values(), ids=POLICIES)
async def test_what_is_told_is_what_is_let(policy: str, tmp_path: Path) -> None:
    decides = access(tmp_path, policy)

    for identity in ASKERS:
        try:
            found = await told(decides, identity)
        except Denied:
            assert not let(decides, identity, "may", ())
            continue
        alone = {each.name for each in VERBS if each.selects is Selects.NONE}
        assert set(found["verbs"]) == {name for name in alone if let(decides, identity, name, ())}
        for service in SPECS:
            may = {each.name for each in VERBS if let(decides, identity, each.name, [service])}
            asked = told_of(found, service)
            assert not asked or asked == (may - alone) | (asked & {"apply", "apply-signed"})
            assert asked or not let(decides, identity, "status", [service])


async def test_roles_are_told_wherever_they_come_from(tmp_path: Path) -> None:
    decides = access(tmp_path, POLICIES["a role by binding"])

    found = await told(decides, far("viewer"))

    assert (found["actor"], found["way"]) == ("token:ci", "http")
    assert found["roles"] == ["viewer", "operator"]
    assert "restart" in told_of(found, "web")


async def test_services_that_are_alike_stand_together(tmp_path: Path) -> None:
    decides = access(tmp_path, POLICIES["a role of one's own"])

    found = await told(decides, far("viewer"))

    assert [each["services"] for each in found["grants"]] == [["db", "job"], ["web"]]
    assert told_of(found, "web") - told_of(found, "db") == {"restart"}


async def test_whoever_may_do_a_single_thing_may_ask(tmp_path: Path) -> None:
    decides = access(tmp_path, POLICIES["a role of one's own"])

    found = await told(decides, far())

    assert [each["services"] for each in found["grants"]] == [["web"]]
    assert told_of(found, "web") == {"restart", "logs", "may"}
    assert found["verbs"] == []


async def test_who_may_do_nothing_is_told_nothing(tmp_path: Path) -> None:
    with pytest.raises(Denied, match="nothing allows it"):
        await told(access(tmp_path, ""), far())
    with pytest.raises(Denied, match="there is no such role"):
        await told(access(tmp_path, ""), far("nobody"))


async def test_who_is_denied_the_question_is_told_nothing(tmp_path: Path) -> None:
    with pytest.raises(Denied, match="rule deny"):
        await told(access(tmp_path, POLICIES["nobody may ask"]), far("admin"))


@pytest.mark.parametrize("name", ["db", "no-such"])
async def test_what_one_may_not_see_is_as_if_it_were_not_there(name: str, tmp_path: Path) -> None:
    decides = access(tmp_path, "[[access.rules]]\neffect = 'deny'\nservices = ['db', 'no-*']")

    with pytest.raises(Denied) as refused:
        await told(decides, far("admin"), Selection(names=("web", name)))

    assert refused.value.problem == f"token:ci may do nothing to {name!r}"
    assert "db" not in str(await told(decides, far("admin"), Selection(names=("*",))))


@pytest.mark.parametrize(
    ("selection", "error"),
    [
        (Selection(names=("webb",)), UnknownService),
        (Selection(names=("@none",)), UnknownService),
        (Selection(labels=("tier=none",)), UnknownService),
    ],
)
async def test_what_is_not_there_is_said_to_who_may(
    selection: Selection, error: type[SvcctlError], tmp_path: Path
) -> None:
    with pytest.raises(error):
        await told(access(tmp_path, ""), far("admin"), selection)


async def test_an_instance_is_asked_about_as_its_service(tmp_path: Path) -> None:
    found = await told(access(tmp_path, ""), far("viewer"), Selection(names=("job.2",)))

    assert [each["services"] for each in found["grants"]] == [["job"]]
