"""Where notices arrive: a webhook that takes or refuses them, and a mail server."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from bench.ports import free_port
from tests.flows.alert.standing import Asked, Reply, standing


@dataclass
class Sink:
    """A webhook at *url*; what it *took*, and how often it *refused* with *status*.

    Where it is *moody* it refuses every other notice.
    """

    url: str = ""
    status: int = 200
    moody: bool = False
    answer: object = field(default_factory=dict)
    refused: list[str] = field(default_factory=list)
    by_key: list[tuple[str, Asked]] = field(default_factory=list)

    @property
    def took(self) -> list[Any]:
        return [asked.body for _, asked in self.by_key]

    @property
    def paths(self) -> list[str]:
        return [asked.path for _, asked in self.by_key]

    @property
    def titles(self) -> list[str]:
        return [each["title"] for each in self.took]

    def statuses(self, alert: str) -> list[str]:
        """Give what it was told of *alert*, in order."""
        return [
            each["status"]
            for notice in self.took
            for each in notice["alerts"]
            if each["labels"]["alertname"] == alert
        ]


@pytest.fixture
def sink() -> Iterator[Sink]:
    made = Sink()

    def take(asked: Asked) -> Reply:
        key = asked.headers.get("idempotency-key", "")
        status = made.status
        if made.moody and len(made.refused) <= len(made.took):
            status = 503
        if status < 300:
            made.by_key.append((key, asked))
        else:
            made.refused.append(key)
        return Reply(status, made.answer)

    with standing(take) as made.url:
        yield made


@dataclass
class Mailbox:
    """A mail server on *port* of this machine, and the letters it took."""

    port: int = 0
    letters: list[str] = field(default_factory=list)


@pytest.fixture
def mailbox() -> Iterator[Mailbox]:
    from aiosmtpd.controller import Controller

    made = Mailbox()

    class Receiving:
        async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802 - its name
            made.letters.append(envelope.content.decode())
            return "250 taken"

    made.port = free_port()
    controller = Controller(Receiving(), hostname="127.0.0.1", port=made.port)
    controller.start()
    try:
        yield made
    finally:
        controller.stop()
