"""Who may do what on a machine: as it was applied, asked before every verb."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import pytest

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments, check
from svcctl.app.auditing import Auditing
from svcctl.app.kept_table import KeptTable
from svcctl.app.verb import Selects
from svcctl.app.verbs import VERBS, find
from svcctl.app.waiting import Nobody
from svcctl.auth.identity import Identity, Proof, Way, inside, local
from svcctl.cli.definitions import arguments
from svcctl.engine.store import SqliteStore
from svcctl.errors import Denied, UnknownService, UsageError
from svcctl.events import RunSkipped
from svcctl.ports import AuditEntry, Document
from svcctl.spec.load import load_files
from svcctl.spec.service import ServiceSpec
from svcctl.testing.fakes import FakeClock, FakeStore
from svcctl.wire import Selection

OWNER, OTHER = local("uid:0"), local("uid:1001")
WEB = Selection(names=("web",))
ALL = Selection(all=True)

SPECS = {
    "web": ServiceSpec(name="web", exec=("a",), labels={"tier": "front"}),
    "db": ServiceSpec(name="db", exec=("a",), labels={"tier": "back"}, groups=("shop",)),
    "job": ServiceSpec(name="job", exec=("a",), instances=2),
}


def far(*roles: str, actor: str = "token:ci") -> Identity:
    return Identity(actor=actor, way=Way.HTTP, proof=Proof.TOKEN, roles=roles)


class Machine:
    """An Access that goes by what a definition says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self.store = FakeStore()
        self.access = Access(store=self.store, specs=lambda: SPECS, owners={"uid:0"})

    def apply(self, text: str) -> None:
        self.access.keep(cast("Document", self.document(text)))

    def document(self, text: str) -> object:
        file = self._folder / "svcctl.toml"
        file.write_text(text)
        return arguments(load_files([file], environ={}))["access"]

    def insist(
        self,
        identity: Identity,
        name: str,
        selection: Selection | None = None,
        args: Mapping[str, object] | None = None,
    ) -> Selection:
        verb = find(name)
        assert verb is not None
        if selection is None:
            selection = Selection() if verb.selects is Selects.NONE else WEB
        return self.access.insist(identity, verb, selection, args or {})

    def may(self, identity: Identity, name: str, selection: Selection | None = None) -> bool:
        try:
            self.insist(identity, name, selection)
        except Denied:
            return False
        return True


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """A machine for which nothing is said of access."""
    return Machine(tmp_path)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_without_a_word_those_who_come_in_here_may_everything(
    verb: object, machine: Machine
) -> None:
    name = getattr(verb, "name", "")

    assert machine.may(OWNER, name)
    assert machine.may(OTHER, name)
    assert machine.may(inside("healer"), name)


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_who_asks_from_elsewhere_without_a_role_may_nothing(verb: object, machine: Machine) -> None:
    assert not machine.may(far(), getattr(verb, "name", ""))


@pytest.mark.parametrize("name", ["apply", "environment"])
def test_no_role_lets_anybody_define_or_see_secrets_from_elsewhere(
    name: str, machine: Machine
) -> None:
    with pytest.raises(Denied, match="cannot be asked for from elsewhere"):
        machine.insist(far("admin"), name)


def test_a_role_vouched_for_by_a_token_holds(machine: Machine) -> None:
    assert machine.may(far("operator"), "stop")
    assert machine.may(far("operator"), "status")
    assert not machine.may(far("operator"), "remove")


def test_the_local_role_is_that_of_others_and_never_of_the_owner(machine: Machine) -> None:
    machine.apply("[access]\nlocal = 'viewer'")

    assert machine.may(OTHER, "status")
    assert not machine.may(OTHER, "stop")
    assert machine.may(OWNER, "remove")


def test_a_binding_takes_the_place_of_the_local_role(machine: Machine) -> None:
    machine.apply("[[access.bindings]]\nwho = ['uid:1001']\nroles = ['operator']")

    assert machine.may(OTHER, "stop")
    assert not machine.may(OTHER, "remove")
    assert machine.may(local("uid:7"), "remove")


