"""A small authority, and what real TLS makes of its certificates."""

from __future__ import annotations

import asyncio
import os
import ssl
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from svcctl.auth.authority import LASTS, LONGEST, Authority
from svcctl.auth.certificates import new_authority, new_certificate
from svcctl.auth.contexts import Material, ServerContexts, client_context, server_context
from svcctl.auth.identity import Identity, Way
from svcctl.auth.spiffe import identity_of, is_spiffe_id, spiffe_id
from svcctl.errors import Conflict, Denied, StateFault, UsageError
from svcctl.system import whole_file

DAY = 86_400.0


class Folder:
    """A folder on a disk."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self, name: str) -> bytes | None:
        return whole_file.read(self.path(name))

    def write(self, name: str, content: bytes, *, private: bool) -> None:
        whole_file.write(self.path(name), content, mode=0o600 if private else 0o644)

    def path(self, name: str) -> str:
        return str(self._path / name)


class Place:
    """An authority whose time a test owns; it begins with the machine's."""

    def __init__(self, path: Path, *, now: float) -> None:
        self.now = now
        self.folder = Folder(path)
        self.authority = Authority(self.folder, now=lambda: self.now)

    def material(self, name: str) -> Material:
        place = self.authority.place(name)
        return Material(certificate=place["certificate"], key=place["key"], trust=place["trust"])

    def issue(self, name: str, *, lifetime: float = DAY) -> Material:
        self.authority.issue(name, names=("localhost", "127.0.0.1"), lifetime=lifetime)
        return self.material(name)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """An authority for example.org."""
    found = Place(tmp_path, now=time.time())
    found.authority.begin("example.org")
    return found


def parsed(material: Material) -> x509.Certificate:
    return x509.load_pem_x509_certificate(Path(material.certificate).read_bytes())


# what is made


def test_a_certificate_is_of_one_name_on_p256_for_servers_and_clients(place: Place) -> None:
    found = parsed(place.issue("host/web-1"))

    names = found.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert names.get_values_for_type(x509.UniformResourceIdentifier) == [
        "spiffe://example.org/host/web-1"
    ]
    assert names.get_values_for_type(x509.DNSName) == ["localhost"]
    key = found.public_key()
    assert isinstance(key, ec.EllipticCurvePublicKey)
    assert key.curve.name == "secp256r1"
    assert not found.extensions.get_extension_for_class(x509.BasicConstraints).value.ca


@pytest.mark.posix
def test_keys_are_for_their_owner_alone(place: Place, tmp_path: Path) -> None:
    place.issue("ci")

    modes = {
        os.path.relpath(each, tmp_path): os.stat(each).st_mode & 0o777
        for each in tmp_path.rglob("*")
        if each.is_file()
    }

    private = {name for name, mode in modes.items() if mode == 0o600}
    assert private == {"ledger.json", "authority-1.key", "issued/ci.key"}


def test_no_certificate_outlives_its_authority(place: Place) -> None:
    place.now += LASTS - DAY

    entry = place.authority.issue("ci", names=(), lifetime=10 * DAY)

    assert entry.expires_at <= place.now + DAY + 1


@pytest.mark.parametrize("lifetime", [0.0, -1.0, LONGEST + 1, float("nan")])
def test_a_certificate_lasts_a_year_at_most(lifetime: float, place: Place) -> None:
    with pytest.raises(UsageError, match="cannot last"):
        place.authority.issue("ci", names=(), lifetime=lifetime)


@pytest.mark.parametrize(
    "name", ["", "..", "a/../b", "a//b", "/a", "a b", "größe", "a\n", "x" * 3000]
)
def test_a_name_is_a_path_of_a_spiffe_id(name: str, place: Place) -> None:
    with pytest.raises(UsageError, match="cannot name"):
        place.authority.issue(name, names=(), lifetime=DAY)


def test_a_host_has_a_name_that_certificates_can_hold(place: Place) -> None:
    with pytest.raises(UsageError, match="no name of a host"):
        place.authority.issue("ci", names=("größe.example",), lifetime=DAY)


