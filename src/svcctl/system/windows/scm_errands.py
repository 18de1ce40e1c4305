"""What can only be done to a service once others, or it itself, have stopped."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from svcctl.errors import SvcctlError, TimedOut, UnknownService

AwaitStopped = Callable[[str, float], bool]
"""Wait for a service, so many seconds; say whether it has stopped."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Do *then* (to *what* the service) once each of *others* has stopped *within* seconds."""

    what: str
    others: Sequence[str]
    then: Callable[[], None]
    within: float


class Errands:
    """Waits in threads, one for each service, so that whoever asked comes back at once.

    The threads are no daemons: a process that asked for a restart lives on until it is done.
    """

    def __init__(self, await_stopped: AwaitStopped) -> None:
        self._await_stopped = await_stopped
        self._lock = threading.Lock()
        self._due: dict[str, deque[Errand]] = {}
        self._troubles: dict[str, str] = {}

    def add(self, name: str, errand: Errand) -> None:
        """Run an errand for the service *name*, after those it has; never the same one twice."""
        with self._lock:
            self._troubles.pop(name, None)
            due = self._due.get(name)
            if due is not None:
                if all(each.what != errand.what for each in due):
                    due.append(errand)
                return
            self._due[name] = deque((errand,))
        threading.Thread(target=self._run, args=(name,), name=f"errand-{name}").start()

    def is_under_way(self, name: str) -> bool:
        """Say whether something is still to be done for the service *name*."""
        with self._lock:
            return name in self._due

    def cancel(self, name: str) -> None:
        """Do nothing more for the service *name*, and forget what went wrong."""
        with self._lock:
            self._troubles.pop(name, None)
            self._due.get(name, deque()).clear()

    def trouble(self, name: str) -> str:
        """Say why the last errand for *name* came to nothing; or nothing."""
        with self._lock:
            return self._troubles.get(name, "")

    def _run(self, name: str) -> None:
        try:
            while errand := self._next(name):
                self._see_to(name, errand)
        except BaseException:
            with self._lock:
                del self._due[name]
            raise

    def _see_to(self, name: str, errand: Errand) -> None:
        try:
            for other in errand.others:
                self._wait(other, errand.within)
            self._do(name, errand)
        except SvcctlError as error:
            self._give_up(name, errand, error)

    def _next(self, name: str) -> Errand | None:
        with self._lock:
            due = self._due[name]
            if not due:
                del self._due[name]
                return None
            return due[0]

    def _wait(self, name: str, within: float) -> None:
        try:
            stopped = self._await_stopped(name, within)
        except UnknownService:
            return
        if not stopped:
            raise TimedOut(f"service {name!r} did not stop within {within:g}s")

    def _do(self, name: str, errand: Errand) -> None:
        with self._lock:
            wanted = errand in self._due[name]
        if wanted:
            errand.then()
        with self._lock:
            if errand in self._due[name]:
                self._due[name].remove(errand)

    def _give_up(self, name: str, errand: Errand, error: SvcctlError) -> None:
        with self._lock:
            if errand in self._due[name]:
                self._troubles[name] = error.problem
            self._due[name].clear()
