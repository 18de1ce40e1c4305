"""``svcctl serve rabbitmq``: commands come over a queue, for hosts that nobody can connect to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svcctl.cli.serving_queue import queue_command

if TYPE_CHECKING:
    from svcctl.client.broker import Broker
    from svcctl.server.mq.transport import Connect


def _reach(url: str, *, ca: str | None, host: str, at_once: int) -> tuple[Broker, Connect]:
    from svcctl.client.amqp import parse_amqp  # noqa: PLC0415 - for serving only
    from svcctl.server.mq.rabbitmq import rabbitmq  # noqa: PLC0415 - as above

    broker = parse_amqp(url, ca=ca)
    return broker, rabbitmq(broker, host, at_once=at_once)


rabbitmq = queue_command(
    "rabbitmq",
    _reach,
    title="Serve the agent of this machine over RabbitMQ, until told to stop.",
    address="file with amqps://LOGIN:PASSWORD@HOST/VHOST in it, for its owner alone",
)
rabbitmq.examples = (
    "svcctl serve rabbitmq --url-file /etc/svcctl/broker --name web1",
    "svcctl serve rabbitmq --url-file broker --ca ca.pem --events",
    "svcctl serve rabbitmq --show-key",
)