def test_a_second_authority_is_refused_and_none_is_told_of(place: Place, tmp_path: Path) -> None:
    with pytest.raises(Conflict, match="already"):
        place.authority.begin("example.org")
    with pytest.raises(Conflict, match="no authority yet"):
        Place(tmp_path / "other", now=place.now).authority.ledger()
    with pytest.raises(UsageError, match="no trust domain"):
        Place(tmp_path / "another", now=place.now).authority.begin("Bad Domain")


def test_what_was_issued_is_remembered_with_its_state(place: Place) -> None:
    place.issue("a")
    place.issue("b", lifetime=60)
    place.authority.renew("a")
    place.authority.revoke("b")
    place.now += 61

    ledger = place.authority.ledger()

    assert [(each.name, each.state(place.now)) for each in ledger.entries] == [
        ("a", "valid"),
        ("b", "revoked"),
        ("a", "valid"),
    ]
    place.now += 2 * DAY
    assert ledger.entries[0].state(place.now) == "expired"


def test_a_revocation_is_of_all_certificates_of_a_name_or_of_one(place: Place) -> None:
    place.issue("a")
    second = place.authority.renew("a")

    assert [each.serial for each in place.authority.revoke(second.serial)] == [second.serial]
    assert len(place.authority.revoke("a")) == 1
    with pytest.raises(UsageError, match="no certificate of 'a'"):
        place.authority.revoke("a")
    with pytest.raises(UsageError, match="no certificate of 'a'"):
        place.authority.renew("a")


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"version":1}', b'{"version":2}'])
def test_an_authority_that_cannot_be_read_is_told_of(content: bytes, place: Place) -> None:
    place.folder.write("ledger.json", content, private=True)

    with pytest.raises(StateFault):
        place.authority.ledger()


def test_a_lost_key_is_told_of(place: Place) -> None:
    os.unlink(place.folder.path("authority-1.key"))

    with pytest.raises(StateFault, match="authority 1 is gone"):
        place.issue("a")


def test_a_key_that_is_none_is_told_of(place: Place) -> None:
    place.folder.write("authority-1.key", b"none", private=True)

    with pytest.raises(StateFault, match="unreadable"):
        place.issue("a")


# names


@given(domain=st.text(max_size=20), path=st.text(max_size=20))
def test_a_spiffe_id_is_read_back_as_the_one_it_is(domain: str, path: str) -> None:
    try:
        found = spiffe_id(domain, path)
    except UsageError:
        return

    assert is_spiffe_id(found, domain)
    assert not is_spiffe_id(found, domain + "x")


@pytest.mark.parametrize(
    "text",
    [
        "spiffe://example.org",
        "spiffe://example.org/",
        "spiffe://example.org/a/",
        "spiffe://example.org/a?b",
        "spiffe://example.org/a#b",
        "spiffe://example.org:443/a",
        "spiffe://u@example.org/a",
        "spiffe://example.org/%61",
        "SPIFFE://example.org/a",
        "https://example.org/a",
        "spiffe://example.org.evil/a",
    ],
)
def test_what_only_looks_like_an_id_is_none(text: str) -> None:
    assert not is_spiffe_id(text, "example.org")


def look(der: bytes, *, now: float, domain: str = "example.org") -> Identity:
    return identity_of(der, domain=domain, way=Way.HTTP, source="192.0.2.7", now=now)


def der(material: Material) -> bytes:
    return parsed(material).public_bytes(serialization.Encoding.DER)


def test_a_certificate_says_who_and_never_what_they_may(place: Place) -> None:
    material = place.issue("ci/build")

    found = look(der(material), now=place.now)

    assert (found.actor, found.roles) == ("spiffe://example.org/ci/build", ())
    assert found.token_id == place.authority.ledger().entries[0].serial


def test_a_certificate_of_another_domain_or_of_yesterday_is_of_nobody(place: Place) -> None:
    material = place.issue("ci")

    with pytest.raises(Denied, match=r"of nobody in 'other\.org'"):
        look(der(material), now=place.now, domain="other.org")
    with pytest.raises(Denied, match="has expired"):
        look(der(material), now=place.now + 2 * DAY)
    with pytest.raises(Denied, match="does not say"):
        look(b"\x00", now=place.now)


