"""A log, a spool and a receiver that does what a test wants; killed and started again at will."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from svcctl.errors import NotDelivered
from svcctl.events import Event
from svcctl.observe.ship.aside import Aside
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.frame import Frame, Writer
from svcctl.observe.ship.packing import Limits, Packer
from svcctl.observe.ship.receiver import Taken
from svcctl.observe.ship.sender import Sender
from svcctl.observe.ship.sent import Sent
from svcctl.observe.ship.spool import Spool
from svcctl.record import Level
from svcctl.testing.fakes import FakeClock

WEB = Writer(service="web", instance="web", stream="stdout")
DOWN = NotDelivered("nobody is there", again=True)
WRONG = NotDelivered("this is wrong", again=False)


@dataclass
class Sheet:
    """What is kept whole or not at all."""

    content: bytes | None = None
    full: bool = False

    def read(self) -> bytes | None:
        return self.content

    def write(self, content: bytes) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.content = content


Answer = Callable[[Sequence[Entry]], Taken]


@dataclass
class Desk:
    """A receiver: *answers* are given first, then everything is taken."""

    taken: list[Entry] = field(default_factory=list)
    calls: list[list[str]] = field(default_factory=list)
    answers: deque[NotDelivered | Answer] = field(default_factory=deque)
    always: NotDelivered | Answer | None = None

    @property
    def texts(self) -> list[str]:
        return [each.text for each in self.taken]

    def deliver(self, entries: Sequence[Entry]) -> Taken:
        self.calls.append([each.text for each in entries])
        answer = self.answers.popleft() if self.answers else self.always
        if isinstance(answer, NotDelivered):
            raise answer
        if answer is not None:
            return answer(entries)
        self.taken += entries
        return Taken()

    def close(self) -> None:
        pass


class Dock:
    """A spool in *folder* and what sends it."""

    def __init__(self, folder: Path, **options: Any) -> None:
        self.folder, self.options = folder, options
        self.clock, self.ends, self.desk = FakeClock(), Sheet(), Desk()
        self.events: list[Event] = []
        self.read = 0
        self.start()

    def start(self) -> None:
        options = self.options
        limit = options.get("limit", 1 << 20)
        self.spool = Spool(str(self.folder / "spool"), ends=self.ends, limit=limit)
        self.read = int(self.spool.read() or b"0")
        self.sent = Sent(str(self.folder / "sent"))
        count, wait = options.get("count", 3), options.get("wait", 0.0)
        self.sender = Sender(
            "lake",
            spool=self.spool,
            packer=lambda progress: Packer(
                self.spool,
                progress.spot,
                limits=Limits(count=count, size=1 << 20, wait=wait),
                name="here",
                level=options.get("level", Level.UNKNOWN),
            ),
            sent=self.sent,
            receiver=self.desk,
            aside=Aside(str(self.folder / "aside.jsonl")),
            clock=self.clock,
            publish=self.events.append,
            chance=lambda: 1.0,
        )

    def restart(self, *, killed: bool = False) -> None:
        self.close(killed=killed)
        self.start()

    def close(self, *, killed: bool = True) -> None:
        if killed:
            self.sent.close()
        else:
            self.sender.close()
        self.spool.close()

    def keep(self, *lines: str, commit: bool = True) -> None:
        """Keep lines, as if they had been read from a log up to a place."""
        content = "".join(f"{each}\n" for each in lines).encode()
        self.spool.append([Frame(writer=WEB, at=self.clock.now(), content=content)])
        self.read += len(lines)
        if commit:
            self.commit()

    def commit(self) -> None:
        self.spool.write(str(self.read).encode())

    def send(self, *, steps: int = 1000) -> None:
        """Step until there is nothing to do, forward the clock where it must be waited."""
        for _ in range(steps):
            pause = self.sender.step()
            if pause is None:
                return
            if pause:
                self.clock.forward(pause)
        raise AssertionError("it never ends")

    @property
    def progress(self) -> Any:
        return self.sender.standing.progress
