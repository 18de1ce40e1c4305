"""How a broker is reached that falls silent, or whose authority is not to be had for a while."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import replace
from pathlib import Path

import pytest

from svcctl.client.amqp import aio_pika, answering, parse_amqp
from svcctl.client.redis_streams import parse_redis
from svcctl.errors import NotDelivered
from tests.flows.mq.sites import Found
from tests.flows.mq.stand import told


def test_a_broker_that_falls_silent_is_given_up() -> None:
    broker = parse_amqp("amqp://me:hush@127.0.0.1:1234")

    async def story() -> None:
        with pytest.raises(NotDelivered, match="does not answer") as caught:
            async with answering(broker, within=0.0):
                await asyncio.Event().wait()
        assert caught.value.again

    told(story)


@pytest.mark.parametrize(
    "found",
    [parse_amqp("amqps://me:hush@127.0.0.1:1/"), parse_redis("rediss://me:hush@127.0.0.1:1/0")],
    ids=str,
)
def test_an_authority_that_cannot_be_read_is_looked_for_again(found: Found, tmp_path: Path) -> None:
    broker = replace(found, ca=str(tmp_path / "gone.pem"))

    async def story() -> None:
        with pytest.raises(NotDelivered, match="no file of certificates") as caught:
            async with broker.line("label"):
                pass
        assert caught.value.again

    told(story)


def test_what_its_library_logs_is_printed_by_nobody() -> None:
    aio_pika()

    assert logging.getLogger("aiormq").handlers