def test_an_authority_itself_is_nobody(place: Place) -> None:
    authority = new_authority("example.org", number=1, lifetime=DAY, now=place.now)
    pem = x509.load_pem_x509_certificate(authority.certificate)

    with pytest.raises(Denied, match="does not say"):
        look(pem.public_bytes(serialization.Encoding.DER), now=place.now)


# TLS


class Listener:
    """A TLS server on this machine that says whom it talks with."""

    def __init__(self, contexts: ServerContexts) -> None:
        self.contexts = contexts
        self.port = 0

    @asynccontextmanager
    async def open(self) -> AsyncIterator[None]:
        server = await asyncio.start_server(self._met, "127.0.0.1", 0, ssl=self.contexts.listening)
        self.port = server.sockets[0].getsockname()[1]
        try:
            yield
        finally:
            server.close()

    async def _met(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        certificate = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
        who = look(certificate, now=time.time()).actor if certificate else "somebody"
        try:
            while await reader.readline():
                writer.write(f"{who}\n".encode())
                await writer.drain()
        finally:
            writer.close()


async def visit(
    port: int, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname="localhost"
    )


async def said(port: int, context: ssl.SSLContext) -> str:
    """Give what the server answers; empty where it does not speak with us."""
    try:
        reader, writer = await visit(port, context)
    except (ssl.SSLError, ConnectionError):
        return ""
    try:
        return await ask(reader, writer)
    finally:
        writer.close()


async def ask(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> str:
    try:
        writer.write(b"who\n")
        await writer.drain()
        return (await reader.readline()).decode().strip()
    except (ssl.SSLError, ConnectionError):
        return ""


def serial_shown(writer: asyncio.StreamWriter) -> str:
    shown = writer.get_extra_info("ssl_object").getpeercert(binary_form=True)
    return f"{x509.load_der_x509_certificate(shown).serial_number:x}"


async def test_who_shows_a_certificate_is_known_and_who_shows_none_is_not_heard(
    place: Place, tmp_path: Path
) -> None:
    server, client = place.issue("host/a"), place.issue("ci")
    other = Place(tmp_path / "other", now=place.now)
    other.authority.begin("example.org")
    foreign = other.issue("ci")
    nobody = ssl.create_default_context(cafile=server.trust)
    liar = client_context(client)
    liar.load_cert_chain(foreign.certificate, foreign.key)
    listener = Listener(ServerContexts(server))

    async with listener.open():
        assert await said(listener.port, client_context(client)) == "spiffe://example.org/ci"
        assert await said(listener.port, nobody) == ""
        assert await said(listener.port, liar) == ""
        assert await said(listener.port, client_context(foreign)) == ""


async def test_an_older_tls_is_refused(place: Place) -> None:
    server, client = place.issue("host/a"), place.issue("ci")
    older = client_context(client)
    older.minimum_version = older.maximum_version = ssl.TLSVersion.TLSv1_2
    listener = Listener(ServerContexts(server))

    async with listener.open():
        assert await said(listener.port, older) == ""


async def test_what_is_revoked_is_refused_after_a_reload_and_what_is_open_goes_on(
    place: Place,
) -> None:
    server, client = place.issue("host/a"), place.issue("ci")
    context = client_context(client)
    listener = Listener(ServerContexts(server))

    async with listener.open():
        reader, writer = await visit(listener.port, context)
        assert await ask(reader, writer) == "spiffe://example.org/ci"
        place.authority.revoke("ci")
        listener.contexts.reload(server)

        assert await said(listener.port, context) == ""
        assert await ask(reader, writer) == "spiffe://example.org/ci"
        writer.close()


async def test_a_renewed_certificate_is_shown_after_a_reload(place: Place) -> None:
    server, client = place.issue("host/a"), place.issue("ci")
    context = client_context(client)
    listener = Listener(ServerContexts(server))

    async with listener.open():
        _, before = await visit(listener.port, context)
        renewed = place.authority.renew("host/a")
        listener.contexts.reload(server)
        _, after = await visit(listener.port, context)

        assert serial_shown(before) != renewed.serial
        assert serial_shown(after) == renewed.serial
        before.close()
        after.close()


async def test_both_authorities_are_trusted_while_certificates_of_the_old_one_hold(
    place: Place,
) -> None:
    server, old = place.issue("host/a"), place.issue("old")
    listener = Listener(ServerContexts(server))
    place.authority.rotate()
    new = place.issue("new")
    place.issue("host/a")
    listener.contexts.reload(server)

    async with listener.open():
        assert await said(listener.port, client_context(old)) == "spiffe://example.org/old"
        assert await said(listener.port, client_context(new)) == "spiffe://example.org/new"
        place.authority.revoke("old")
        listener.contexts.reload(server)
        assert await said(listener.port, client_context(old)) == ""
        assert await said(listener.port, client_context(new)) == "spiffe://example.org/new"


def test_an_old_authority_is_trusted_no_more_once_its_certificates_have_ended(
    place: Place,
) -> None:
    place.issue("old", lifetime=60)
    place.authority.rotate()
    assert Path(place.material("old").trust).read_bytes().count(b"BEGIN CERTIFICATE") == 2

    place.now += 61
    place.authority.rotate()

    trusted = Path(place.material("old").trust).read_bytes()
    assert trusted.count(b"BEGIN CERTIFICATE") == 1


async def test_material_that_cannot_be_read_changes_nothing(place: Place, tmp_path: Path) -> None:
    server, client = place.issue("host/a"), place.issue("ci")
    listener = Listener(ServerContexts(server))
    bad = Material(certificate=server.certificate, key=client.key, trust=server.trust)
    gone = Material(certificate=server.certificate, key=server.key, trust="/nowhere")
    unlisted = tmp_path / "unlisted.pem"
    unlisted.write_bytes(Path(server.trust).read_bytes().partition(b"-----BEGIN X509 CRL")[0])
    endless = Material(certificate=server.certificate, key=server.key, trust=str(unlisted))
    said_of = ((bad, "cannot be used"), (gone, "nobody"), (endless, "were revoked"))

    for each, problem in said_of:
        with pytest.raises(StateFault, match=problem):
            listener.contexts.reload(each)

    async with listener.open():
        assert await said(listener.port, client_context(client)) == "spiffe://example.org/ci"


def test_a_certificate_that_may_not_sign_signs_none(place: Place) -> None:
    """What a client makes of its own certificate is of nobody."""
    material = place.issue("ci")
    pair = new_authority("example.org", number=1, lifetime=DAY, now=place.now)
    fake = type(pair)(
        key=Path(material.key).read_bytes(), certificate=Path(material.certificate).read_bytes()
    )
    forged = new_certificate(
        fake, "spiffe://example.org/admin", names=(), lifetime=60, now=place.now
    )
    place.folder.write("forged.pem", forged.certificate + fake.certificate, private=False)
    place.folder.write("forged.key", forged.key, private=True)
    server = place.issue("host/a")

    async def attempt() -> str:
        listener = Listener(ServerContexts(server))
        context = client_context(material)
        context.load_cert_chain(place.folder.path("forged.pem"), place.folder.path("forged.key"))
        async with listener.open():
            return await said(listener.port, context)

    assert asyncio.run(attempt()) == ""


def test_a_server_context_lets_nobody_in_without_a_certificate(place: Place) -> None:
    context = server_context(place.issue("host/a"))

    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version is ssl.TLSVersion.TLSv1_3
    assert context.verify_flags & ssl.VERIFY_CRL_CHECK_LEAF
    assert context.num_tickets == 0


async def test_where_a_certificate_is_optional_who_has_none_is_let_in_and_a_revoked_one_not(
    place: Place,
) -> None:
    server, client = place.issue("host/a"), place.issue("ci")
    optional = replace(server, optional=True)
    anybody = ssl.create_default_context(cafile=server.trust)
    listener = Listener(ServerContexts(optional))

    async with listener.open():
        assert await said(listener.port, client_context(client)) == "spiffe://example.org/ci"
        assert await said(listener.port, anybody) == "somebody"

        place.authority.revoke("ci")
        listener.contexts.reload(optional)
        assert await said(listener.port, client_context(client)) == ""


async def test_who_trusts_nobody_asks_for_no_certificate(place: Place) -> None:
    server = place.issue("host/a")
    listener = Listener(ServerContexts(replace(server, trust="")))

    async with listener.open():
        anybody = ssl.create_default_context(cafile=server.trust)
        assert await said(listener.port, anybody) == "somebody"
