"""The service's side of a debugger: it lives as ever, and does what it is told over a line."""

from __future__ import annotations

import os
import socket
import threading
import traceback
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace

from svcctl.ports import HostControls, HostPhase, HostReport
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.debug.call import Call
from svcctl.sdk.debug.exchange import Act, Answered, Connected, Reloading, Send, StatusSet, Told
from svcctl.sdk.debug.line import Line
from svcctl.sdk.debug.sabotage import Sabotage
from svcctl.sdk.debug.scm import CONTROL
from svcctl.sdk.surroundings import Attach, Body, Surroundings, surrounded
from svcctl.system.windows.dispatcher import BUG, DispatchedService
from svcctl.system.windows.service_status import Control, Standing, Taken

_FIRST_WORD = 20.0  # seconds in which a service is loaded


@contextmanager
def debugged(blueprint: Blueprint, call: Call) -> Iterator[tuple[Blueprint, Surroundings]]:
    """Answer *call* while the block lasts; give what is to be lived, and within what.

    Raises OSError where nobody waits there any more.
    """
    with socket.create_connection(("127.0.0.1", call.port)) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        connection.sendall(call.secret.encode() + b"\n")
        line, sabotage = Line(connection), Sabotage()
        within = SimulatedScm if call.scm else Beside
        yield (
            replace(blueprint, run=sabotage.of(blueprint.run)),
            within(line, sabotage).surround,
        )


class Beside:
    """Reports to the debugger, beside whoever else is told, and takes its controls.

    Fulfils :class:`svcctl.ports.HostReport`.
    """

    def __init__(self, line: Line, sabotage: Sabotage) -> None:
        self._line, self._sabotage = line, sabotage
        self._lock = threading.Lock()
        self._controls: HostControls | None = None
        self._kept: list[Send] = []

    def surround(self, name: str, body: Body, *, pausable: bool, codes: frozenset[int]) -> int:
        """See :class:`svcctl.sdk.surroundings.Surroundings`: systemd's, or nobody but us."""
        self._line.listen(self._obey, lost=lambda: self._obey(Send(word=Act.STOP)))
        if not os.environ.get("NOTIFY_SOCKET"):
            return body(self, self._attach)

        def observed(report: HostReport, attach: Attach) -> int:
            def attach_both(controls: HostControls) -> None:
                attach(controls)
                self._attach(controls)

            return body(_Both(report, self), attach_both)

        return surrounded(name, observed, pausable=pausable, codes=codes)

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        """See :class:`svcctl.ports.HostReport`."""
        del within
        self._line.say(Told(phase=phase, text=text))

    def reloading(self, *, over: bool) -> None:
        """See :class:`svcctl.ports.HostReport`."""
        self._line.say(Reloading(over=over))

    def _attach(self, controls: HostControls) -> None:
        with self._lock:
            self._controls = controls
            kept, self._kept = self._kept, []
        for each in kept:
            _carry_out(each, controls)

    def _obey(self, order: Send) -> None:
        if _strike(order, self._sabotage, self._line):
            return
        with self._lock:
            if self._controls is None:
                self._kept.append(order)
                return
        _carry_out(order, self._controls)


class SimulatedScm:
    """The calls a service makes to the SCM, answered by the debugger.

    Fulfils :class:`svcctl.system.windows.dispatcher.ScmCalls`.
    """

    def __init__(self, line: Line, sabotage: Sabotage) -> None:
        self._line, self._sabotage = line, sabotage
        self._control: Callable[[int], int] | None = None

    def surround(self, name: str, body: Body, *, pausable: bool, codes: frozenset[int]) -> int:
        """See :class:`svcctl.sdk.surroundings.Surroundings`: the dispatcher of a real service."""
        service = DispatchedService(
            name,
            body,
            calls=self,
            within=_FIRST_WORD,
            taken=Taken(preshutdown=True, pausable=pausable, custom=codes),
            faults=traceback.print_exception,
        )
        status = service.serve()
        return BUG if status is None else status

    def serve(self, name: str, main: Callable[[], None]) -> bool:
        """Call *main* here, where signals can be listened to; controls come in another thread."""
        del name
        self._line.say(Connected())
        main()
        return True

    def listen(self, name: str, control: Callable[[int], int]) -> None:
        """Have *control* answer every control code."""
        del name
        self._control = control
        self._line.listen(self._obey, lost=lambda: self._ask(Control.STOP))

    def tell(self, standing: Standing) -> None:
        """Report *standing*."""
        self._line.say(StatusSet(members=standing.fields()))

    def _obey(self, order: Send) -> None:
        if not _strike(order, self._sabotage, self._line) and order.word == CONTROL:
            self._ask(order.code)

    def _ask(self, code: int) -> None:
        if self._control:
            self._line.say(Answered(result=self._control(code)))


class _Both:
    """Two reports as one."""

    def __init__(self, first: HostReport, second: HostReport) -> None:
        self._reports = (first, second)

    def tell(self, phase: HostPhase, *, text: str, within: float = 0.0) -> None:
        for each in self._reports:
            each.tell(phase, text=text, within=within)

    def reloading(self, *, over: bool) -> None:
        for each in self._reports:
            each.reloading(over=over)


def _strike(order: Send, sabotage: Sabotage, line: Line) -> bool:
    """Do what no manager would; False where that is not what was ordered."""
    match order.word:
        case Act.CRASH:
            sabotage.crash()
        case Act.HANG:
            sabotage.hang(line.until_lost)
        case _:
            return False
    return True


def _carry_out(order: Send, controls: HostControls) -> None:
    match order.word:
        case Act.STOP | Act.SHUTDOWN:
            controls.stop(shutdown=order.word == Act.SHUTDOWN)
        case Act.PAUSE:
            controls.pause()
        case Act.RESUME:
            controls.resume()
        case Act.RELOAD:
            controls.reload()
        case Act.CONTROL:
            controls.custom(order.code)
        case _:
            raise ValueError(f"{order.word!r} is no order")
