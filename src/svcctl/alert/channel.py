"""How people are told: what every channel is, and what its refusals mean."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from svcctl.alert.wording import Message


@dataclass(frozen=True, slots=True, kw_only=True)
class Rate:
    """How many messages a channel takes within so many seconds."""

    most: int
    within: float


ROBOTS = Rate(most=20, within=60.0)
"""What the robots of chats take."""

FEISHU_ROBOTS = Rate(most=100, within=60.0)
"""What those of Feishu and Lark take."""

MAIL_SERVERS = Rate(most=60, within=60.0)
"""What nobody takes for spam."""

MANY = Rate(most=600, within=60.0)
"""What programs take."""


class Channel(Protocol):
    """A way to people."""

    @property
    def rate(self) -> Rate:
        """How many messages it takes."""

    async def send(self, message: Message) -> None:
        """Deliver *message*: it is known to have arrived once this comes back.

        Raises :class:`svcctl.errors.NotDelivered`.  A cancellation leaves open whether it arrived.
        """
