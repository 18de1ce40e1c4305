"""Every RPC of every service, by everything that does not suffice: refused, and not done.

They are read from the descriptors of what is served, and what is sent lacks nothing but a proof:
the same requests are carried out for who has the role.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import grpc
import pytest
from cryptography.x509.oid import ExtendedKeyUsageOID
from grpc_health.v1 import health_pb2
from grpc_reflection.v1alpha import reflection_pb2

from svcctl.app.verb import Role, Verb
from svcctl.app.verbs import VERBS, find
from svcctl.ports import Document
from svcctl.server.grpc.descriptors import classes
from svcctl.server.grpc.health import OPEN
from svcctl.server.grpc.interface import WATCH_STATUS, calls
from svcctl.server.grpc.reflection import NAMES
from tests.flows.attack.forging import TRIED_EVERYWHERE
from tests.flows.attack.realm import DOMAIN, Realm
from tests.flows.grpc.stand import Metadata, Stand, failure, named, request_of, showing, told

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("patience")]

UNKNOWN, DENIED = grpc.StatusCode.UNAUTHENTICATED, grpc.StatusCode.PERMISSION_DENIED
CONTROL, HEALTH = "svcctl.v1.Control", "grpc.health.v1.Health"
NOT_SERVED = {f"/{HEALTH}/List"}
"""What a later description of health has, and nobody here answers."""
CI = f"spiffe://{DOMAIN}/ci"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rpc:
    """One RPC with a request; *verb* is None where no role is asked for."""

    path: str
    raw: bytes
    verb: Verb | None
    ends: bool = True


def rpcs(service: str = "web") -> list[Rpc]:
    """Give every RPC that descriptors name, about *service* where it is about any.

    Those without an end stand last: what they look at may still come when they are hung up on.
    """
    found = [*_of_control(service), *_of_health(service), *_of_reflection()]
    return sorted(found, key=lambda rpc: not rpc.ends)


def _of_control(service: str) -> list[Rpc]:
    found = []
    for method in classes().pool.FindServiceByName(CONTROL).methods:
        call = named(method.name)
        request = request_of(call)
        if "selection" in request.DESCRIPTOR.fields_by_name:
            request.selection.names[:] = [service]
        if "service" in request.DESCRIPTOR.fields_by_name:
            request.service = service
        raw = request.SerializeToString()
        ends = call.name != WATCH_STATUS
        found.append(Rpc(path=call.path, raw=raw, verb=find(call.verb), ends=ends))
    return found


def _of_health(service: str) -> list[Rpc]:
    raw = health_pb2.HealthCheckRequest(service=service).SerializeToString()
    methods = health_pb2.DESCRIPTOR.services_by_name["Health"].methods
    paths = {f"/{HEALTH}/{each.name}" for each in methods} - NOT_SERVED
    status = find("status")
    return [
        Rpc(path=path, raw=raw, verb=status, ends=not path.endswith("Watch"))
        for path in sorted(paths)
    ]


def _of_reflection() -> list[Rpc]:
    raw = reflection_pb2.ServerReflectionRequest(list_services="").SerializeToString()
    methods = reflection_pb2.DESCRIPTOR.services_by_name["ServerReflection"].methods
    return [
        Rpc(path=f"/{name}/{each.name}", raw=raw, verb=None) for name in NAMES for each in methods
    ]


async def asked(channel: grpc.aio.Channel, rpc: Rpc, metadata: Metadata | None) -> bytes:
    """Give the first reply; raises what the RPC fails with."""
    begin: Any = channel.unary_stream(rpc.path)
    call = begin(rpc.raw, metadata=metadata)
    try:
        reply = await call.read()
        if rpc.ends and reply is not grpc.aio.EOF:
            while await call.read() is not grpc.aio.EOF:
                pass
        return b"" if reply is grpc.aio.EOF else reply
    finally:
        call.cancel()


async def refused(
    channel: grpc.aio.Channel,
    tried: list[Rpc],
    metadata: Metadata | None,
    wanted: grpc.StatusCode,
) -> None:
    """Insist that all of *tried* is."""
    for rpc in tried:
        error = await failure(asked(channel, rpc, metadata))
        assert (rpc.path, error.code()) == (rpc.path, wanted)


def insist_on_deed(stand: Stand, rpc: Rpc) -> None:
    """Insist that its verb was carried out, and nothing else."""
    if rpc.ends:
        assert stand.came == ([rpc.verb.name] if rpc.verb else [])
    else:
        assert "status" in stand.came
        assert set(stand.came) == {"events", "status"}


def test_every_rpc_is_in_the_matrix(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        shown = showing(stand.token())
        tried = {each.path for each in rpcs()}
        reply = await asked(channel, _of_reflection()[0], shown)
        answer = reflection_pb2.ServerReflectionResponse.FromString(reply)
        services = {each.name for each in answer.list_services_response.service}

        assert services | set(NAMES) == {path.split("/")[1] for path in tried}
        assert {each.path for each in calls()} < tried
        assert {each.verb for each in rpcs()} - {None} == {
            verb for verb in VERBS if not verb.local_only
        }
        assert len(tried) == len(calls()) + 2 + len(NAMES)
        for path in NOT_SERVED:
            error = await failure(asked(channel, Rpc(path=path, raw=b"", verb=None), shown))
            assert error.code() is grpc.StatusCode.UNIMPLEMENTED

    told(stand, story)


def test_strangers_are_told_that_this_process_answers_and_no_more(stand: Stand) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        for name in OPEN:
            check, _ = _of_health(name)
            reply = health_pb2.HealthCheckResponse.FromString(await asked(channel, check, None))
            assert reply.status == health_pb2.HealthCheckResponse.SERVING
        assert stand.came == []

    told(stand, story)


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        (("authorization", ""),),
        (("authorization", "Basic YW5uOmFubg=="),),
        (("authorization", "Bearer"),),
        (("authorization", "Bearer a.b.c"), ("authorization", "Bearer a.b.c")),
        (("x-forwarded-for", "127.0.0.1"), ("cookie", "svcctl=AAAA")),
    ],
    ids=["nothing", "an empty one", "a password", "no token", "two tokens", "other metadata"],
)
def test_no_rpc_does_without_a_proof(stand: Stand, metadata: Metadata | None) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        await refused(channel, rpcs(), metadata, UNKNOWN)
        assert (stand.came, stand.rows) == ([], [])

    told(stand, story)


@pytest.mark.parametrize("what", TRIED_EVERYWHERE)
def test_no_rpc_takes_a_token_that_does_not_hold(stand: Stand, what: str) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        await refused(channel, rpcs(), showing(TRIED_EVERYWHERE[what](stand)), UNKNOWN)
        assert (stand.came, stand.rows) == ([], [])

    told(stand, story)


@pytest.mark.parametrize("role", ["", *Role])
def test_a_role_may_what_the_table_says(stand: Stand, role: str) -> None:
    """So it is known too that what is refused above is refused for its proof alone."""
    order = ["", *(str(each) for each in Role)]

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        shown = showing(stand.token("ci", role=role))
        for known, absent in zip(rpcs(), rpcs("absent"), strict=True):
            if known.verb is None or order.index(known.verb.role) <= order.index(role):
                await asked(channel, known, shown)
                insist_on_deed(stand, known)
            else:
                errors = [await failure(asked(channel, each, shown)) for each in (known, absent)]
                assert {(known.path, each.code()) for each in errors} == {(known.path, DENIED)}
                words = {str(each.details()).replace("absent", "web") for each in errors}
                assert len(words) == 1
                assert stand.came == []
                assert {(row.actor, row.way, row.source) for row in stand.rows} == {
                    ("token:ci", "grpc", "127.0.0.1")
                }
                verb = known.verb.name if known.ends else "events"  # what is watched
                outcomes = [(verb, "asked"), (verb, "SVC-1500")]
                assert [(row.verb, row.outcome) for row in stand.rows] == outcomes * 2
            stand.came.clear()
            stand.rows.clear()

    told(stand, story)


# certificates


@pytest.fixture
def realm(tmp_path: Path) -> Realm:
    return Realm(tmp_path / "realm")


@pytest.fixture
def certified(stand: Stand) -> Stand:
    """A server with TLS that asks for certificates, and takes that of ci for an operator's."""
    stand.domain = DOMAIN
    stand.access.keep(
        cast("Document", {"spec": {"bindings": [{"who": [CI], "roles": ["operator"]}]}})
    )
    return stand