def test_a_denial_is_for_the_owner_and_the_healer_too(machine: Machine) -> None:
    machine.apply("[[access.rules]]\neffect = 'deny'\nverbs = ['stop']\nservices = ['db']")
    about_db = Selection(names=("db",))

    for identity in (OWNER, OTHER, inside("healer"), far("admin")):
        assert not machine.may(identity, "stop", about_db)
        assert machine.may(identity, "stop", WEB)


def test_the_owner_cannot_be_locked_out_of_looking_and_of_saying_otherwise(
    machine: Machine,
) -> None:
    machine.apply("[[access.rules]]\neffect = 'deny'")

    assert machine.may(OWNER, "status")
    assert machine.may(OWNER, "apply")
    assert not machine.may(OWNER, "stop")
    assert not machine.may(OTHER, "status")


@pytest.mark.parametrize(
    "selection",
    [
        ALL,
        Selection(names=("@shop",)),
        Selection(names=("d*",)),
        Selection(labels=("tier=back",)),
        Selection(names=("web", "db")),
    ],
)
def test_a_change_of_many_is_denied_where_one_of_them_is(
    selection: Selection, machine: Machine
) -> None:
    machine.apply("[[access.rules]]\neffect = 'deny'\nverbs = ['stop']\nservices = ['db']")

    with pytest.raises(Denied, match="'stop' to 'db'"):
        machine.insist(OTHER, "stop", selection)


def test_an_instance_is_its_service(machine: Machine) -> None:
    machine.apply("[[access.rules]]\neffect = 'deny'\nverbs = ['stop']\nservices = ['job']")

    assert not machine.may(OTHER, "stop", Selection(names=("job.2",)))


def test_a_look_at_everything_becomes_one_at_what_may_be_seen(machine: Machine) -> None:
    machine.apply("[access.roles.front]\nlike = 'viewer'\nlabels = ['tier=front']")

    assert machine.insist(far("front"), "status", ALL) == WEB
    assert not machine.may(far("front"), "status", Selection(names=("db",)))
    assert not machine.may(far("front"), "status", Selection(names=("*",)))


def test_a_look_at_everything_is_denied_where_nothing_may_be_seen(machine: Machine) -> None:
    machine.apply("[[access.rules]]\neffect = 'deny'\nservices = ['*']")

    assert not machine.may(far("viewer"), "status", ALL)


def test_a_name_of_nothing_is_told_to_who_might_use_it_alone(machine: Machine) -> None:
    wrong = Selection(names=("wbe", "web"))

    assert machine.insist(far("admin"), "stop", wrong) == wrong
    with pytest.raises(Denied):
        machine.insist(far("viewer"), "stop", wrong)
    for nothing in (Selection(names=("x*",)), Selection(names=("@x",)), Selection(labels=("a=b",))):
        with pytest.raises(UnknownService):
            machine.insist(far("admin"), "stop", nothing)


def test_without_services_only_who_might_see_them_is_let_through(tmp_path: Path) -> None:
    del tmp_path
    access = Access(store=FakeStore(), specs=dict, owners=set())
    verb = find("status")
    assert verb is not None

    assert access.insist(far("viewer"), verb, ALL, {}) == ALL
    with pytest.raises(Denied):
        access.insist(far(), verb, ALL, {})


def definition(name: str, **labels: str) -> dict[str, object]:
    return {"name": name, "spec": {"name": name, "labels": labels}}


def test_a_deployer_defines_what_is_and_what_becomes_theirs_alone(machine: Machine) -> None:
    machine.apply(
        "[access]\nlocal='viewer'\n[access.roles.front]\nverbs=['apply']\n"
        "labels=['tier=front']\n[[access.bindings]]\nwho=['uid:1001']\nroles=['front']"
    )

    machine.insist(OTHER, "apply", None, {"services": [definition("web", tier="front")]})
    for stolen in (definition("db", tier="front"), definition("web", tier="back")):
        with pytest.raises(Denied):
            machine.insist(OTHER, "apply", None, {"services": [stolen]})


