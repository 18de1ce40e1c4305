"""A front that was taken over says what it likes; who is vouched for here gets no more by that."""

from __future__ import annotations

from dataclasses import asdict, replace

import pytest

from svcctl.app.access import Access
from svcctl.app.dispatch import Dispatch
from svcctl.app.verbs import VERBS
from svcctl.app.vouched import insist_vouched
from svcctl.auth.identity import Identity, Proof, Way, local, unknown
from svcctl.auth.oidc import Issuer
from svcctl.auth.signature import SignerKey
from svcctl.errors import Denied
from svcctl.ports import AuditEntry, Document
from svcctl.testing.fakes import FakeClock, FakeStore

TOKEN: Document = {"subject": "ci", "roles": ["viewer"], "expires_at": 500.0}
ISSUER = Issuer(name="corp", url="https://id", audience="svcctl", roles={"ops": "operator"})
SIGNER = SignerKey(actor="key:deploy", public=b"k" * 32, roles=("deployer",))


def far(
    actor: str, proof: Proof, *roles: str, token_id: str = "", ends: float | None = 500.0
) -> Identity:
    return Identity(
        actor=actor, way=Way.HTTP, proof=proof, roles=roles, token_id=token_id, expires_at=ends
    )


BY_TOKEN = far("token:ci", Proof.TOKEN, "viewer", token_id="t1")
BY_OIDC = far("oidc:corp:ann", Proof.OIDC, "operator")
BY_KEY = far("key:deploy", Proof.SIGNATURE, "deployer", token_id="key:deploy")
BY_CERTIFICATE = far("spiffe://example.org/ci", Proof.CERTIFICATE, token_id="7f")
EVENTS = Identity(actor="front:queue", way=Way.QUEUE, proof=Proof.SELF, roles=("viewer",))
STRANGER = unknown(Way.HTTP, source="192.0.2.7")


def look(who: Identity) -> None:
    insist_vouched(
        who,
        issued={"t1": TOKEN}.get,
        trusted=lambda: ((ISSUER,), {"deploy": SIGNER}),
    )


@pytest.mark.parametrize(
    "who",
    [
        BY_TOKEN,
        replace(BY_TOKEN, roles=()),
        replace(BY_TOKEN, expires_at=400.0),  # a session ends before what it was begun with
        BY_OIDC,
        BY_KEY,
        BY_CERTIFICATE,
        EVENTS,
        STRANGER,
    ],
    ids=lambda who: who.actor,
)
def test_who_was_let_in_by_what_is_known_here_is_spoken_for(who: Identity) -> None:
    look(who)


@pytest.mark.parametrize(
    "who",
    [
        replace(BY_TOKEN, roles=("viewer", "admin")),
        replace(BY_TOKEN, actor="token:root"),
        replace(BY_TOKEN, token_id="t2"),
        replace(BY_TOKEN, token_id=""),
        replace(BY_TOKEN, expires_at=501.0),
        replace(BY_TOKEN, expires_at=None),
        replace(BY_OIDC, roles=("admin",)),
        replace(BY_OIDC, actor="oidc:other:ann"),
        replace(BY_OIDC, actor="oidc:corp"),
        replace(BY_OIDC, actor="token:ci"),
        replace(BY_KEY, roles=("admin",)),
        replace(BY_KEY, actor="key:other"),
        replace(BY_KEY, token_id="key:other"),
        replace(BY_CERTIFICATE, roles=("viewer",)),
        replace(BY_CERTIFICATE, actor="token:ci"),
        replace(EVENTS, roles=("admin",)),
        replace(EVENTS, actor="healer"),
        replace(STRANGER, actor="token:ci"),
        replace(STRANGER, roles=("viewer",)),
        replace(BY_TOKEN, proof=Proof.PEER),
    ],
    ids=repr,
)
def test_nobody_is_more_than_what_they_showed_makes_them(who: Identity) -> None:
    with pytest.raises(Denied, match="nothing here"):
        look(who)


class Agent:
    """Who speaks for others comes to it; *owners* are those of its machine."""

    def __init__(self, owners: set[str] | None) -> None:
        self.rows: list[AuditEntry] = []
        access = Access(
            store=FakeStore(),
            specs=dict,
            owners=owners,
            itself="sid:S-1-5-18",
            issued={"t1": TOKEN}.get,
        )
        access.keep({"spec": {"fronts": ["uid:65534", "sid:S-1-5-80-1"]}})
        self.access = access
        self.dispatch = Dispatch(
            dict.fromkeys((verb.name for verb in VERBS), self._deed),  # type: ignore[arg-type]
            authority=access,
            audit=self,
            clock=FakeClock(),
        )

    async def _deed(self) -> object:
        raise AssertionError("nothing is asked for here")

    def record(self, entry: AuditEntry) -> None:
        self.rows.append(entry)


@pytest.mark.parametrize("front", ["uid:65534", "sid:S-1-5-80-1"])
@pytest.mark.parametrize("owners", [{"uid:0"}, None], ids=["posix", "windows"])
def test_what_a_front_makes_up_is_denied_and_written_down(
    front: str, owners: set[str] | None
) -> None:
    agent = Agent(owners)
    forged = replace(BY_TOKEN, roles=("admin",))

    with pytest.raises(Denied):
        agent.dispatch.speaking_for(local(front), asdict(forged))

    assert agent.dispatch.speaking_for(local(front), asdict(BY_TOKEN)) == BY_TOKEN
    assert [(row.actor, row.outcome) for row in agent.rows] == [
        ("token:ci", "asked"),
        ("token:ci", Denied.code),
    ]


def test_a_front_owns_nothing_where_all_others_who_come_in_own_everything() -> None:
    """On Windows the door alone says who comes in."""
    access = Agent(None).access

    def verbs_of(actor: str) -> set[str]:
        return {each.name for each in VERBS if access.may(local(actor), each, "")}

    assert verbs_of("sid:S-1-5-80-1") == {"trust"}
    assert verbs_of("sid:S-1-5-21-7") == verbs_of("sid:S-1-5-18") == {each.name for each in VERBS}


def test_an_agent_that_is_named_a_front_owns_its_machine_all_the_same() -> None:
    access = Agent(None).access
    access.keep({"spec": {"fronts": ["sid:S-1-5-18"]}})

    assert all(access.may(local("sid:S-1-5-18"), each, "") for each in VERBS)
