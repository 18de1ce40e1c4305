"""``svcctl serve redis``: commands come over a stream, for hosts that nobody can connect to."""

from __future__ import annotations

from typing import TYPE_CHECKING

from svcctl.cli.serving_queue import queue_command

if TYPE_CHECKING:
    from svcctl.client.broker import Broker
    from svcctl.server.mq.transport import Connect


def _reach(url: str, *, ca: str | None, host: str, at_once: int) -> tuple[Broker, Connect]:
    from svcctl.client.redis_streams import parse_redis  # noqa: PLC0415 - for serving only
    from svcctl.server.mq.redis_streams import redis_streams  # noqa: PLC0415 - as above

    broker = parse_redis(url, ca=ca)
    return broker, redis_streams(broker, host, at_once=at_once)


redis = queue_command(
    "redis",
    _reach,
    title="Serve the agent of this machine over Redis, until told to stop.",
    address="file with rediss://LOGIN:PASSWORD@HOST/0 in it, for its owner alone",
)
redis.examples = (
    "svcctl serve redis --url-file /etc/svcctl/broker --name web1",
    "svcctl serve redis --url-file broker --ca ca.pem --events",
    "svcctl serve redis --show-key",
)
