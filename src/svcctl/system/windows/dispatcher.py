"""Makes this process a service of the SCM: it connects, reports, takes controls and ends once."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Protocol

from svcctl.ports import HostControls, HostPhase, HostReport
from svcctl.system.windows.service_calls import ServiceCalls
from svcctl.system.windows.service_status import (
    Standing,
    Taken,
    Wish,
    asked,
    begun,
    ended,
    told,
)

Body = Callable[[HostReport, Callable[[HostControls], None]], int]
"""Keeps the service: given the report and what to call with its controls, gives its status."""

Faults = Callable[[BaseException], None]

BUG = 70
"""Status of a service whose host failed by itself: EX_SOFTWARE of sysexits.h(3head)."""

_ERROR_EXCEPTION_IN_SERVICE = 1064
_GRACE = 10.0  # seconds a process may still exist once its service has stopped


class ScmCalls(Protocol):
    """The calls a service makes; see :class:`svcctl.system.windows.service_calls.ServiceCalls`."""

    def serve(self, name: str, main: Callable[[], None]) -> bool: ...
    def listen(self, name: str, control: Callable[[int], int]) -> None: ...
    def tell(self, standing: Standing) -> None: ...


def dispatch(
    name: str,
    body: Body,
    *,
    within: float,
    taken: Taken,
    faults: Faults,
    final: frozenset[int] | None = None,
) -> int | None:
    """Run *body* as the service *name*; give its status, or None if the SCM did not start us.

    Must be called in the main thread, as early as possible: the SCM waits 30 seconds.  *body* runs
    in a thread of its own and reports for the first time *within* seconds.  Status 0 is a good
    end; with any other the SCM sees the error 1066 and the status as the service's own code.
    Whatever is raised, in *body* or in a control, goes to *faults* and ends the service with
    :data:`BUG`; no state but STOPPED is left behind.

    *final* are the only statuses that are told where there are some: with any other the process
    ends without a word, unless it was to stop.  Windows calls that a crash, and has actions for
    it: SERVICE_FAILURE_ACTIONS_FLAG.
    """
    service = DispatchedService(
        name,
        body,
        calls=ServiceCalls(),
        within=within,
        taken=taken,
        faults=faults,
        final=final,
    )
    return service.serve()


class DispatchedService:
    """One service of the SCM and its host; fulfils :class:`svcctl.ports.HostReport`.

    Controls come in the main thread, reports from the body's: a lock makes them one after another.
    """

    def __init__(
        self,
        name: str,
        body: Body,
        *,
        calls: ScmCalls,
        within: float,
        taken: Taken,
        faults: Faults,
        final: frozenset[int] | None = None,
        leave: Callable[[int], None] = os._exit,
    ) -> None:
        self._final = final
        self._name, self._body, self._calls = name, body, calls
        self._within, self._taken, self._faults, self._leave = within, taken, faults, leave
        self._lock = threading.RLock()
        self._standing = Standing()
        self._controls: HostControls | None = None
        self._kept: list[tuple[Wish, int]] = []
        self._status = 0
        self._over = threading.Event()

    def serve(self) -> int | None:
        """See :func:`dispatch`."""
        if not self._calls.serve(self._name, self._main):
            return None
        self._over.wait(_GRACE)
        return self._status

    # what the host says

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        """See :class:`svcctl.ports.HostReport`; the SCM keeps no *text*."""
        del text
        with self._lock:
            self._move(
                told(
                    self._standing,
                    phase,
                    at=time.monotonic(),
                    within=within or self._within,
                    taken=self._taken,
                )
            )

    def reloading(self, *, over: bool) -> None:
        """See :class:`svcctl.ports.HostReport`; the SCM has no word for it."""

    def attach(self, controls: HostControls) -> None:
        """Hand over what was asked for so far, and from now on at once."""
        with self._lock:
            self._controls = controls
            while self._kept:
                _ask(controls, *self._kept.pop(0))

    # what the SCM says

    def control(self, code: int) -> int:
        """Answer a control code, at once; a failure ends the service."""
        try:
            with self._lock:
                answer = asked(
                    self._standing,
                    code,
                    at=time.monotonic(),
                    within=self._within,
                    taken=self._taken,
                )
                self._move(answer.standing)
                if answer.wish:
                    self._want(answer.wish, code)
        except BaseException as error:  # noqa: BLE001 - ctypes would swallow it, and live on
            self._fail(error)
            return _ERROR_EXCEPTION_IN_SERVICE
        return answer.result

    # both

    def _main(self) -> None:
        """Be ServiceMain: nothing may escape it, for then the service would never have stopped."""
        status = 0
        try:
            self._calls.listen(self._name, self.control)
            with self._lock:
                self._move(begun(at=time.monotonic(), within=self._within))
            status = self._body(self, self.attach)
        except BaseException as error:  # noqa: BLE001 - as above
            self._note(error)
        self._finish(status)

    def _move(self, standing: Standing) -> None:
        if standing is not self._standing:
            self._standing = standing
            self._calls.tell(standing)

    def _want(self, wish: Wish, code: int) -> None:
        if self._controls is None:
            self._kept.append((wish, code))
        else:
            _ask(self._controls, wish, code)

    def _fail(self, error: BaseException) -> None:
        """End a service whose controls do not work: in order if it still listens, else at once."""
        self._note(error)
        try:
            with self._lock:
                self._want(Wish.STOP, 0)
        except BaseException as another:  # noqa: BLE001 - as above
            self._note(another)
            self._finish(BUG)

    def _note(self, error: BaseException) -> None:
        self._status = BUG
        with suppress(BaseException):  # what cannot be written down must not keep us from the end
            self._faults(error)

    def _finish(self, status: int) -> None:
        """Tell the SCM STOPPED, as the last act and only once; then the process has to go."""
        with self._lock:
            if self._over.is_set():
                return
            self._status = self._status or status
            is_told = self._final is None or self._status in self._final
            if not is_told and not self._standing.leaving:
                self._over.set()
                self._leave(self._status)
                return
            try:
                threading.Thread(target=self._go, name="watchdog", daemon=True).start()
                self._move(ended(self._standing, self._status))
            except BaseException as error:  # noqa: BLE001 - then the death of the process tells it
                self._note(error)
                self._leave(BUG)
            self._over.set()

    def _go(self) -> None:
        """End a process that threads of its own hold back; its service has stopped."""
        time.sleep(_GRACE)
        self._leave(BUG)


def _ask(controls: HostControls, wish: Wish, code: int) -> None:
    match wish:
        case Wish.STOP | Wish.SHUTDOWN:
            controls.stop(shutdown=wish is Wish.SHUTDOWN)
        case Wish.PAUSE:
            controls.pause()
        case Wish.RESUME:
            controls.resume()
        case Wish.RELOAD:
            controls.reload()
        case Wish.CUSTOM:
            controls.custom(code)
