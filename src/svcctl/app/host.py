"""Keeps the one service of a host, and tells the native manager how it is."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Sequence
from dataclasses import dataclass

from svcctl.engine.keeper import Keeper
from svcctl.engine.life import QUIET, Phase
from svcctl.engine.manager import AgentManager
from svcctl.errors import Conflict
from svcctl.events import Event
from svcctl.ports import Bus, HostPhase, HostReport, Timer

log = logging.getLogger(__name__)

GAVE_UP = 69
"""Exit status of a host whose service failed for good: EX_UNAVAILABLE of sysexits.h(3head)."""

BAD_CONFIGURATION = 78
"""Exit status of a host whose service can never start as it is: EX_CONFIG of sysexits.h(3head)."""

_SIGN_OF_LIFE = 5.0  # seconds between two words to the manager while a passing phase lasts
_PATIENCE = 15.0  # seconds within which the next word is promised

_PASSING = frozenset(
    (HostPhase.STARTING, HostPhase.PAUSING, HostPhase.RESUMING, HostPhase.STOPPING)
)
_LEAVING = frozenset((Phase.STOPPING, *QUIET))


@dataclass(frozen=True, slots=True, kw_only=True)
class HostEnd:
    """How it ended: the exit *status* of the host, and the program's own *exit_code* if known."""

    status: int = 0
    exit_code: int | None = None
    reason: str = ""


def standing(phases: Sequence[Phase], *, before: HostPhase, stopping: bool) -> HostPhase:
    """Say in which phase the service is whose instances are in *phases*.

    A service that was ready once stays *running* while an instance is started anew: that is what
    svcctl is there for, and nobody has to do anything.
    """
    active = [each for each in phases if each not in QUIET]
    if stopping:
        return HostPhase.STOPPING
    for passing, told in (
        (Phase.PAUSING, HostPhase.PAUSING),
        (Phase.RESUMING, HostPhase.RESUMING),
    ):
        if passing in active:
            return told
    if active and all(each is Phase.PAUSED for each in active):
        return HostPhase.PAUSED
    waits = any(each in {Phase.STARTING, Phase.BACKOFF} for each in active)
    if before is HostPhase.STARTING and waits:
        return HostPhase.STARTING
    return HostPhase.RUNNING


def ended(keepers: Sequence[Keeper], *, asked: bool) -> HostEnd | None:
    """Say how the service ended, or None while there is something left to do."""
    if any(each.state.phase not in QUIET or each.next_at is not None for each in keepers):
        return None
    failed = [each for each in keepers if each.state.phase is Phase.FAILED]
    if asked or not failed:
        return HostEnd()
    first = failed[0]
    code = first.entry.exit_code
    never = code is not None and code in first.spec.restart.never_exit
    return HostEnd(
        status=BAD_CONFIGURATION if never else GAVE_UP, exit_code=code, reason=first.state.reason
    )


class Host:
    """The service *name* of *manager*; fulfils :class:`svcctl.ports.HostControls` in its loop."""

    def __init__(self, manager: AgentManager, name: str, *, report: HostReport, bus: Bus) -> None:
        self._manager, self._name, self._report = manager, name, report
        self._phase = HostPhase.STARTING
        self._asked = False
        self._end: asyncio.Future[HostEnd] = asyncio.get_running_loop().create_future()
        self._timer: Timer | None = None
        self._reload: asyncio.Task[None] | None = None
        self._forget = bus.subscribe(self._noticed)

    async def keep(self) -> HostEnd:
        """Start the service and come back once it is over; whatever happens, nothing runs then."""
        try:
            self._tell()
            await self._manager.start_many([self._name])
            self._look()
            return await self._end
        finally:
            self._forget()
            self._rest()
            await self._manager.stop_all()

    # controls

    def stop(self, *, shutdown: bool) -> None:
        """Stop the service, and with it the host."""
        log.info("host.stop", extra={"shutdown": shutdown})
        self._asked = True
        self._manager.stop(self._name)
        self._look()

    def pause(self) -> None:
        """Freeze the service, or run what pauses it."""
        self._manager.pause(self._name)
        self._answer()

    def resume(self) -> None:
        """Let it go on."""
        self._manager.resume(self._name)
        self._answer()

    def reload(self) -> None:
        """Make it read its configuration again."""
        if self._reload is None or self._reload.done():
            self._reload = asyncio.get_running_loop().create_task(self._reload_now())

    def custom(self, code: int) -> None:
        """Run the command configured for a user control code."""
        for keeper in self._keepers():
            keeper.commands.control(str(code))

    # what the manager is told

    def _keepers(self) -> list[Keeper]:
        return self._manager.keepers(self._name)

    def _noticed(self, event: Event) -> None:
        del event
        asyncio.get_running_loop().call_soon(self._look)

    def _look(self) -> None:
        if self._end.done():
            return
        keepers = self._keepers()
        end = ended(keepers, asked=self._asked)
        if end:
            if end.status:
                self._report.tell(HostPhase.STOPPING, text=end.reason, within=_PATIENCE)
            self._end.set_result(end)
            return
        phases = [each.state.phase for each in keepers]
        stopping = self._asked or all(each in _LEAVING for each in phases)
        now = standing(phases, before=self._phase, stopping=stopping and self._stops(keepers))
        if now is not self._phase:
            self._phase = now
            self._tell()

    def _answer(self) -> None:
        """Say how it is even where nothing came of what was asked: the manager waits for a word."""
        before = self._phase
        self._look()
        if self._phase is before and not self._end.done():
            self._tell()

    def _stops(self, keepers: Sequence[Keeper]) -> bool:
        return self._asked or not any(each.state.wanted for each in keepers)

    def _tell(self) -> None:
        """Say how it is, and again every few seconds for as long as a phase passes."""
        self._rest()
        passing = self._phase in _PASSING
        self._report.tell(self._phase, text=self._text(), within=_PATIENCE if passing else 0.0)
        if passing:
            self._timer = self._manager.world.clock.later(_SIGN_OF_LIFE, self._tell)

    def _rest(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _text(self) -> str:
        keepers = self._keepers()
        parts = [
            f"{each.state.phase}: {said}"
            if (said := each.vitals.hearing.text or each.state.reason)
            else str(each.state.phase)
            for each in keepers
        ]
        return parts[0] if len(set(parts)) == 1 else "; ".join(parts)

    async def _reload_now(self) -> None:
        self._report.reloading(over=False)
        try:
            self._manager.reload(self._name)
            for keeper in self._keepers():
                await keeper.program.reloaded()
        except Conflict as error:
            log.warning("host.reload-refused", extra={"problem": error.problem})
        finally:
            self._report.reloading(over=True)