Shown = Callable[[Realm], Path | None]
Certified = Callable[[Stand, grpc.aio.Channel], Any]


def _by(stand: Stand, realm: Realm, shown: Path | None, story: Certified) -> None:
    """Have *story* happen over a channel whose client shows the certificate in that file."""
    stand.material = realm.material("host/web-1")

    async def over_tls(stand: Stand, channel: grpc.aio.Channel) -> None:
        del channel
        content = shown.read_bytes() if shown else None
        trusted = Path(realm.authority.place("any")["trust"]).read_bytes()
        credentials = grpc.ssl_channel_credentials(trusted, content, content)
        async with grpc.aio.secure_channel(f"127.0.0.1:{stand.port}", credentials) as own:
            await story(stand, own)

    told(stand, over_tls)


def _issued(realm: Realm, name: str) -> Path:
    """Give a good certificate of *name* and its key, in one file."""
    material = realm.material(name)
    both = Path(material.certificate).with_suffix(".both")
    both.write_bytes(Path(material.key).read_bytes() + Path(material.certificate).read_bytes())
    return both


def test_a_certificate_may_what_it_is_bound_to(certified: Stand, realm: Realm) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        for rpc in rpcs():
            if rpc.verb is None or rpc.verb.role in {Role.VIEWER, Role.OPERATOR}:
                await asked(channel, rpc, None)
                insist_on_deed(stand, rpc)
            else:
                await refused(channel, [rpc], None, DENIED)
                assert stand.came == []
            stand.came.clear()
        assert {row.actor for row in stand.rows} == {CI}

    _by(certified, realm, _issued(realm, "ci"), story)


