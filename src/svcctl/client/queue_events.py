"""Hears over a broker what happens on hosts that publish their events."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from svcctl.app.envelope import insist_on_host
from svcctl.app.statements import decode_event, decode_statement
from svcctl.auth.sealing import Purpose
from svcctl.client.broker import Broker
from svcctl.client.host_keys import HostKeys
from svcctl.errors import Unauthenticated, UsageError
from svcctl.ports import Document

log = logging.getLogger(__name__)


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
    async with broker.events(insist_on_host(host) if host else "") as bodies:
        yield _taken(bodies, hosts)


async def _taken(bodies: AsyncIterator[bytes], hosts: HostKeys | None) -> AsyncIterator[Document]:
    async for body in bodies:
        document = _document(body, hosts)
        if document is not None:
            yield document


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