@pytest.mark.parametrize(
    "more", [{"access": {"spec": {}}}, {"alerting": {"a": 1}}, {"prune": True}]
)
def test_to_say_who_may_what_is_for_admins_alone(more: dict[str, object], machine: Machine) -> None:
    machine.apply("[access]\nlocal = 'deployer'")
    plain: dict[str, object] = {"services": [definition("new")]}

    machine.insist(OTHER, "apply", None, plain)
    with pytest.raises(Denied, match="needs admin"):
        machine.insist(OTHER, "apply", None, plain | more)


def test_a_rule_holds_at_once_and_after_a_restart(machine: Machine) -> None:
    machine.apply("[access]\nlocal = 'viewer'\naudit = 'all'")

    again = Access(store=machine.store, specs=lambda: SPECS, owners={"uid:0"})
    stop = find("stop")
    assert stop is not None

    assert machine.access.audits_looks
    assert again.audits_looks
    with pytest.raises(Denied):
        again.insist(OTHER, stop, WEB, {})
    machine.access.keep(None)
    assert machine.may(OTHER, "stop")
    assert not machine.access.audits_looks


def test_what_cannot_be_read_any_more_lets_only_the_owner_look(
    machine: Machine, caplog: pytest.LogCaptureFixture
) -> None:
    machine.access.keep({"spec": {"roles": 3}})

    assert "access.unreadable" in [record.message for record in caplog.records]
    assert not machine.may(OTHER, "status")
    assert not machine.may(far("admin"), "status")
    assert not machine.may(OWNER, "stop")
    assert machine.may(OWNER, "apply")


def test_whom_else_to_trust_is_said_there_too(machine: Machine) -> None:
    assert machine.access.trusted() == ((), {})

    key = "JrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs="
    machine.apply(
        "[access.issuers.corp]\nurl = 'https://id.example.org'\nroles.ops = 'operator'\n"
        f"[access.signers.ci]\nkey = '{key}'\nroles = ['deployer']"
    )

    (issuer,), signers = machine.access.trusted()
    assert (issuer.name, issuer.url, issuer.audience) == (
        "corp",
        "https://id.example.org",
        "svcctl",
    )
    assert issuer.roles == {"ops": "operator"}
    assert (signers["ci"].actor, signers["ci"].roles) == ("key:ci", ("deployer",))
    assert len(signers["ci"].public) == 32


def test_a_misspelt_verb_is_refused_whatever_handed_it_over(machine: Machine) -> None:
    table = KeptTable("access", machine.access)
    document = machine.document("[[access.rules]]\neffect = 'deny'\nverbs = ['stopp']")

    with pytest.raises(UsageError, match="there is no verb 'stopp'"):
        table.plan(document, set(), prune=False)


def test_a_denial_says_why_and_how_to_learn_more(machine: Machine) -> None:
    machine.apply("[[access.rules]]\neffect = 'deny'\nwhy = 'not on fridays'")

    with pytest.raises(Denied) as caught:
        machine.insist(OTHER, "stop")

    assert caught.value.problem.endswith("rule deny: not on fridays")
    assert caught.value.hint == "see: svcctl auth explain uid:1001 stop web"


async def explained(machine: Machine, **args: str) -> dict[str, object]:
    clock = FakeClock()
    deeds = Auditing("", flush=lambda: None, access=machine.access, clock=clock).deeds()
    given = Arguments({"service": "", "roles": None, **args})
    found = await deeds["auth-explain"](Selection(), given, Nobody())
    assert isinstance(found, dict)
    return found


async def test_what_was_applied_is_shown_with_its_places(machine: Machine) -> None:
    machine.apply("[access]\nlocal = 'viewer'\n[[access.rules]]\neffect = 'deny'\nverbs = ['stop']")
    deeds = Auditing("", flush=lambda: None, access=machine.access, clock=FakeClock()).deeds()

    found = await deeds["access-show"](Selection(), Arguments({}), Nobody())

    assert isinstance(found, dict)
    (rule,) = found["spec"]["access"]["rules"]
    assert (found["name"], found["spec"]["access"]["local"]) == ("[access]", "viewer")
    assert (rule["effect"], rule["verbs"]) == ("deny", ["stop"])
    assert any(place.startswith("access.rules") for place in found["origins"])


