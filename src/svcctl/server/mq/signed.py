"""Signs whatever a host says, over any transport: who asks knows then that it was this host."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from svcctl.app.statements import Statement
from svcctl.auth.sealing import Purpose, seal
from svcctl.auth.signing_keys import public_text
from svcctl.server.mq.transport import Connect, Delivery, Subject, Topic, Transport

_PURPOSES = {Topic.REPLY: Purpose.REPLY, Topic.EVENT: Purpose.EVENT}


def signed(connect: Connect, private: bytes) -> Connect:
    """Give *connect* with all that is published signed by a private key of 32 bytes.

    Raises NotAvailable without the extra ``auth``.
    """
    public = public_text(private)

    @asynccontextmanager
    async def session() -> AsyncIterator[Transport]:
        async with connect() as transport:
            yield _Signing(transport, private, public)

    return session


class _Signing:
    """Does what *transport* does, and signs what it publishes; see :class:`Transport`."""

    def __init__(self, transport: Transport, private: bytes, public: str) -> None:
        self._transport, self._private, self._public = transport, private, public

    @property
    def name(self) -> str:
        return self._transport.name

    def deliveries(self) -> AsyncIterator[Delivery]:
        return self._transport.deliveries()

    async def acknowledge(self, delivery: Delivery) -> None:
        await self._transport.acknowledge(delivery)

    async def reject(self, delivery: Delivery) -> None:
        await self._transport.reject(delivery)

    async def publish(self, subject: Subject, body: bytes, *, message_id: str) -> None:
        text, purpose = body.decode(), _PURPOSES[subject.topic]
        signature = seal(text, self._private, purpose=purpose)
        made = Statement(purpose=purpose, text=text, key=self._public, signature=signature)
        await self._transport.publish(subject, made.encode(), message_id=message_id)
