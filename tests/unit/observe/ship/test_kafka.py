"""What a producer says of each message is what becomes of each record."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from svcctl.errors import NotDelivered
from svcctl.observe.ship.documents import Sender
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.kafka import Kafka, settings_of
from svcctl.observe.ship.receiver import Refusal, Taken
from svcctl.record import Record
from tests.unit.observe.ship.dock import WEB


@dataclass(frozen=True)
class Failure:
    kind: str

    def name(self) -> str:
        return self.kind

    def str(self) -> str:
        return self.kind.lower()


class KafkaException(Exception):
    """As confluent_kafka raises it: with a KafkaError."""


@dataclass
class Producer:
    """Answers by the text of a record: the name of a failure, or what is raised."""

    told: list[Callable[[], None]] = field(default_factory=list)
    purged: bool = False

    def produce(self, topic: str, **message: Any) -> None:
        text = message["headers"]["id"]
        if text == "queue full":
            raise BufferError(text)
        if text.startswith("at once "):
            raise KafkaException(Failure(text.removeprefix("at once ")))
        failure = None if text == "good" else Failure(text)
        if text != "silent":
            self.told.append(lambda: message["on_delivery"](failure, None))
        assert topic == "logs"
        assert message["key"] == b"web"

    def flush(self, timeout: float) -> int:
        del timeout
        for each in self.told:
            each()
        return 0

    def purge(self) -> None:
        self.purged = True


def deliver(*ids: str, producer: Producer | None = None) -> Taken:
    entries = [
        Entry(id=each, writer=WEB, at=1.0, record=Record(raw=b"a", at=1.0, message="a"))
        for each in ids
    ]
    return Kafka(producer or Producer(), topic="logs", sender=Sender(host="h")).deliver(entries)


def test_what_was_taken_is_taken() -> None:
    assert deliver("good", "good") == Taken()


@pytest.mark.parametrize("how", ["MSG_SIZE_TOO_LARGE", "at once MSG_SIZE_TOO_LARGE"])
def test_a_message_that_is_to_blame_is_refused_alone(how: str) -> None:
    reason = "MSG_SIZE_TOO_LARGE: msg_size_too_large"

    assert deliver("good", how, "good") == Taken(refused=(Refusal(number=1, reason=reason),))


def test_what_failed_otherwise_or_was_not_answered_is_sent_again() -> None:
    assert deliver("_TRANSPORT", "good", "silent") == Taken(
        again=(0, 2), problem="Kafka: _TRANSPORT: _transport"
    )


@pytest.mark.parametrize("how", ["queue full", "at once _UNKNOWN_TOPIC"])
def test_what_cannot_be_queued_now_is_worth_another_try(how: str) -> None:
    producer = Producer()

    with pytest.raises(NotDelivered) as caught:
        deliver("good", how, producer=producer)

    assert caught.value.again
    assert producer.purged


@pytest.mark.parametrize(
    ("login", "tls", "protocol"),
    [
        (None, {}, "plaintext"),
        (None, {"ca": "/ca"}, "ssl"),
        (("u", "p"), {}, "sasl_plaintext"),
        (("u", "p"), {"ca": "/ca"}, "sasl_ssl"),
    ],
)
def test_a_login_and_tls_are_what_was_asked_for(
    login: tuple[str, str] | None, tls: dict[str, str], protocol: str
) -> None:
    found = settings_of(("a:1", "b:2"), compress=True, login=login, tls=tls)

    assert found["bootstrap.servers"] == "a:1,b:2"
    assert found["acks"] == "all"
    assert found["security.protocol"] == protocol
