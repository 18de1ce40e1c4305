"""Definitions that are signed: each way to cheat is refused, and takes no count."""

from __future__ import annotations

from base64 import b64decode, b64encode
from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import Any

import pytest

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments, check
from svcctl.app.asked import shown_args, target
from svcctl.app.signed_specs import SignedSpecs, Trusted
from svcctl.app.signed_statement import LONGEST, SLACK, Statement, statement
from svcctl.app.verbs import find
from svcctl.app.waiting import Emit, Nobody
from svcctl.auth import envelope
from svcctl.auth import signing_keys as keys
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.errors import Conflict, Denied, SvcctlError, UsageError
from svcctl.spec.service import ServiceSpec
from svcctl.testing.fakes import FakeClock, FakeStore
from svcctl.wire import Selection

pytest.importorskip(
    "cryptography.hazmat.bindings._rust",
    reason="Wine cannot load cryptography",
    exc_type=ImportError,
)

PRIVATE = bytes(range(32))
NOW = FakeClock().now()
WEB = {"name": "web", "spec": {"name": "web", "exec": ["/srv/web"], "labels": {"tier": "front"}}}


def said(**changed: Any) -> Statement:
    plain = Statement(
        hosts=("web-1", "web-2"),
        issued_at=NOW,
        expires_at=NOW + 600,
        counter=7,
        apply={"services": [WEB], "prune": False},
    )
    return replace(plain, **changed)


def signed(
    stated: Statement | bytes | None = None, *, key_id: str = "release", private: bytes = PRIVATE
) -> dict[str, Any]:
    payload = stated if isinstance(stated, bytes) else (stated or said()).payload()
    found: dict[str, Any] = envelope.seal(
        payload, kind=envelope.SPEC, key_id=key_id, private=private
    )
    return found


