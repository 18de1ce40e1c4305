"""Which broker an address is that of."""

from __future__ import annotations

from svcctl.client.amqp import parse_amqp
from svcctl.client.broker import Broker
from svcctl.client.redis_streams import SCHEMES, parse_redis


def parse_broker(url: str, *, ca: str | None = None) -> Broker:
    """Read the address of a broker, RabbitMQ or Redis; *ca* has whom to trust instead of all.

    See :func:`svcctl.client.amqp.parse_amqp` and :func:`svcctl.client.redis_streams.parse_redis`.
    Raises SpecError, also for a broker elsewhere without TLS; no error has the address in it.
    """
    scheme, _, _ = url.strip().partition("://")
    return parse_redis(url, ca=ca) if scheme in SCHEMES else parse_amqp(url, ca=ca)
