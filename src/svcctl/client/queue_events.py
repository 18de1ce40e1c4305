"""Hears over RabbitMQ what happens on hosts that publish their events."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from svcctl.app.envelope import insist_on_host
from svcctl.app.statements import decode_event, decode_statement
from svcctl.auth.sealing import Purpose
from svcctl.client.amqp import TOPICS, Broker, answering, connected, translated
from svcctl.client.host_keys import HostKeys
from svcctl.errors import NotDelivered, Unauthenticated, UsageError
from svcctl.ports import Document

log = logging.getLogger(__name__)

_AT_ONCE = 100  # events that a broker sends before the first of them is taken


@asynccontextmanager
async def queue_events(
    broker: Broker, *, host: str = "", hosts: HostKeys | None = None
) -> AsyncIterator[AsyncIterator[Document]]:
    """Give what happens on *host* (empty: on all) from now on, while the block lasts.

    What is not signed with the key that *hosts* has of its host is left out, and logged; without
    *hosts* all is given, whoever published it.
    An event has its ``host``, a ``number`` that grows by one, ``at``, ``kind``, ``service``,
    ``instance`` and ``fields``.  One may come twice, under the same number.  The iterator raises
    NotDelivered where the broker goes away: what happens until somebody listens again is missed
    here, and is found by the verb ``events`` with ``after``.
    """
    async with connected(broker, name="svcctl events") as connection:
        came: asyncio.Queue[Any] = asyncio.Queue()
        async with answering(broker):
            channel = await connection.channel()
            channel.close_callbacks.add(lambda *_: came.put_nowait(None))
            await channel.set_qos(prefetch_count=_AT_ONCE)
            topics = await channel.get_exchange(TOPICS, ensure=False)
            queue = await channel.declare_queue(exclusive=True, auto_delete=True)
            await queue.bind(
                topics, routing_key=f"event.{insist_on_host(host)}.#" if host else "event.#"
            )
            await queue.consume(came.put)
        yield _taken(broker, came, hosts)


async def _taken(
    broker: Broker, came: asyncio.Queue[Any], hosts: HostKeys | None
) -> AsyncIterator[Document]:
    while (message := await came.get()) is not None:
        with translated(broker):
            await message.ack()
        document = _document(message.body, hosts)
        if document is not None:
            yield document
    raise NotDelivered(f"{broker} hung up", again=True)


def _document(body: bytes, hosts: HostKeys | None) -> Document | None:
    """Read an event; others may publish here too, whatever they like."""
    try:
        statement = decode_statement(body, Purpose.EVENT)
        event = decode_event(statement.text)
        if hosts is not None:
            hosts.insist(statement, str(event["host"]))
    except UsageError:
        return None
    except Unauthenticated as error:
        log.warning("mq.not-proven", extra={"problem": error.problem})
        return None
    return event
