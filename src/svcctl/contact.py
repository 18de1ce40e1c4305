"""How people, other programs and the services themselves get in touch with an agent: ports."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

from svcctl.ports import Cancel, Document

if TYPE_CHECKING:  # services import this module, and may do without a loop
    import asyncio


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """What a program said of itself: see sd_notify(3) for the names.

    *uid* is that of the sender, as the kernel vouches for it; -1 where it does not.
    """

    fields: Mapping[str, str]
    uid: int = -1


ENDPOINT = "X_SVCCTL_ENDPOINT"
"""The field of a notice in which a program says where it takes requests."""


class NoticeBoard(Protocol):
    """Where programs say how they are."""

    def listen(self, instance: str, call: Callable[[Notice], None]) -> tuple[str, Cancel]:
        """Give the address for NOTIFY_SOCKET, the same for the same *instance* every time."""


class AskProgram(Protocol):
    """Speaks to programs that have an endpoint of their own, see :mod:`svcctl.sdk.endpoint`."""

    async def __call__(
        self,
        address: str,
        verb: str,
        args: Document,
        *,
        within: float,
        trusts: Callable[[int], bool],
    ) -> object:
        """Give the answer of the program at *address*, run by a user id that is trusted.

        Raises what the program answers with, Conflict where it does not answer, TimedOut after
        *within* seconds.
        """


WhoIs = Callable[[], str]
"""Names the actor at the other end of a connection, or raises Denied."""


class Greet(Protocol):
    """Converses with somebody who came in."""

    def __call__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, who_is: WhoIs
    ) -> Awaitable[None]:
        """Do so until either side hangs up."""


class Door(Protocol):
    """Where askers on this machine come in."""

    async def open(self, greet: Greet, *, limit: int) -> None:
        """Have *greet* converse with everyone who comes; *limit*: bytes of the longest line."""

    def close(self) -> None:
        """Let nobody in any more."""


class GuardedDoor(Door, Protocol):
    """A door at which it can be said who else comes in."""

    def admit(self, actors: Collection[str]) -> None:
        """Let in *actors* of this machine too, and nobody who was admitted before.

        Raises SystemFault, or NotAvailable, where that cannot be.
        """
