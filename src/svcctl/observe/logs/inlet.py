"""Where a program's output comes from: a pipe that the program writes to and we empty."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol


class Inlet(Protocol):
    """The end of a pipe that is read.

    *descriptor* is one that splice(2) and tee(2) can take from, None where there is none such.
    """

    descriptor: int | None

    def writer(self) -> int:
        """Give a descriptor for the program; it blocks when the pipe is full."""

    def read(self, size: int) -> bytes:
        """Give some of what waits; raises BlockingIOError where nothing does."""

    def waiting(self) -> int:
        """Give how many bytes wait."""

    def flush(self) -> None:
        """Come back when all that was written so far can be read."""

    def watch(self, call: Callable[[], None]) -> None:
        """Make *call* from the event loop whenever something waits."""

    def rest(self) -> None:
        """The last call found little: where they come thick and fast, let more gather first."""

    def unwatch(self) -> None:
        """No longer."""

    def close(self) -> None:
        """Let go."""


class Inlets(Protocol):
    """The pipes of one instance, by the name of the stream."""

    def open(self, stream: str) -> Inlet:
        """Give the pipe of *stream*, made if it is not there."""

    def is_there(self, stream: str) -> bool:
        """Say whether a program may still write to one that was made earlier."""

    def discard(self, stream: str) -> None:
        """Delete it: the instance is no more."""