async def test_an_explanation_names_each_rule_and_its_place(
    machine: Machine, tmp_path: Path
) -> None:
    machine.apply(
        "[access]\nlocal = 'viewer'\n[[access.rules]]\neffect = 'allow'\nverbs = ['stop']"
    )

    found = await explained(machine, who="uid:1001", verb="stop", service="web")

    assert found["allowed"] is True
    assert found["steps"] == [
        {
            "rule": "role viewer",
            "verdict": "does not fit",
            "why": "stop needs operator, which is more than viewer",
            "at": "",
        },
        {
            "rule": "rule allow",
            "verdict": "allows",
            "why": "everything fits",
            "at": f"{tmp_path / 'svcctl.toml'}:4",
        },
    ]


@pytest.mark.parametrize(
    ("args", "allowed"),
    [
        ({"who": "uid:0", "verb": "apply"}, True),
        ({"who": "token:ci", "verb": "apply", "roles": "admin"}, False),
        ({"who": "token:ci", "verb": "stop", "service": "db", "roles": "viewer,operator"}, True),
        ({"who": "token:ci", "verb": "stop", "service": "unknown"}, False),
        ({"who": "uid:0", "verb": "agent-stop"}, True),
    ],
)
async def test_an_explanation_is_what_would_be_decided(
    args: dict[str, str], allowed: bool, machine: Machine
) -> None:
    assert (await explained(machine, **args))["allowed"] is allowed


async def test_the_audit_log_is_read_and_proven_with_what_waits_to_be_written(
    machine: Machine, tmp_path: Path
) -> None:
    store = SqliteStore(str(tmp_path / "state.db"))
    deeds = Auditing(
        store.path, flush=store.flush, access=machine.access, clock=FakeClock()
    ).deeds()

    async def ask(name: str, **args: object) -> Any:
        verb = find(name)
        assert verb is not None
        return await deeds[name](Selection(), check(verb, args), Nobody())

    for verb in ("start", "stop"):
        store.record(
            AuditEntry(at=1.0, asked=verb, actor="ann", way="local", verb=verb, outcome="done")
        )
    store.append(RunSkipped(at=1.0))

    assert [row["verb"] for row in await ask("audit", verb="st*", actor="ann", lines=1)] == ["stop"]
    found = await ask("audit-verify")
    assert (found["sound"], found["rows"], found["found"]) == (True, 2, [])
    assert (await ask("audit-verify", head=found["head"]))["sound"]
    with pytest.raises(UsageError, match="no row and its seal"):
        await ask("audit-verify", head="x")
    store.close()


async def test_nothing_is_explained_of_a_verb_that_is_not_there(machine: Machine) -> None:
    with pytest.raises(UsageError, match="no verb 'dance'"):
        await explained(machine, who="uid:0", verb="dance")


FRONT = local("uid:998")


def test_who_serves_others_may_speak_for_them_and_asks_for_nothing_but_trust(
    machine: Machine,
) -> None:
    machine.apply("[access]\nfronts = ['uid:998']\nlocal = 'admin'")

    assert machine.access.may_speak_for_others(FRONT)
    assert not machine.access.may_speak_for_others(OTHER)
    allowed = [verb.name for verb in VERBS if machine.may(FRONT, verb.name)]
    assert allowed == ["trust"]
    for verb in VERBS:
        assert machine.access.explain(FRONT, verb, "").allowed == (verb.name == "trust")


def test_the_owner_stays_the_owner_though_it_serves_others(machine: Machine) -> None:
    machine.apply("[access]\nfronts = ['uid:0']")

    assert machine.may(OWNER, "stop")
    assert machine.access.may_speak_for_others(OWNER)


def test_who_comes_from_elsewhere_is_no_front_whatever_they_are_called(machine: Machine) -> None:
    machine.apply("[access]\nfronts = ['uid:998']")
    far_away = far("admin", actor="uid:998")

    assert not machine.access.may_speak_for_others(far_away)
    assert not machine.may(far_away, "trust")


def test_those_who_listen_are_told_when_another_table_is_applied(machine: Machine) -> None:
    told: list[tuple[str, ...]] = []
    machine.access.listeners.add(lambda: told.append(machine.access.fronts))

    machine.apply("[access]\nfronts = ['uid:998']")
    machine.access.keep(None)

    assert told == [("uid:998",), ()]