class Host:
    """Takes signed definitions, and remembers what was applied."""

    def __init__(self) -> None:
        self.store, self.clock = FakeStore(), FakeClock()
        self.trusted: Trusted | None = Trusted(
            keys={
                "release": b64decode(keys.public_text(PRIVATE)),
                "other": b64decode(keys.public_text(b"o" * 32)),
            },
            host="web-1",
        )
        self.applied: list[Arguments] = []
        self.looked = 0
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.begin()

    def begin(self) -> None:
        self.specs = SignedSpecs(
            self._apply, trusted=lambda: self.trusted, store=self.store, clock=self.clock
        )

    async def _apply(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, emit
        if args.values["services"] == ["wrong"]:
            raise UsageError("the definitions are not a list of services")
        if args.flag("dry_run"):
            self.looked += 1
            if self.meanwhile:
                other, self.meanwhile = self.meanwhile, None
                await other()
        else:
            self.applied.append(args)
        return {"plan": [], "outcomes": []}

    async def take(self, bundle: object, **more: object) -> object:
        verb = find("apply-signed")
        assert verb is not None
        args = check(verb, {"bundle": bundle, **more}, asker=far("deployer"))
        return await self.specs.apply_signed(Selection(), args, Nobody())


async def test_what_a_trusted_key_signed_for_this_host_is_applied_as_it_was_signed() -> None:
    host = Host()

    await host.take(signed(), no_wait=True)

    (args,) = host.applied
    assert args.values["services"] == [WEB]
    assert (args.flag("prune"), args.flag("no_wait"), args.actor) == (False, True, "token:ci")


async def test_a_look_applies_nothing_and_takes_no_count() -> None:
    host = Host()

    await host.take(signed(), dry_run=True)
    await host.take(signed())

    assert (host.looked, len(host.applied)) == (2, 1)


@pytest.mark.parametrize(
    ("bundle", "problem"),
    [
        (signed(said(hosts=("web-3",))), "is signed for 'web-3', and this is 'web-1'"),
        (signed(said(hosts=())), "for 'nobody'"),
        (signed(said(issued_at=NOW + SLACK + 5)), "signed 35s from now"),
        (signed(said(issued_at=NOW - 99, expires_at=NOW - SLACK - 1)), "expired 31s ago"),
        (signed(said(expires_at=NOW + LONGEST + 1)), "longer than 30d"),
        (signed(said(expires_at=float("nan"))), "expired nans ago"),
        (signed(said(issued_at=float("nan"))), "signed nans from now"),
        (signed(key_id="nobody"), "not trusted"),
        (signed(key_id="other"), "is wrong"),
        (signed(private=b"x" * 32), "is wrong"),
        (signed(said(apply={"access": {"spec": {}}})), "'access' cannot come signed"),
        (signed(said(apply={"dry_run": False})), "'dry_run' cannot come signed"),
        (signed(said(counter=0)), "no statement"),
        (signed(said(counter=2**53)), "no statement"),
        (signed(b"{}"), "no statement"),
        (signed(b"[" * 100_000), "no JSON"),
        (signed(b'{"version":1'), "no JSON"),
        (None, "signed once"),
        ({"services": [WEB]}, "signed once"),
    ],
)
async def test_whatever_is_wrong_is_refused_and_nothing_is_applied(
    bundle: object, problem: str
) -> None:
    host = Host()

    with pytest.raises(SvcctlError) as refused:
        await host.take(bundle)

    assert problem in refused.value.problem
    assert (host.looked, host.applied) == (0, [])
    await host.take(signed())


async def test_what_was_changed_after_it_was_signed_is_refused() -> None:
    host, bundle = Host(), signed()
    payload = b64decode(bundle["payload"]).replace(b"/srv/web", b"/bin/shx")

    with pytest.raises(Denied, match="is wrong"):
        await host.take({**bundle, "payload": b64encode(payload).decode()})
    assert host.applied == []


async def test_what_was_applied_is_refused_from_then_on_and_so_is_what_is_older() -> None:
    host = Host()
    await host.take(signed())
    host.begin()

    with pytest.raises(Conflict, match="applied before"):
        await host.take(signed())
    with pytest.raises(Conflict, match="is number 6, and 7"):
        await host.take(signed(said(counter=6)))
    await host.take(signed(said(counter=8)))

    assert len(host.applied) == 2


async def test_each_key_counts_for_itself_whatever_it_is_called() -> None:
    host = Host()
    await host.take(signed())
    assert host.trusted is not None
    host.trusted = replace(
        host.trusted, keys={**host.trusted.keys, "again": host.trusted.keys["release"]}
    )

    with pytest.raises(Conflict):
        await host.take(signed(key_id="again"))
    await host.take(signed(key_id="other", private=b"o" * 32))

    assert len(host.applied) == 2


async def test_of_two_at_once_one_is_applied() -> None:
    host = Host()

    async def other() -> object:
        return await host.take(signed())

    host.meanwhile = other
    with pytest.raises(Conflict, match="applied before"):
        await host.take(signed())

    assert len(host.applied) == 1


async def test_what_cannot_be_applied_takes_no_count() -> None:
    host = Host()

    with pytest.raises(UsageError, match="not a list"):
        await host.take(signed(said(apply={"services": ["wrong"]})))
    await host.take(signed())

    assert len(host.applied) == 1


async def test_where_it_is_not_turned_on_nothing_is_taken() -> None:
    host = Host()
    host.trusted = None

    with pytest.raises(Denied, match="not taken here") as refused:
        await host.take(signed())

    assert "signed_specs = true" in refused.value.hint


def test_what_is_stated_is_read_as_it_was_written() -> None:
    assert statement(said().payload()) == said()


# who may


def far(*roles: str) -> Identity:
    return Identity(actor="token:ci", way=Way.HTTP, proof=Proof.TOKEN, roles=roles)


def insist(identity: Identity, bundle: object) -> None:
    specs = {"web": ServiceSpec(name="web", exec=("a",))}
    access = Access(store=FakeStore(), specs=lambda: specs, owners={"uid:0"})
    verb = find("apply-signed")
    assert verb is not None
    access.insist(identity, verb, Selection(), {"bundle": bundle})


def test_a_signature_is_no_role_and_what_is_said_for_all_needs_an_admin() -> None:
    further = signed(said(apply={"services": [], "alerting": {"spec": {"channels": {}}}}))

    insist(far("deployer"), signed())
    insist(far("admin"), further)
    for who, bundle in (
        (far("operator"), signed()),
        (far(), signed()),
        (far("deployer"), further),
        (far("deployer"), signed(said(apply={"services": [WEB], "prune": True}))),
        (far("operator"), None),
    ):
        with pytest.raises(Denied):
            insist(who, bundle)


def test_nobody_applies_from_elsewhere_what_is_not_signed() -> None:
    access = Access(store=FakeStore(), specs=dict, owners={"uid:0"})
    verb = find("apply")
    assert verb is not None

    with pytest.raises(Denied, match="from elsewhere"):
        access.insist(far("admin"), verb, Selection(), {"services": [WEB]})


def test_the_audit_log_says_which_services_and_nothing_of_their_definitions() -> None:
    args = {"bundle": signed()}

    assert target(Selection(), args) == "web"
    assert '"services":{"web":""}' in shown_args(args)
    assert "/srv/web" not in shown_args(args)
    assert target(Selection(), {"bundle": "nonsense"}) == ""
    assert "nonsense" not in shown_args({"bundle": "nonsense"})
