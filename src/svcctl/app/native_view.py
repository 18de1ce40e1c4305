"""What the watch over native services needs of the machine: two small Protocols."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Collection, Mapping
from contextlib import AbstractAsyncContextManager
from typing import Protocol

from svcctl.app.natives import KeptNatively
from svcctl.ports import Cancel, InstanceStatus, Recorded
from svcctl.wire import Request


class Spoken(Protocol):
    """A conversation with a host; see :class:`svcctl.client.conversation.Conversation`."""

    async def ask(self, request: Request) -> object: ...
    async def items(self, request: Request) -> list[object]: ...
    def answers(self, request: Request) -> AsyncGenerator[tuple[bool, object]]: ...


class NativeView(Protocol):
    """The native managers of this machine, as far as we may look; a call may take its time."""

    @property
    def managers_tell(self) -> bool:
        """The managers say when one of their services changes, so that nobody has to look soon."""

    def kept(self) -> tuple[Mapping[str, KeptNatively], Mapping[str, str]]:
        """Give what is registered, and by name why some of it cannot be read."""

    def standing(self, names: Collection[str]) -> Mapping[str, list[InstanceStatus]]:
        """Say how services are, as their managers see it; raises SvcctlError."""

    def missed(self, name: str, after: int) -> list[Recorded]:
        """Give what the host of *name* wrote down after number *after*; raises SvcctlError."""

    def rows(self, name: str, said: object) -> list[InstanceStatus]:
        """Give how a service is, by what its host *said*; raises SvcctlError."""

    def converse(self, name: str) -> AbstractAsyncContextManager[Spoken]:
        """Begin a conversation with the host of *name*; raises AgentUnreachable."""

    def notice(self, call: Callable[[str], None]) -> tuple[Cancel, bool]:
        """Make *call* when a service may have changed, with its name, or registrations (``""``).

        Say whether those are told of.
        """
