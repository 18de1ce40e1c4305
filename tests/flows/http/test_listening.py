"""The port of the HTTP interface, before anybody speaks HTTP."""

from __future__ import annotations

import socket

from svcctl.server.http.serving import listening


def test_an_answer_in_two_parts_does_not_wait_until_the_first_is_acknowledged() -> None:
    with (
        listening("127.0.0.1", 0, safely=False) as listener,
        socket.create_connection(listener.getsockname()),
    ):
        accepted, _ = listener.accept()

        with accepted:
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
