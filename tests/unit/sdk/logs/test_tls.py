"""Records go to the right receiver only, and nobody reads them on their way."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import SystemFault
from svcctl.observe.ship.connection import Tcp
from svcctl.observe.ship.tls import Tls
from svcctl.sdk.logs.logstash import JsonLines
from svcctl.sdk.logs.syslog import Header, Syslog, as_message

CERTIFICATE = Path(__file__).parents[2] / "engine" / "probes" / "self_signed.pem"
HEADER = Header(host="here", process="7", facility=16)
PATIENCE = 60.0  # seconds until a test is lost


class Receiver:
    """Takes connections one after the other, and keeps what comes of each until its end.

    *polite*: that the sender took leave, which all must.
    """

    def __init__(self) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(CERTIFICATE)
        self._bare = socket.create_server(("127.0.0.1", 0))
        self._context = context
        self.port = int(self._bare.getsockname()[1])
        self.heard: list[bytes] = []
        self.polite: list[bool] = []

    def take(self, enough: int = 1 << 16) -> None:
        """Take one connection, to its end, or until there is *enough*."""
        found, _ = self._bare.accept()
        found.settimeout(PATIENCE)
        with (
            closing(found),
            suppress(OSError),  # one that does not believe us
            self._context.wrap_socket(found, server_side=True) as peer,
        ):
            heard = b""
            while len(heard) < enough and (more := peer.recv(1 << 16)):
                heard += more
            self.heard.append(heard)
            self.polite.append(True)

    def close(self) -> None:
        self._bare.close()


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    with closing(Receiver()) as made:
        yield made


@pytest.fixture
def meanwhile(receiver: Receiver) -> Callable[..., None]:
    """Does something while the receiver takes a connection; comes back once it ended."""

    def play(act: Callable[[], None], *args: int) -> None:
        taking = threading.Thread(target=receiver.take, args=args)
        taking.start()
        act()
        taking.join(PATIENCE)
        assert not taking.is_alive()

    return play


def test_syslog_over_tls_counts_octets_and_takes_leave(
    place: Any, receiver: Receiver, meanwhile: Callable[..., None]
) -> None:
    place.log.info("mail.sent", to="ann")
    (record,) = place.sink.records
    layer = Tls("127.0.0.1", ca=str(CERTIFICATE))
    delivery = Syslog(Tcp("127.0.0.1", receiver.port, layer=layer), HEADER)

    def send() -> None:
        assert delivery.deliver([record]) == 0
        assert delivery.deliver([record]) == 0
        delivery.close()

    meanwhile(send)

    message = as_message(record, HEADER)
    assert receiver.heard == [(b"%d %b" % (len(message), message)) * 2]
    assert receiver.polite == [True]
    assert delivery.name == f"syslog tls 127.0.0.1:{receiver.port}"


@pytest.mark.parametrize(
    ("host", "ca"), [("127.0.0.1", ""), ("127.0.0.3", str(CERTIFICATE))], ids=["unknown", "other"]
)
def test_a_receiver_that_cannot_prove_who_it_is_gets_nothing(
    receiver: Receiver, meanwhile: Callable[..., None], host: str, ca: str
) -> None:
    delivery = JsonLines(Tcp("127.0.0.1", receiver.port, layer=Tls(host, ca=ca)))

    def send() -> None:
        with pytest.raises(OSError, match="certificate verify failed"):
            delivery.deliver([b"secret"])

    meanwhile(send)

    assert b"".join(receiver.heard) == b""


def test_a_receiver_that_left_is_noticed_before_anything_is_lost(
    receiver: Receiver, meanwhile: Callable[..., None]
) -> None:
    layer = Tls("127.0.0.1", ca=str(CERTIFICATE))
    delivery = JsonLines(Tcp("127.0.0.1", receiver.port, layer=layer))

    def send_more() -> None:
        delivery.deliver([b"second"])
        delivery.close()

    meanwhile(lambda: delivery.deliver([b"first"]), 5)
    meanwhile(send_more)

    assert receiver.heard == [b"first", b"second"]


@pytest.mark.parametrize("content", [None, b"", b"no certificate"], ids=["missing", "empty", "bad"])
def test_certificates_that_cannot_be_read_are_told_at_once(
    tmp_path: Path, content: bytes | None
) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_bytes(content)

    with pytest.raises(SystemFault) as raised:
        Tls("host", ca=str(path))

    assert f"the certificates in '{path}' cannot be read" in raised.value.problem
    assert "PEM" in raised.value.hint
