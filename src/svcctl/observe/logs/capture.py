"""Takes the output of one instance, and loses none of it whatever becomes of the agent."""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path

from svcctl.events import CapturePaused, CaptureResumed
from svcctl.observe.logs.archive import Packer, clear_drafts, next_name, prune, unpacked
from svcctl.observe.logs.files import pieces
from svcctl.observe.logs.stream import Stream
from svcctl.ports import Bus, Cancel, Clock, Lines, Timer
from svcctl.spec.policy import LogPolicy, LogTo, Stderr

_TURNS = 16  # pumps before other instances get their turn
_FIRST_RETRY, _LAST_RETRY = 1.0, 30.0  # seconds between tries to write to a disk that refuses
_BLOCK = 64 * 1024


class Capture:
    """The LogSink of one instance: a Stream for stdout, one for stderr unless they are merged."""

    def __init__(
        self,
        instance: str,
        service: str,
        *,
        folder: str,
        pipes: str,
        policy: LogPolicy,
        clock: Clock,
        bus: Bus,
        packer: Packer,
        owner: tuple[int, int] | None = None,
    ) -> None:
        self.policy = policy
        self._instance, self._service, self._folder = instance, service, folder
        self._clock, self._bus, self._packer = clock, bus, packer
        self._streams: dict[str, _Pumped] = {}
        self._followers: list[Lines] = []
        self._pipes, self._owner = pipes, owner
        if policy.to is LogTo.CAPTURE:
            self._open()

    def _open(self) -> None:
        Path(self._folder).mkdir(mode=0o750, parents=True, exist_ok=True)
        Path(self._pipes).mkdir(mode=0o711, parents=True, exist_ok=True)
        names = ["stdout"] if self.policy.stderr is Stderr.MERGE else ["stdout", "stderr"]
        for name in names:
            stream = Stream(
                fifo=f"{self._pipes}/{self._instance}.{name}",
                path=f"{self._folder}/{name}.log",
                owner=self._owner,
            )
            self._streams[name] = _Pumped(name, stream, self)
            if self.policy.compress:
                clear_drafts(self._folder, name)
                self._packer.pack(unpacked(self._folder, name))

    def writer(self, stream: str) -> int | None:
        """Give a descriptor the child writes *stream* to; the caller closes it."""
        if self.policy.to is not LogTo.CAPTURE:
            return None
        if not self._streams:
            self._open()
        merged = self._streams.get(stream) or self._streams["stdout"]
        return merged.stream.writer()

    def follow(self, call: Lines) -> Cancel:
        """Call with every complete line captured from now on."""
        if not self._followers:
            for pumped in self._streams.values():
                pumped.catch_up()
        self._followers.append(call)

        def cancel() -> None:
            if call in self._followers:
                self._followers.remove(call)

        return cancel

    def drain(self) -> None:
        """Write out what waits in the pipes now; followers get even an unfinished line."""
        for pumped in self._streams.values():
            pumped.pump(final=True)

    def tail(self, count: int) -> list[bytes]:
        """Give the last *count* lines captured: those of stderr, if there are any, come last."""
        found: list[bytes] = []
        for name in self._streams:
            found += last_lines(self._folder, name, count)
        return found[-count:]

    def close(self) -> None:
        """Let go of pipes and files; what waits in the pipes stays there for the next sink."""
        for pumped in self._streams.values():
            pumped.close()
        self._streams.clear()

    # what the streams tell

    @property
    def clock(self) -> Clock:
        """The time."""
        return self._clock

    @property
    def followed(self) -> bool:
        """Somebody wants lines."""
        return bool(self._followers)

    def deliver(self, stream: str, lines: list[bytes]) -> None:
        """Give *lines* to everyone who follows."""
        for call in tuple(self._followers):
            call(stream, lines)

    def keep_piece(self, stream: Stream, name: str) -> None:
        """The file of *stream* is full: number it, and let go of the oldest."""
        stream.rotate(next_name(stream.path, pieces(self._folder, name)))
        self.make_room(name)
        if self.policy.compress:
            self._packer.pack(unpacked(self._folder, name))

    def make_room(self, name: str) -> None:
        """Delete what the policy no longer keeps."""
        age = self.policy.max_age
        older_than = self._clock.now() - age if age else None
        prune(self._folder, name, keep=self.policy.keep, older_than=older_than)

    def say_paused(self, stream: str, problem: str) -> None:
        """Output can not be written."""
        self._bus.publish(
            CapturePaused(
                at=self._clock.now(),
                service=self._service,
                instance=self._instance,
                stream=stream,
                problem=problem,
            )
        )

    def say_resumed(self, stream: str) -> None:
        """Output is written again."""
        self._bus.publish(
            CaptureResumed(
                at=self._clock.now(),
                service=self._service,
                instance=self._instance,
                stream=stream,
            )
        )


