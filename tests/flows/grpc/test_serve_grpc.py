"""``svcctl serve grpc`` as people start it: with real TLS, without rights, before a real agent."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import ssl
import sys
from pathlib import Path
from typing import Any

import grpc
import pytest

from svcctl.server.grpc.descriptors import classes
from svcctl.server.grpc.proto_text import description
from tests.flows.conftest import PATIENCE, Box, until
from tests.flows.fronting.conftest import FRONTS
from tests.flows.fronting.served import Served, served, token
from tests.flows.grpc.stand import named, request_of, showing

pytestmark = [pytest.mark.slow, pytest.mark.posix]

WEB = """
[services.web]
exec = ["/bin/sh", "-c", "echo begun; exec sleep 1000"]
"""
BOUND = """
[[access.bindings]]
who = ["spiffe://example.org/ci"]
roles = ["viewer"]
"""


def _rpc(channel: grpc.Channel, name: str, shown: Any = None, **fields: Any) -> Any:
    """Call an RPC; give its reply, or what gives its replies."""
    call = named(name)
    reply: Any = classes().of[call.reply.name]
    make = channel.unary_stream if call.streams else channel.unary_unary
    rpc: Any = make(call.path, response_deserializer=reply.FromString)
    raw = request_of(call, **fields).SerializeToString()
    return rpc(raw, metadata=shown, timeout=PATIENCE)


def _code(channel: grpc.Channel, name: str, shown: Any = None) -> grpc.StatusCode:
    try:
        _rpc(channel, name, shown)
    except grpc.RpcError as error:
        code: grpc.StatusCode = error.code()
        return code
    return grpc.StatusCode.OK


def _address(front: Served) -> str:
    return front.url.partition("://")[2]


def test_who_shows_a_token_restarts_and_follows_until_it_is_revoked(site: Box) -> None:
    site.apply(WEB + FRONTS)
    issued = token(site)
    shown = showing(issued["token"])

    with served(site, way="grpc") as front, grpc.insecure_channel(_address(front)) as channel:
        restarted = _rpc(channel, "Restart", shown)
        following = _rpc(channel, "Logs", shown, follow=True)
        texts = next(iter(following)).lines
        site.ok("auth", "token", "revoke", issued["id"])
        with pytest.raises(grpc.RpcError) as ended:
            for _ in following:
                pass

        assert [(each.instance, each.ok) for each in restarted.outcomes] == [("web", True)]
        assert texts[0].text == "begun"
        assert ended.value.code() is grpc.StatusCode.UNAUTHENTICATED
        assert _code(channel, "Status", shown) is grpc.StatusCode.UNAUTHENTICATED
        assert front.end() == 0


def test_who_is_not_let_in_to_change_something_stands_in_the_audit_log(site: Box) -> None:
    site.apply(WEB + FRONTS)

    with served(site, way="grpc") as front, grpc.insecure_channel(_address(front)) as channel:
        code = _code(channel, "Stop", showing("x"))
        looked = _code(channel, "Status", showing("x"))

    assert (code, looked) == (grpc.StatusCode.UNAUTHENTICATED,) * 2
    rows = [row for row in site.ok("audit", "-o", "json").json() if row["way"] == "grpc"]
    assert [(row["actor"], row["verb"], row["outcome"]) for row in rows] == [
        ("unknown", "stop", "asked"),
        ("unknown", "stop", "SVC-1501"),
    ]
    assert rows[0]["source"] == "127.0.0.1"


def test_while_the_agent_is_gone_it_is_unavailable_and_then_it_is_back(site: Box) -> None:
    site.apply(WEB + FRONTS)
    shown = showing(token(site)["token"])

    with served(site, way="grpc") as front, grpc.insecure_channel(_address(front)) as channel:
        site.kill_agent()
        gone = _code(channel, "Status", shown)
        site.start_agent()

        assert gone is grpc.StatusCode.UNAVAILABLE
        until(lambda: _code(channel, "Status", shown) is grpc.StatusCode.OK, what="it is back")


@pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, whose /proc is read")
def test_it_serves_without_rights_in_each_of_its_threads(site: Box) -> None:
    with served(site, way="grpc") as front:
        for each in Path(f"/proc/{front.process.pid}/task").iterdir():
            said = (each / "status").read_text()
            assert "\nCapEff:\t0000000000000000\n" in said
            assert "\nNoNewPrivs:\t1\n" in said
            if os.geteuid() == 0:
                assert "\nUid:\t65534\t65534\t65534\t65534\n" in said


def _certificates(site: Box) -> Path:
    site.ok("cert", "init", "--domain", "example.org")
    site.ok("cert", "issue", "host/web", "--host", "localhost")
    site.ok("cert", "issue", "ci")
    return site.home / "state" / "certificates"


def _tls(folder: Path) -> tuple[str, ...]:
    issued = folder / "issued"
    return (
        *("--cert", str(issued / "host+web.pem"), "--key", str(issued / "host+web.key")),
        *("--client-ca", str(folder / "trust.pem"), "--domain", "example.org"),
    )


def _trusted(folder: Path) -> bytes:
    return (folder / "trust.pem").read_bytes()


def _as_ci(folder: Path) -> grpc.ChannelCredentials:
    issued = folder / "issued"
    key, certificate = (issued / "ci.key").read_bytes(), (issued / "ci.pem").read_bytes()
    return grpc.ssl_channel_credentials(_trusted(folder), key, certificate)


def test_a_certificate_shows_who_asks_until_it_is_revoked(site: Box) -> None:
    folder = _certificates(site)
    site.apply(WEB + FRONTS + BOUND)

    with served(site, *_tls(folder), way="grpc") as front:
        address = _address(front).replace("127.0.0.1", "localhost")
        stranger = grpc.ssl_channel_credentials(_trusted(folder))
        with grpc.secure_channel(address, _as_ci(folder)) as ci:
            assert _code(ci, "Status") is grpc.StatusCode.OK
            assert _code(ci, "Restart") is grpc.StatusCode.PERMISSION_DENIED
            site.ok("cert", "revoke", "ci")
            assert _code(ci, "Status") is grpc.StatusCode.UNAUTHENTICATED
        with grpc.secure_channel(address, stranger) as nobody:
            assert _code(nobody, "Status") is grpc.StatusCode.UNAVAILABLE
        assert _version(front, folder, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
        assert _version(front, folder, ssl.TLSVersion.TLSv1_2) == ""


def _version(front: Served, folder: Path, most: ssl.TLSVersion) -> str:
    """Give which TLS is agreed upon with who knows *most*; empty where none is."""
    context = ssl.create_default_context(cafile=str(folder / "trust.pem"))
    context.maximum_version = most
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(folder / "issued" / "ci.pem", folder / "issued" / "ci.key")
    try:
        with _connected(front, context) as shaken:
            return shaken.version() or ""
    except (ssl.SSLError, ConnectionError):
        return ""


def _connected(front: Served, context: ssl.SSLContext) -> ssl.SSLSocket:
    host, _, port = _address(front).rpartition(":")
    plain = socket.create_connection((host, int(port)), timeout=PATIENCE)
    try:
        return context.wrap_socket(plain, server_hostname="localhost")
    except BaseException:
        plain.close()
        raise


def test_a_renewed_certificate_is_shown_to_who_comes_and_nobody_is_cut_off(site: Box) -> None:
    folder = _certificates(site)
    site.apply(WEB + FRONTS + BOUND)
    context = ssl.create_default_context(cafile=str(folder / "trust.pem"))
    context.set_alpn_protocols(["h2"])
    context.load_cert_chain(folder / "issued" / "ci.pem", folder / "issued" / "ci.key")

    def serial() -> object:
        with _connected(front, context) as shaken:
            return (shaken.getpeercert() or {})["serialNumber"]

    with served(site, *_tls(folder), way="grpc") as front:
        address = _address(front).replace("127.0.0.1", "localhost")
        with grpc.secure_channel(address, _as_ci(folder)) as ci:
            following = _rpc(ci, "WatchStatus")
            assert next(following).instances
            before = serial()
            site.ok("cert", "renew", "host/web")
            _for_who_serves(folder / "issued" / "host+web.key")
            os.kill(front.process.pid, signal.SIGHUP)

            until(lambda: serial() != before, what="the new certificate is shown")
            assert following.is_active()
            following.cancel()


def _for_who_serves(key: Path) -> None:
    """Have the account that serves be able to read *key*, as its folder lets it."""
    if os.geteuid() == 0:
        for each in (key.parent, key.parent.parent, key.parent.parent.parent):
            each.chmod(0o711)
        for file in (key, key.with_suffix(".pem"), key.parent.parent / "trust.pem"):
            shutil.chown(file, "nobody")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        (("--listen", "0.0.0.0:0"), "there is no TLS"),
        (("--listen", "127.0.0.1"), "is no address to listen at"),
        (("--listen", "127.0.0.1:0", "--cert", "KEY", "--key", "KEY"), "cannot be used"),
        (("--listen", "127.0.0.1:0", "--user", "no-such-account"), "no-such-account"),
    ],
    ids=["without TLS", "no port", "no certificate", "no account"],
)
def test_what_cannot_be_served_is_told_and_nothing_is_opened(
    box: Box, options: tuple[str, ...], word: str
) -> None:
    key = box.home / "key.pem"
    key.write_text("no key")
    given = [str(key) if each == "KEY" else each for each in options]

    ran = box.cli("serve", "grpc", *given, "--dry-run")

    assert ran.status != 0
    assert word in ran.err


def test_what_clients_are_generated_from_is_printed(box: Box) -> None:
    assert box.ok("serve", "grpc", "--proto").out == description()