def test_no_rpc_is_for_a_certificate_that_is_bound_to_nothing(
    certified: Stand, realm: Realm
) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        await refused(channel, [each for each in rpcs() if each.verb], None, DENIED)
        assert stand.came == []
        assert {row.outcome for row in stand.rows} == {"asked", "SVC-1500"}

    _by(certified, realm, _issued(realm, "stranger"), story)


def _of_another_domain(realm: Realm) -> Path:
    return realm.forge("spiffe://evil.org/ci")


def _of_two(realm: Realm) -> Path:
    return realm.forge(CI, f"spiffe://{DOMAIN}/admin")


def _of_nobody(realm: Realm) -> Path:
    return realm.forge()


def _on_the_list(realm: Realm) -> Path:
    shown = _issued(realm, "gone")
    realm.authority.revoke("gone")
    return shown


@pytest.mark.parametrize("bad", [_of_another_domain, _of_two, _of_nobody, _on_the_list])
def test_no_rpc_takes_a_certificate_that_is_of_nobody_here(
    certified: Stand, realm: Realm, bad: Shown
) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        await refused(channel, rpcs(), None, UNKNOWN)
        assert (stand.came, stand.rows) == ([], [])

    _by(certified, realm, bad(realm), story)


def test_no_rpc_takes_a_certificate_that_was_revoked_after_it_was_shown(
    certified: Stand, realm: Realm
) -> None:
    shown = _issued(realm, "ci")

    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        await asked(channel, rpcs()[0], None)
        (serial,) = (each.serial for each in realm.authority.ledger().entries if each.name == "ci")
        stand.came.clear()
        stand.rows.clear()
        stand.revocations.revoke(serial, until=None, now=stand.clock.now())

        await refused(channel, rpcs(), None, UNKNOWN)
        assert (stand.came, stand.rows) == ([], [])

    _by(certified, realm, shown, story)


def _none(realm: Realm) -> None:
    del realm


def _expired(realm: Realm) -> Path:
    return realm.forge(CI, begins=-2.0, ends=-1.0)


def _not_yet_valid(realm: Realm) -> Path:
    return realm.forge(CI, begins=1.0, ends=2.0)


def _of_a_server(realm: Realm) -> Path:
    return realm.forge(CI, usage=ExtendedKeyUsageOID.SERVER_AUTH)


def _signed_by_itself(realm: Realm) -> Path:
    return realm.forge(CI, by_itself=True)


def _of_another_authority(realm: Realm) -> Path:
    return _issued(Realm(Path(realm.authority.place("any")["trust"]).parent / "other"), "ci")


@pytest.mark.parametrize(
    "bad",
    [_none, _expired, _not_yet_valid, _of_a_server, _signed_by_itself, _of_another_authority],
)
def test_tls_does_not_even_answer(certified: Stand, realm: Realm, bad: Shown) -> None:
    async def story(stand: Stand, channel: grpc.aio.Channel) -> None:
        check, _ = _of_health("")
        await refused(channel, [check], None, grpc.StatusCode.UNAVAILABLE)
        assert (stand.came, stand.rows) == ([], [])

    _by(certified, realm, bad(realm), story)
