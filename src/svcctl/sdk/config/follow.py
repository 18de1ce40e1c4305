"""Sources that change by themselves, and who carries their changes to a live configuration."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass
from typing import Protocol, TypeVar

from svcctl.sdk.config.live import Live
from svcctl.sdk.config.text import Text

T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class FilesChanged:
    """These files are not what they were: all sources are to be read again."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Unreachable:
    """The source has no text to give, and why; it goes on trying."""

    problem: str


SourceChange = Text | FilesChanged | Unreachable


class ConfigSource(Protocol):
    """Somewhere a configuration changes by itself: a file system, Consul, Nacos, etcd."""

    @property
    def name(self) -> str:
        """What messages and the history call it: ``consul``."""

    def changes(self) -> AsyncGenerator[SourceChange, None]:
        """Give each change as it comes, a Text whole and under the same name every time.

        It ends when the source does; what can be tried again is tried by the source, which
        meanwhile gives Unreachable, once for each problem.  Cancelled or closed, it lets go of
        all it has.
        """


async def follow(live: Live[T], source: ConfigSource) -> None:
    """Carry every change of *source* to *live*, one after the other, until the source ends."""
    async with aclosing(source.changes()) as changes:
        async for change in changes:
            await _carry(live, source, change)


async def _carry(live: Live[T], source: ConfigSource, change: SourceChange) -> None:
    match change:
        case Text():
            await live.propose(change, who=source.name)
        case FilesChanged(paths=paths):
            await live.reload(who=source.name, origin=", ".join(paths))
        case Unreachable(problem=problem):
            await live.refuse(problem, who=source.name, origin=source.name)