class _Pumped:
    """A stream that the event loop moves along."""

    def __init__(self, name: str, stream: Stream, capture: Capture) -> None:
        self.name, self.stream, self._capture = name, stream, capture
        self._loop = asyncio.get_running_loop()
        self._retry: Timer | None = None
        self._pause = _FIRST_RETRY
        self._told_paused = False
        self._seen = stream.size
        self._rest = b""
        self._opened = self._birth()
        self._loop.add_reader(stream.pipe, self.pump)

    def _birth(self) -> float:
        """Give when the oldest byte of the file was written, as far as the file tells."""
        now = self._capture.clock.now()
        return os.fstat(self.stream.file).st_mtime if self.stream.size else now

    def pump(self, *, final: bool = False) -> None:
        """Move what waits; pause where the disk refuses."""
        try:
            for _ in range(_TURNS if not final else 4 * _TURNS):
                if self._full() and not self._rotated():
                    break
                if not self.stream.pump(time.time_ns):
                    break
        except OSError as error:
            self._halt(error)
            return
        self._went_well()
        if self._capture.followed:
            self._tell(final=final)
        else:
            self.catch_up()

    def catch_up(self) -> None:
        """Forget what nobody wanted to read."""
        self._seen, self._rest = self.stream.size, b""

    def close(self) -> None:
        """Move no more."""
        if self._retry:
            self._retry.cancel()
        self._loop.remove_reader(self.stream.pipe)
        self.stream.close()

    # rotation

    def _full(self) -> bool:
        policy = self._capture.policy
        if self.stream.size == 0:
            return False
        if self.stream.size >= policy.max_size:
            return True
        age = self._capture.clock.now() - self._opened
        return policy.max_age is not None and age > policy.max_age

    def _rotated(self) -> bool:
        if not self.stream.finish_line(self._capture.policy.max_size):
            return False
        if self._capture.followed:
            self._tell(final=False)
        self._capture.keep_piece(self.stream, self.name)
        self._seen = 0
        self._opened = self._capture.clock.now()
        return True

    # a disk that refuses

    def _halt(self, error: OSError) -> None:
        self._loop.remove_reader(self.stream.pipe)
        if not self._told_paused:
            self._told_paused = True
            self._capture.say_paused(self.name, error.strerror or str(error))
        if self._retry:
            self._retry.cancel()
        self._retry = self._capture.clock.later(self._pause, self._try_again)
        self._pause = min(self._pause * 2, _LAST_RETRY)

    def _try_again(self) -> None:
        self._retry = None
        self._capture.make_room(self.name)
        self._loop.add_reader(self.stream.pipe, self.pump)
        self.pump()

    def _went_well(self) -> None:
        if self._told_paused and self._retry is None:
            self._told_paused, self._pause = False, _FIRST_RETRY
            self._capture.say_resumed(self.name)

    # followers

    def _tell(self, *, final: bool) -> None:
        """Read back what was moved and hand it on as lines."""
        while self._seen < self.stream.size:
            block = os.pread(self.stream.file, _BLOCK, self._seen)
            if not block:
                break
            self._seen += len(block)
            *lines, self._rest = (self._rest + block).split(b"\n")
            if lines:
                self._capture.deliver(self.name, [line.removesuffix(b"\r") for line in lines])
        if final and self._rest:
            self._capture.deliver(self.name, [self._rest])
            self._rest = b""


def last_lines(folder: str, stream: str, count: int) -> list[bytes]:
    """Give the last *count* lines of a stream, read backwards from its newest plain files."""
    lines: list[bytes] = []
    for piece in reversed(pieces(folder, stream)):
        if piece.packed or len(lines) >= count:
            break
        lines = _file_end(piece.path, count - len(lines)) + lines
    return lines


def _file_end(path: str, count: int) -> list[bytes]:
    with open(path, "rb") as file:  # noqa: PTH123
        place = file.seek(0, os.SEEK_END)
        text = b""
        while place > 0 and text.count(b"\n") <= count:
            size = min(_BLOCK, place)
            place -= size
            file.seek(place)
            text = file.read(size) + text
    return text.splitlines()[-count:] if count else []
