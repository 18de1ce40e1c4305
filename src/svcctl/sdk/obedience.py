"""Does what a service is asked for while it lives: to stand still, to go on, to read anew."""

from __future__ import annotations

from svcctl.errors import Conflict
from svcctl.ports import HostReport
from svcctl.sdk.gate import Gate
from svcctl.sdk.hooks import Hooks
from svcctl.sdk.phases import Input, Phase
from svcctl.sdk.settings import Settings
from svcctl.sdk.voice import Voice


class Obedience:
    """Each comes back once the service has done it; raises Conflict where nothing comes of it."""

    def __init__(
        self,
        name: str,
        *,
        hooks: Hooks,
        voice: Voice,
        gate: Gate,
        settings: Settings | None,
        report: HostReport,
    ) -> None:
        self._name = name
        self._hooks, self._voice, self._gate = hooks, voice, gate
        self._settings, self._report = settings, report

    async def pause(self) -> None:
        """Stand still; the service goes on where its hook fails."""
        if not self._voice.move(Input.PAUSE):
            self._insist(Phase.PAUSED)
            return
        self._gate.close()
        problem = await self._hooks.call("on_pause")
        if not problem:
            self._voice.move(Input.PAUSED)
            return
        self._gate.open()
        self._voice.move(Input.RESUMED)
        raise Conflict(problem, hint="the service goes on")

    async def resume(self) -> None:
        """Go on, even where the hook fails."""
        if not self._voice.move(Input.RESUME):
            self._insist(Phase.RUNNING)
            return
        await self._hooks.call("on_resume")
        self._gate.open()
        self._voice.move(Input.RESUMED)

    def _insist(self, phase: Phase) -> None:
        if self._voice.phase is not phase:
            raise Conflict(f"{self._name!r} is {self._voice.phase}, not {phase}")

    async def control(self, code: int) -> None:
        """Hand on a control code that only this service knows."""
        if problem := await self._hooks.call("on_control", code):
            raise Conflict(problem)

    async def reload(self, who: str) -> object:
        """Read the configuration anew, because *who* wants it, and give what came of it."""
        self._report.reloading(over=False)
        try:
            if self._settings is not None:
                return await self._settings.reload(who=who)
            await self.reconfigured(None, None, frozenset())
            return None
        finally:
            self._report.reloading(over=True)

    async def reconfigured(self, old: object, new: object, changed: frozenset[str]) -> None:
        """Announce a configuration to the service."""
        problem = await self._hooks.call("on_reload", old, new, more={"changed": changed})
        if problem:
            raise Conflict(problem)
