"""Keeps one stream moving: when to move, when to rotate, and what to do when the disk refuses."""

from __future__ import annotations

from typing import Protocol

from svcctl.observe.logs.lines import Splitter
from svcctl.observe.logs.shared import read_at
from svcctl.observe.logs.stream import Stream
from svcctl.ports import Clock, Timer
from svcctl.spec.policy import LogPolicy

_TURNS = 16  # moves before other instances get their turn
_PIPEFULS = 64  # moves after which even a drain ends: the program writes as fast as we read
FIRST_RETRY, LAST_RETRY = 1.0, 30.0  # seconds between tries to write to a disk that refuses
_BLOCK = 64 * 1024
_SIP = 4096  # bytes; for less it is hardly worth coming


class Owner(Protocol):
    """What a pump needs of the capture it belongs to."""

    policy: LogPolicy

    @property
    def clock(self) -> Clock:
        """The time."""

    @property
    def followed(self) -> bool:
        """Somebody wants lines."""

    def deliver(self, stream: str, lines: list[bytes]) -> None:
        """Give *lines* to everyone who follows."""

    def keep_piece(self, stream: Stream, name: str) -> None:
        """Rotate *stream*, and let go of the oldest."""

    def make_room(self, name: str) -> None:
        """Delete what the policy no longer keeps."""

    def say_paused(self, stream: str, problem: str) -> None:
        """Tell that output can not be written."""

    def say_resumed(self, stream: str) -> None:
        """Tell that output is written again."""


class Pump:
    """A stream that the event loop moves along; *moved* counts its bytes."""

    def __init__(self, name: str, stream: Stream, owner: Owner) -> None:
        self.stream = stream
        self.moved = 0
        self._name, self._owner = name, owner
        self._born = stream.born()
        self._retry: Timer | None = None
        self._pause = FIRST_RETRY
        self._paused = False
        self._told = 0
        self._splitter = Splitter()
        stream.inlet.watch(self.run)

    def run(self) -> None:
        """Move some of what waits, so that one loud program does not keep the others waiting."""
        if 0 < self._move(_TURNS) < _SIP:
            self.stream.inlet.rest()

    def drain(self) -> None:
        """Move all that waits now; followers get even an unfinished line."""
        self.stream.inlet.flush()
        self._move(_PIPEFULS)
        if self._owner.followed and (rest := self._splitter.rest()):
            self._owner.deliver(self._name, rest)

    def break_line(self) -> None:
        """Let what comes next begin on a line of its own."""
        try:
            written = self.stream.break_line()
        except OSError as error:
            self._halt(error)
        else:
            self._told += written
            self._splitter = Splitter() if written else self._splitter

    def begin_telling(self) -> None:
        """From now on lines are wanted; the first is the one that is not yet complete."""
        size = self.stream.size
        start = max(0, size - _BLOCK)
        block = read_at(self.stream.file, size - start, start)
        begun = len(block) - (block.rfind(b"\n") + 1)
        self._told = size - begun if begun < _BLOCK else size
        self._splitter = Splitter()

    def close(self) -> None:
        """Move no more."""
        if self._retry:
            self._retry.cancel()
        self.stream.inlet.unwatch()
        self.stream.close()

    def _move(self, turns: int) -> int:
        """Do up to so many things; give the bytes that the last of them moved."""
        last = 0
        try:
            while (moved := self._step()) and (turns > 0 or self.stream.holds):
                turns -= 1
                last = moved
        except OSError as error:
            self._halt(error)
            return 0
        self._went_well()
        self._tell()
        return last

    def _step(self) -> int:
        """Do one thing; give the bytes moved, 0 where nothing is left to be done."""
        now = self._owner.clock.now()
        if self._full(now):
            if not self.stream.may_rotate(self._owner.policy.max_size):
                return self.stream.finish_line(int(now * 1e9))
            self._tell()
            self._owner.keep_piece(self.stream, self._name)
            self._told, self._born = 0, None
        moved = self.stream.pump(int(now * 1e9))
        self.moved += moved
        if self._born is None and moved:
            self._born = now
        return moved

    def _full(self, now: float) -> bool:
        policy = self._owner.policy
        if self.stream.size == 0:
            return False
        if self.stream.size >= policy.max_size:
            return True
        return (
            policy.max_age is not None
            and self._born is not None
            and now > self._born + policy.max_age
        )

    def _halt(self, error: OSError) -> None:
        self.stream.inlet.unwatch()
        if not self._paused:
            self._paused = True
            self._owner.say_paused(self._name, error.strerror or str(error))
        if self._retry is None:
            self._retry = self._owner.clock.later(self._pause, self._try_again)
            self._pause = min(self._pause * 2, LAST_RETRY)

    def _try_again(self) -> None:
        self._retry = None
        self._owner.make_room(self._name)
        self.stream.inlet.watch(self.run)
        self.run()

    def _went_well(self) -> None:
        if self._paused and self._retry is None:
            self._paused, self._pause = False, FIRST_RETRY
            self._owner.say_resumed(self._name)

    def _tell(self) -> None:
        """Read back what was moved and hand it on as lines."""
        while self._owner.followed and self._told < self.stream.size:
            size = min(_BLOCK, self.stream.size - self._told)
            block = read_at(self.stream.file, size, self._told)
            if not block:
                break  # somebody cut the file
            self._told += len(block)
            if lines := self._splitter.feed(block):
                self._owner.deliver(self._name, lines)
