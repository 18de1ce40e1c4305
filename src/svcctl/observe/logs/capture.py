"""Takes the output of one instance, and loses none of it whatever becomes of the agent."""

from __future__ import annotations

import logging
import os
from dataclasses import dataclass

from svcctl.events import CapturePaused, CaptureResumed
from svcctl.observe.logs.archive import Packer, next_name, prune, tidy, to_pack
from svcctl.observe.logs.files import STREAMS, pieces
from svcctl.observe.logs.inlet import Inlet, Inlets
from svcctl.observe.logs.pump import FIRST_RETRY, LAST_RETRY, Pump
from svcctl.observe.logs.query import Source, Wanted, read
from svcctl.observe.logs.stream import Stream
from svcctl.ports import Bus, Cancel, Clock, Flow, Lines, Timer
from svcctl.spec.policy import LogPolicy, LogTo, Stderr

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Blocked:
    """A stream whose file (or pipe: *inlet* None) cannot be opened now, and why.

    The program writes into the pipe, and waits when that is full.
    """

    inlet: Inlet | None
    error: OSError
    timer: Timer
    pause: float

    def close(self) -> None:
        """Try no more."""
        self.timer.cancel()
        if self.inlet:
            self.inlet.close()


class Capture:
    """The LogSink of one instance: a pump for stdout, one for stderr unless they are merged.

    *folder* takes the files, *inlets* are the pipes.  ``policy`` may be replaced at any time:
    sizes, ages and counts hold at once, the rest for the next start of the program.  Files that
    cannot be opened now are tried again later.  Needs a running event loop.
    """

    def __init__(
        self,
        instance: str,
        service: str,
        *,
        folder: str,
        inlets: Inlets,
        policy: LogPolicy,
        clock: Clock,
        bus: Bus,
        packer: Packer,
    ) -> None:
        self.policy = policy
        self._instance, self._service, self._folder = instance, service, folder
        self._clock, self._bus, self._packer = clock, bus, packer
        self._pumps: dict[str, Pump] = {}
        self._blocked: dict[str, _Blocked] = {}
        self._followers: list[Lines] = []
        self._inlets = inlets
        if policy.to is LogTo.CAPTURE:
            for name in STREAMS:
                # a program that was started under another policy may still write to its FIFO
                if self._target(name) == name or inlets.is_there(name):
                    self._open(name)

    def writer(self, stream: str) -> int | None:
        """Give a descriptor the child writes *stream* to; the caller closes it.

        Raises OSError where there is not even a pipe.
        """
        if self.policy.to is not LogTo.CAPTURE:
            return None
        name = self._target(stream)
        if name not in self._pumps:
            self._open(name)
        if name in self._pumps:
            return self._pumps[name].stream.inlet.writer()
        blocked = self._blocked[name]
        if blocked.inlet is None:
            raise blocked.error
        return blocked.inlet.writer()

    def begin_run(self) -> None:
        """A program is about to be started: what it writes begins on a line of its own."""
        for pump in self._pumps.values():
            pump.break_line()

    def follow(self, call: Lines) -> Cancel:
        """Call with every complete line captured from now on."""
        if not self._followers:
            for pump in self._pumps.values():
                pump.begin_telling()
        self._followers.append(call)

        def cancel() -> None:
            if call in self._followers:
                self._followers.remove(call)

        return cancel

    def drain(self) -> None:
        """Write out what waits in the pipes now; followers get even an unfinished line."""
        for pump in self._pumps.values():
            pump.drain()

    def tail(self, count: int) -> list[bytes]:
        """Give the last *count* lines captured, of all streams, oldest first.

        Compressed files are left out: nobody in the event loop should wait for them.
        """
        source = Source(service=self._service, instance=self._instance, folder=self._folder)
        return [line.text for line in read([source], Wanted(packed=False), last=count)]

    def flow(self) -> Flow:
        """Say how much output there is; what waits in a pipe that cannot be read is counted too."""
        inlets = [pump.stream.inlet for pump in self._pumps.values()]
        inlets += [each.inlet for each in self._blocked.values() if each.inlet]
        return Flow(
            captured_bytes=sum(pump.moved for pump in self._pumps.values()),
            waiting_bytes=sum(inlet.waiting() for inlet in inlets),
        )

    def close(self) -> None:
        """Let go of pipes and files; what waits in the pipes stays there for the next sink."""
        for pump in self._pumps.values():
            pump.close()
        self._pumps.clear()
        for blocked in self._blocked.values():
            blocked.close()
        self._blocked.clear()

    def discard(self) -> None:
        """Let go for good, and delete the pipes: the instance is no more, its logs stay."""
        self.close()
        for name in STREAMS:
            self._inlets.discard(name)

    # what the pumps ask and tell

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
            try:
                call(stream, lines)
            except Exception:
                log.exception("follower.failed", extra={"instance": self._instance})

    def keep_piece(self, stream: Stream, name: str) -> None:
        """Rotate *stream*, and let go of the oldest."""
        stream.rotate(next_name(stream.path, pieces(self._folder, name)))
        self.make_room(name)
        self._pack(name)

    def make_room(self, name: str) -> None:
        """Delete what the policy no longer keeps; make the folder again if somebody removed it."""
        os.makedirs(self._folder, mode=0o750, exist_ok=True)
        age = self.policy.max_age
        older_than = self._clock.now() - age if age else None
        prune(self._folder, name, keep=self.policy.keep, older_than=older_than)

    def say_paused(self, stream: str, problem: str) -> None:
        """Tell that output can not be written."""
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
        """Tell that output is written again."""
        self._bus.publish(
            CaptureResumed(
                at=self._clock.now(),
                service=self._service,
                instance=self._instance,
                stream=stream,
            )
        )

    def _target(self, stream: str) -> str:
        return "stdout" if self.policy.stderr is Stderr.MERGE else stream

    def _open(self, name: str) -> None:
        """Begin to take *name*; where that cannot be now, later."""
        blocked = self._blocked.pop(name, None)
        inlet = blocked.inlet if blocked else None
        try:
            inlet = inlet or self._inlets.open(name)
            os.makedirs(self._folder, mode=0o750, exist_ok=True)
            tidy(self._folder, name)
            self._pack(name)
            stream = Stream(inlet, path=f"{self._folder}/{name}.log")
        except OSError as error:
            self._block(name, inlet, error, before=blocked)
            return
        self._pumps[name] = Pump(name, stream, self)
        if self._followers:
            self._pumps[name].begin_telling()
        if blocked:
            blocked.timer.cancel()
            self.say_resumed(name)

    def _block(
        self, name: str, inlet: Inlet | None, error: OSError, *, before: _Blocked | None
    ) -> None:
        if before:
            before.timer.cancel()
        else:
            self.say_paused(name, error.strerror or str(error))
        pause = min(before.pause * 2, LAST_RETRY) if before else FIRST_RETRY
        timer = self._clock.later(pause, lambda: self._open(name))
        self._blocked[name] = _Blocked(inlet, error, timer, pause)

    def _pack(self, name: str) -> None:
        self._packer.pack(to_pack(self._folder, name, begin=self.policy.compress))
