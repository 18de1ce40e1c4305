"""The output of one service as the agent captures it, to be turned on and off."""

from __future__ import annotations

from functools import partial

from svcctl.app.understanding.place import Hear
from svcctl.engine.keeper import Keeper
from svcctl.engine.manager import AgentManager
from svcctl.ports import Cancel, LogSink


class CaptureTap:
    """The sinks of all instances of *service*; once it is turned on, lines go to *hear*.

    A stream is named ``web.2/stderr``.
    While it is off nobody reads back what was captured, which costs as much as capture itself.
    """

    def __init__(self, service: str, manager: AgentManager, hear: Hear) -> None:
        self._service, self._manager, self._hear = service, manager, hear
        self._followed: dict[str, tuple[LogSink, Cancel]] = {}
        self._passed: dict[str, int] = {}  # bytes captured when somebody counted last
        self._missed = 0
        self._on = False

    def runs(self) -> bool:
        """See :class:`svcctl.app.understanding.place.Tap`."""
        return any(keeper.program.child for keeper in self._keepers())

    def turn_on(self) -> None:
        """See :class:`svcctl.app.understanding.place.Tap`; new instances are followed too."""
        self._count()
        self._passed.clear()
        self._on = True
        for keeper in self._keepers():
            sink, cancel = self._followed.get(keeper.name, (None, None))
            if sink is keeper.sink:
                continue
            if cancel:
                cancel()
            call = partial(self._told, keeper.name)
            self._followed[keeper.name] = keeper.sink, keeper.sink.follow(call)

    def turn_off(self) -> None:
        """See :class:`svcctl.app.understanding.place.Tap`."""
        if not self._on:
            return
        self._on = False
        for _, cancel in self._followed.values():
            cancel()
        self._followed.clear()
        self._passed = self._captured()

    def take_missed(self) -> int:
        """See :class:`svcctl.app.understanding.place.Tap`."""
        self._count()
        missed, self._missed = self._missed, 0
        return missed

    def _count(self) -> None:
        """Add up what has passed since the last time, while it is off."""
        if self._passed:
            now = self._captured()
            passed = self._passed
            self._missed += sum(max(0, now[name] - passed.get(name, 0)) for name in now)
            self._passed = now

    def _captured(self) -> dict[str, int]:
        return {keeper.name: keeper.sink.flow().captured_bytes for keeper in self._keepers()}

    def _told(self, instance: str, stream: str, lines: list[bytes]) -> None:
        self._hear(f"{instance}/{stream}", lines)

    def _keepers(self) -> list[Keeper]:
        if self._service not in self._manager.specs:
            return []
        return self._manager.keepers(self._service)
