"""What programs write and say of themselves, in the words of a test."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping

from svcctl.contact import Notice
from svcctl.ports import Cancel, Flow, Lines
from svcctl.spec.policy import LogPolicy


class FakeSink:
    """Holds the lines that a test logs; what a child writes itself goes nowhere."""

    def __init__(self) -> None:
        self.policy = LogPolicy()
        self.drained = 0
        self.closed = False
        self._lines: list[bytes] = []
        self._followers: list[Lines] = []

    def log(self, *lines: str, stream: str = "stdout") -> None:
        """Have the program write *lines*."""
        written = [line.encode() for line in lines]
        self._lines += written
        for follower in tuple(self._followers):
            follower(stream, written)

    def writer(self, stream: str) -> int | None:  # noqa: ARG002 - the port asks which
        """Give a descriptor of the null device; the caller closes it."""
        return os.open(os.devnull, os.O_WRONLY)

    def follow(self, call: Lines) -> Cancel:
        """Call with every line logged from now on."""
        self._followers.append(call)

        def cancel() -> None:
            if call in self._followers:
                self._followers.remove(call)

        return cancel

    def begin_run(self) -> None:
        """Every line logged here is complete."""

    def drain(self) -> None:
        """Count how often the pipes were to be emptied."""
        self.drained += 1

    def tail(self, count: int) -> list[bytes]:
        """Give the last *count* lines, oldest first."""
        return self._lines[-count:] if count else []

    def flow(self) -> Flow:
        """Count the lines with their ends; nothing waits."""
        return Flow(captured_bytes=sum(len(line) + 1 for line in self._lines))

    def close(self) -> None:
        """Follow no more."""
        self.closed = True
        self._followers.clear()

    def discard(self) -> None:
        """Follow no more, ever."""
        self.closed = True


class FakeNoticeBoard:
    """Carries what a test says in the name of a program."""

    def __init__(self) -> None:
        self._listeners: dict[str, Callable[[Notice], None]] = {}

    def listen(self, instance: str, call: Callable[[Notice], None]) -> tuple[str, Cancel]:
        """Give the address to put into NOTIFY_SOCKET."""
        self._listeners[instance] = call
        return f"/fake/{instance}.sock", lambda: self._silence(instance, call)

    def say(self, instance: str, fields: Mapping[str, str], *, uid: int = 0) -> None:
        """Have a program of the user *uid* send a notice to *instance*; nobody may listen."""
        call = self._listeners.get(instance)
        if call:
            call(Notice(fields=dict(fields), uid=uid))

    def _silence(self, instance: str, call: Callable[[Notice], None]) -> None:
        if self._listeners.get(instance) is call:
            del self._listeners[instance]
