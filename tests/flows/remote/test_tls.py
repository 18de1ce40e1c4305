"""TLS that cannot be trusted ends before anything is sent, and is said in words."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.auth.certificates import new_authority, new_certificate, revocation_list
from svcctl.client.http import HttpClient
from svcctl.client.remote import Remote
from svcctl.errors import AgentUnreachable, StateFault, SvcctlError
from svcctl.wire import Request
from tests.flows.remote.conftest import Elsewhere

pytestmark = [pytest.mark.slow, pytest.mark.posix]

STATUS = Request(verb="agent-status")
DAY = 86_400.0


class Maker:
    """Makes the files of an authority in a folder, and of those it vouches for."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.now = time.time()
        self.authority = new_authority(
            "example.org", number=1, lifetime=99 * DAY, now=self.now - 9 * DAY
        )
        self.ca = self.file("ca.pem", self.authority.certificate)

    def file(self, name: str, content: bytes) -> str:
        path = self.folder / name
        path.write_bytes(content)
        return str(path)

    def pair(self, *names: str, begins: float = 0.0, lifetime: float = DAY) -> tuple[str, str]:
        """Give the files of a certificate and its key; *begins* is in seconds from now."""
        made = new_certificate(
            self.authority,
            "spiffe://example.org/host/there",
            names=names,
            lifetime=lifetime,
            now=self.now + begins,
        )
        count = len(list(self.folder.iterdir()))
        return self.file(f"{count}.pem", made.certificate), self.file(f"{count}.key", made.key)

    def revoking(self, certificate: str) -> str:
        """Give the file of the authority, and of what it revoked."""
        text = ssl._ssl._test_decode_cert(certificate)["serialNumber"]  # type: ignore[attr-defined]
        revoked = revocation_list(
            self.authority, {f"{int(text, 16):x}": self.now - 60.0}, now=self.now - 60.0
        )
        return self.file("trust.pem", self.authority.certificate + revoked)


@contextmanager
def serving(elsewhere: Elsewhere, certificate: str, key: str, *, ca: str = "") -> Iterator[Remote]:
    """Have the stand show *certificate*, and want one of *ca*; give its address."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    if ca:
        context.load_verify_locations(ca)
        context.verify_mode = ssl.CERT_REQUIRED
    elsewhere.stand.server_tls = context
    elsewhere.begin()
    try:
        yield Remote(name="there", url=f"https://127.0.0.1:{elsewhere.stand.port}")
    finally:
        elsewhere.end()


@pytest.fixture
def maker(tmp_path: Path) -> Maker:
    folder = tmp_path / "certificates"
    folder.mkdir()
    return Maker(folder)


def ask(elsewhere: Elsewhere, remote: Remote) -> object:
    return HttpClient(remote, token=elsewhere.stand.token, pause=lambda _: None).ask(STATUS)


def test_who_is_vouched_for_is_asked(closed: Elsewhere, maker: Maker) -> None:
    with serving(closed, *maker.pair("127.0.0.1")) as remote:
        assert ask(closed, replace(remote, ca=maker.ca))


@pytest.mark.parametrize(
    ("name", "begins", "words"),
    [
        ("127.0.0.1", -2 * DAY, ("has expired", "svcctl cert renew")),
        ("127.0.0.1", 2 * DAY, ("not yet valid", "the clocks of both")),
        ("127.0.0.2", 0.0, ("IP address mismatch", "for another address")),
        ("web-1", 0.0, ("IP address mismatch", "for another address")),
    ],
    ids=["expired", "too early", "another address", "another name"],
)
def test_a_certificate_that_cannot_be_trusted_is_said_to_be_so(
    name: str, begins: float, words: tuple[str, str], closed: Elsewhere, maker: Maker
) -> None:
    said, hint = words
    with (
        serving(closed, *maker.pair(name, begins=begins)) as remote,
        pytest.raises(AgentUnreachable, match=f"cannot be trusted: .*{said}") as caught,
    ):
        ask(closed, replace(remote, ca=maker.ca))

    assert hint in caught.value.hint
    assert closed.stand.came == []


def test_an_authority_that_nobody_knows_is_not_trusted(closed: Elsewhere, maker: Maker) -> None:
    with (
        serving(closed, *maker.pair("127.0.0.1")) as remote,
        pytest.raises(AgentUnreachable, match="cannot be trusted") as caught,
    ):
        ask(closed, remote)

    assert "give the file of --ca" in caught.value.hint


def test_a_name_that_does_not_stand_in_the_certificate_is_another(
    closed: Elsewhere, maker: Maker
) -> None:
    with serving(closed, *maker.pair("web-1")) as remote:
        named = replace(remote, url=remote.url.replace("127.0.0.1", "localhost"), ca=maker.ca)
        with pytest.raises(AgentUnreachable, match="Hostname mismatch") as caught:
            ask(closed, named)

    assert "use the name that stands in it" in caught.value.hint


def test_a_certificate_that_was_revoked_is_not_spoken_to(closed: Elsewhere, maker: Maker) -> None:
    certificate, key = maker.pair("127.0.0.1")

    with (
        serving(closed, certificate, key) as remote,
        pytest.raises(AgentUnreachable, match="revoked") as caught,
    ):
        ask(closed, replace(remote, ca=maker.revoking(certificate)))

    assert "do not speak to it" in caught.value.hint


def test_who_wants_a_certificate_says_so(closed: Elsewhere, maker: Maker) -> None:
    mine, key = maker.pair("me")
    with serving(closed, *maker.pair("127.0.0.1"), ca=maker.ca) as remote:
        known = replace(remote, ca=maker.ca)
        with pytest.raises(SvcctlError) as caught:
            ask(closed, known)

        assert ask(closed, replace(known, cert=mine, key=key))

    assert "give --cert and --key" in caught.value.hint


def test_plain_words_to_a_port_that_speaks_tls_are_explained(
    closed: Elsewhere, maker: Maker
) -> None:
    with serving(closed, *maker.pair("127.0.0.1")) as remote:
        plain = replace(remote, url=remote.url.replace("https", "http"))
        with pytest.raises(AgentUnreachable, match="went away") as caught:
            ask(closed, plain)

    assert "is it https://" in caught.value.hint


def test_tls_to_a_port_that_speaks_none_is_explained(elsewhere: Elsewhere) -> None:
    remote = replace(elsewhere.remote, url=elsewhere.remote.url.replace("http", "https"))

    with pytest.raises(AgentUnreachable) as caught:
        ask(elsewhere, remote)

    assert "'there' at 'https://127" in caught.value.problem
    assert caught.value.hint


def test_a_handshake_that_never_comes_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("svcctl.client.remote_wire.CONNECTING", 0.3)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        remote = Remote(name="there", url=f"https://127.0.0.1:{silent.getsockname()[1]}")

        with pytest.raises(AgentUnreachable, match="timed out"):
            HttpClient(remote, token=lambda: "").ask(STATUS)


@pytest.mark.parametrize("content", [None, b"", b"-----BEGIN CERTIFICATE-----\nxx\n"])
def test_files_that_are_none_are_named(content: bytes | None, maker: Maker) -> None:
    path = maker.folder / "mine.pem"
    if content is not None:
        path.write_bytes(content)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"https://127.0.0.1:{silent.getsockname()[1]}"
        remote = Remote(name="there", url=url, ca=str(path))

        with pytest.raises(StateFault, match=r"mine\.pem' cannot be used for 'there'"):
            HttpClient(remote, token=lambda: "").ask(STATUS)
