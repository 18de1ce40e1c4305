"""Who asks over a broker, whichever it is: what is sent again, and what is told at once."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

import pytest

from svcctl.app.envelope import Sealed
from svcctl.app.statements import Reply, State, Statement
from svcctl.auth.sealing import Purpose
from svcctl.client.broker import Arrivals, Line, nobody_takes
from svcctl.client.queue import open_queue
from svcctl.errors import NotAvailable, NotDelivered

GONE = NotDelivered("it hung up", again=True)


class MemoryBroker:
    """Notes what is sent; *hangs_up* so often instead of answering, and knows *hosts* alone."""

    kind = "memory"

    def __init__(self, *, hangs_up: int = 0, hosts: tuple[str, ...] = ("web1",)) -> None:
        self.hangs_up, self.hosts = hangs_up, hosts
        self.sent: list[Sealed] = []
        self.lines = 0

    def __str__(self) -> str:
        return "memory://"

    def load(self) -> None:
        """There is nothing to load."""

    @asynccontextmanager
    async def line(self, label: str) -> AsyncIterator[Line]:
        del label
        self.lines += 1
        yield MemoryLine(self)

    def events(self, host: str) -> AbstractAsyncContextManager[AsyncIterator[bytes]]:
        raise NotImplementedError


class MemoryLine:
    """See :class:`svcctl.client.broker.Line`."""

    def __init__(self, broker: MemoryBroker) -> None:
        self._broker, self._arrivals = broker, Arrivals[bytes]()

    def replies(self) -> AsyncIterator[bytes]:
        return aiter(self._arrivals)

    async def send(self, sealed: Sealed, *, to: str) -> None:
        if to not in self._broker.hosts:
            raise nobody_takes(self._broker, to)
        self._broker.sent.append(sealed)
        if len(self._broker.sent) <= self._broker.hangs_up:
            self._arrivals.end(GONE)
            return
        reply = Reply(id=sealed.command.id, host=to, digest=sealed.digest, at=0.0, state=State.DONE)
        await self._arrivals.take(Statement(purpose=Purpose.REPLY, text=reply.text()).encode())


def _asked(broker: MemoryBroker, host: str) -> Reply:
    async def ask() -> Reply:
        async with asyncio.timeout(60), open_queue(broker, token="t") as queue:
            return await queue.send_and_wait(queue.command(host, "status"))

    return asyncio.run(ask())


@pytest.mark.slow
def test_the_same_command_is_sent_again_over_the_next_connection() -> None:
    broker = MemoryBroker(hangs_up=2)

    reply = _asked(broker, "web1")

    assert reply.state is State.DONE
    assert broker.lines == 3
    assert [each.text for each in broker.sent] == [broker.sent[0].text] * 3


def test_a_host_that_nobody_knows_is_told_at_once_and_how_it_is_served() -> None:
    broker = MemoryBroker()

    with pytest.raises(NotDelivered, match="no host 'web2'") as caught:
        _asked(broker, "web2")

    assert not caught.value.again
    assert "svcctl serve memory" in caught.value.hint
    assert broker.lines == 1


def test_a_library_that_is_not_installed_is_told_and_not_waited_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(broker: MemoryBroker) -> None:
        del broker
        raise NotAvailable("it is not installed")

    monkeypatch.setattr(MemoryBroker, "load", load)

    with pytest.raises(NotAvailable, match="not installed"):
        _asked(MemoryBroker(), "web1")
