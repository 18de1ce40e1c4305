"""What a TCP connection has sent and its peer's machine not taken."""

from __future__ import annotations

import socket

import pytest

from svcctl.observe.ship.connection import Tcp
from svcctl.system.sent import unacknowledged

FAR_TOO_MUCH = bytes(64 << 20)


def test_what_nobody_reads_is_not_acknowledged() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        with socket.create_connection(listener.getsockname()) as sending:
            before = unacknowledged(sending)
            sending.setblocking(False)
            sending.send(FAR_TOO_MUCH)

            assert before == 0
            assert unacknowledged(sending)


def test_who_has_to_confirm_does_not_while_the_peer_takes_nothing() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        connection = Tcp(*listener.getsockname(), patience=0.05, unacknowledged=lambda _: 1)
        connection.send(b"a record\n")

        with pytest.raises(TimeoutError, match="takes nothing"):
            connection.confirm()
