"""Ships to one receiver in two threads: one keeps what services write, one sends what is kept.

So a receiver that is slow holds up neither the reading of logs nor anything else.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import Self

from svcctl.errors import SvcctlError
from svcctl.observe.ship.intake import Intake
from svcctl.observe.ship.sender import Sender, Standing
from svcctl.observe.ship.sent import Progress
from svcctl.observe.ship.spool import Spool

log = logging.getLogger(__name__)

_AGAIN = 1.0  # seconds until what the disk refused is tried again
_LEAVE = 2.0  # seconds for the threads to end


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """What ships; *wake* has the intake come back from its wait."""

    spool: Spool
    intake: Intake
    sender: Sender
    wake: Callable[[], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Lag:
    """What waits for a receiver, in bytes and lines, and how it goes; *problem* is our own."""

    standing: Standing = field(default=Standing(progress=Progress()))
    waiting_bytes: int = 0
    waiting_lines: int = 0
    problem: str = ""


class Shipper:
    """Ships from :meth:`begin` to :meth:`close`.

    *open_parts* is called in a thread, given the stack that closes them, and what is to be called
    when there is more to send; *after* is the shipper whose folder this one takes over.
    """

    def __init__(
        self,
        name: str,
        open_parts: Callable[[ExitStack, Callable[[], None]], Parts],
        *,
        after: Self | None = None,
    ) -> None:
        self.name = name
        self._open, self._after = open_parts, after
        self._over, self._more = threading.Event(), threading.Event()
        self._parts: Parts | None = None
        self._problem = ""
        self._reading = threading.Thread(target=self._read, name=f"ship {name}", daemon=True)

    def begin(self) -> None:
        """Begin."""
        self._reading.start()

    def stir(self, instance: str) -> None:
        """Look for crash reports of *instance*."""
        if self._parts is not None:
            self._parts.intake.stir(instance)
            self._parts.wake()

    def wake(self) -> None:
        """Look for logs that are new."""
        if self._parts is not None:
            self._parts.wake()

    def lag(self) -> Lag:
        """Say how it goes."""
        if self._parts is None:
            return Lag(problem=self._problem)
        standing = self._parts.sender.standing
        size, lines = self._parts.spool.waiting(standing.progress.spot)
        return Lag(
            standing=standing, waiting_bytes=size, waiting_lines=lines, problem=self._problem
        )

    def close(self) -> None:
        """Ship no more; what is under way is finished, or shipped again by the next one."""
        self._over.set()
        self._more.set()
        self.wake()
        if self._reading.is_alive():
            self._reading.join(_LEAVE)

    # the thread that keeps

    def _read(self) -> None:
        if self._after is not None:
            self._after._reading.join()
            self._after = None
        while not self._over.is_set():
            with ExitStack() as stack:
                try:
                    parts = self._open(stack, self._more.set)
                except (OSError, SvcctlError) as error:
                    self._complain(error)
                    self._over.wait(_AGAIN)
                    continue
                try:
                    self._ship(parts)
                except Exception:  # it is opened again, and goes on where it was
                    log.exception("ship.failed", extra={"receiver": self.name})
                    self._over.wait(_AGAIN)

    def _ship(self, parts: Parts) -> None:
        self._parts = parts
        parts.wake()  # what was new while they were opened
        over = threading.Event()
        sending = threading.Thread(target=self._send, args=(parts.sender, over), daemon=True)
        sending.start()
        try:
            while not self._over.is_set():
                self._keep(parts)
        finally:
            over.set()
            self._more.set()
            sending.join()

    def _keep(self, parts: Parts) -> None:
        try:
            came = parts.intake.step()
            self._problem = ""
        except OSError as error:
            self._complain(error)
            self._over.wait(_AGAIN)
        else:
            if not came:
                parts.intake.wait()

    def _complain(self, error: Exception) -> None:
        problem = error.problem if isinstance(error, SvcctlError) else str(error)
        if problem != self._problem:
            self._problem = problem
            log.warning("ship.cannot-keep", extra={"receiver": self.name, "problem": problem})

    # the thread that sends

    def _send(self, sender: Sender, over: threading.Event) -> None:
        while True:
            self._more.clear()
            if over.is_set():
                return
            try:
                pause = sender.step()
            except OSError as error:
                self._complain(error)
                pause = _AGAIN
            except Exception:  # it goes on where it was
                log.exception("ship.failed", extra={"receiver": self.name})
                pause = _AGAIN
            if pause is None or pause > 0:
                self._more.wait(pause)
