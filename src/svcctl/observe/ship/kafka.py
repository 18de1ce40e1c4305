"""Sends to Apache Kafka, and what speaks its protocol, by librdkafka (an extra)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, Protocol

from svcctl.errors import NotDelivered
from svcctl.observe.ship.documents import Sender, document, encoded, nanoseconds_of
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.receiver import Refusal, Taken

_PATIENCE = 30.0  # seconds for a batch
_TO_BLAME = frozenset(("MSG_SIZE_TOO_LARGE", "INVALID_MSG", "INVALID_RECORD", "INVALID_MSG_SIZE"))


class Failure(Protocol):
    """Why a message was not taken, as librdkafka says it."""

    def name(self) -> str:
        """Give its name."""

    def str(self) -> str:
        """Give it in words."""


class Producer(Protocol):
    """What is used of confluent_kafka.Producer."""

    def produce(self, topic: str, **message: Any) -> None:  # noqa: ANN401 - its own words
        """Queue a message."""

    def flush(self, timeout: float) -> int:
        """Wait for all that was queued; give how much is not answered yet."""

    def purge(self) -> None:
        """Forget what is queued."""


class Kafka:
    """A :class:`.receiver.Receiver`: messages keyed by instance, so that each keeps its order.

    A message counts as taken once all replicas in sync have it.  Its header ``id`` tells one that
    comes twice.
    """

    def __init__(self, producer: Producer, *, topic: str, sender: Sender) -> None:
        self._producer, self._topic, self._sender = producer, topic, sender

    def deliver(self, entries: Sequence[Entry]) -> Taken:
        """See :class:`.receiver.Receiver`."""
        answers: dict[int, Failure | None] = {}
        refused: list[Refusal] = []
        try:
            for number, each in enumerate(entries):
                if refusal := self._produce(number, each, answers):
                    refused.append(refusal)
        except NotDelivered:
            self._producer.purge()
            raise
        left = self._producer.flush(_PATIENCE)
        if left:
            self._producer.purge()
        failures = {number: each for number, each in answers.items() if each is not None}
        told = answers.keys() | {each.number for each in refused}
        unanswered = [number for number in range(len(entries)) if number not in told]
        return _taken(refused, failures, unanswered)

    def close(self) -> None:
        """Send what is queued."""
        self._producer.flush(0)

    def _produce(
        self, number: int, entry: Entry, answers: dict[int, Failure | None]
    ) -> Refusal | None:
        try:
            self._producer.produce(
                self._topic,
                value=encoded(document(entry, self._sender)),
                key=entry.writer.instance.encode(),
                headers={"id": entry.id},
                timestamp=nanoseconds_of(entry.record.at) // 1_000_000,
                on_delivery=partial(_note, answers, number),
            )
        except BufferError as error:
            raise NotDelivered("the queue to Kafka is full", again=True) from error
        except Exception as error:  # noqa: BLE001 - its class is in a module that may not be there
            return _refusal_of(number, error)
        return None


def settings_of(
    brokers: Sequence[str], *, compress: bool, login: tuple[str, str] | None, tls: Mapping[str, str]
) -> dict[str, Any]:
    """Give librdkafka's settings; *tls* are files: ``ca``, ``cert``, ``key``."""
    files = {"ca": "ssl.ca.location", "cert": "ssl.certificate.location", "key": "ssl.key.location"}
    secure = {files[name]: path for name, path in tls.items() if path}
    kind = ("sasl_" if login else "") + ("ssl" if secure else "plaintext")
    found: dict[str, Any] = {
        "bootstrap.servers": ",".join(brokers),
        "acks": "all",
        "message.timeout.ms": int(_PATIENCE * 1000),
        "compression.type": "gzip" if compress else "none",
        "max.in.flight.requests.per.connection": 1,  # what is tried again stays in its order
        "security.protocol": kind,
        **secure,
    }
    if login:
        user, password = login
        found |= {"sasl.mechanism": "PLAIN", "sasl.username": user, "sasl.password": password}
    return found


def _note(
    answers: dict[int, Failure | None], number: int, failure: Failure | None, _: object
) -> None:
    answers[number] = failure


def _refusal_of(number: int, error: Exception) -> Refusal:
    """Give the refusal of a message that was not even queued; raises NotDelivered for others."""
    failure: Any = error.args[0] if error.args else None
    name = failure.name() if hasattr(failure, "name") else ""
    if name in _TO_BLAME:
        return Refusal(number=number, reason=f"{name}: {failure.str()}")
    raise NotDelivered(f"Kafka: {name or type(error).__name__}", again=True) from error


def _taken(refused: list[Refusal], failures: Mapping[int, Failure], unanswered: list[int]) -> Taken:
    again = list(unanswered)
    problem = "Kafka does not answer" if unanswered else ""
    for number, each in failures.items():
        if each.name() in _TO_BLAME:
            refused.append(Refusal(number=number, reason=f"{each.name()}: {each.str()}"))
        else:
            again.append(number)
            problem = f"Kafka: {each.name()}: {each.str()}"
    return Taken(refused=tuple(refused), again=tuple(sorted(again)), problem=problem)
