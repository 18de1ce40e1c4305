"""Every verb that changes services, once: each way in comes through here and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable

from svcctl.app.arguments import Arguments
from svcctl.app.goals import Goal, Outcome
from svcctl.app.selection import choose
from svcctl.app.waiting import Emit, Waiting
from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase
from svcctl.engine.manager import AgentManager
from svcctl.errors import Conflict, UsageError
from svcctl.ports import Document
from svcctl.spec.names import did_you_mean
from svcctl.wire import Selection

Verdicts = list[Outcome]


class Services:
    """Starts, stops and otherwise changes services, and waits for what becomes of it."""

    def __init__(self, manager: AgentManager, *, waiting: Waiting) -> None:
        self._manager, self._waiting = manager, waiting
        self._background: set[asyncio.Task[Verdicts]] = set()

    def chosen(self, selection: Selection) -> list[str]:
        """Give the services or instances that *selection* means."""
        return choose(selection, self._manager.specs)

    async def start(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Start them, and first what they need."""
        names = self.chosen(selection)

        async def work(within: float | None) -> Verdicts:
            for wave in self._waves(names):
                for name in wave:
                    self._manager.start(name)
                    await asyncio.sleep(0)
            return await self._until(names, Goal.UP, emit, within)

        return await self._outcomes(names, args, work)

    async def stop(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Stop them, dependants first."""
        names = self.chosen(selection)

        async def work(within: float | None) -> Verdicts:
            return await self.stop_in_order(names, emit=emit, within=within)

        return await self._outcomes(names, args, work)

    async def stop_in_order(
        self, names: Iterable[str], *, emit: Emit, within: float | None
    ) -> Verdicts:
        """Stop *names*; each wave when those that need it are down."""
        found: Verdicts = []
        for wave in reversed(self._waves(names)):
            for name in wave:
                self._manager.stop(name)
            found += await self._until(wave, Goal.DOWN, emit, within)
        return found

    async def restart(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Restart them; of a service with several instances one after the other."""
        names = self.chosen(selection)

        async def work(within: float | None) -> Verdicts:
            found: Verdicts = []
            for wave in self._waves(names):
                found += await self._restart_wave(wave, emit, within)
            return found

        return await self._outcomes(names, args, work)

    async def _restart_wave(self, names: list[str], emit: Emit, within: float | None) -> Verdicts:
        queues = [[keeper.address for keeper in self._manager.keepers(name)] for name in names]
        found: Verdicts = []
        while turn := [queue.pop(0) for queue in queues if queue]:
            for name in turn:
                self._manager.restart(name)
            found += await self._until(turn, Goal.UP, emit, within)
        return found

    async def reload(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Reload them; what cannot is restarted."""
        names = self.chosen(selection)
        for name in names:
            for keeper in self._manager.keepers(name):
                if keeper.state.phase is not Phase.RUNNING:
                    raise Conflict(
                        f"{keeper.name!r} is {keeper.state.phase}: only what runs can be reloaded",
                        hint=f"svcctl start {name}",
                    )

        async def work(within: float | None) -> Verdicts:
            failed: dict[str, str] = {}
            for name in names:
                for keeper in self._manager.keepers(name):
                    self._manager.reload(keeper.address)
                    problem = await keeper.program.reloaded()
                    if problem:
                        failed[keeper.name] = problem
            found = await self._until(names, Goal.UP, emit, within)
            return [_with_problem(each, failed.get(each.instance, "")) for each in found]

        return await self._outcomes(names, args, work)

    async def pause(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Freeze them."""
        return await self._simple(selection, args, emit, self._manager.pause, Goal.PAUSED)

    async def resume(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Let them go on."""
        names = self.chosen(selection)
        for name in names:
            for keeper in self._manager.keepers(name):
                if keeper.state.phase not in {Phase.PAUSED, Phase.PAUSING, Phase.RUNNING}:
                    raise Conflict(
                        f"{keeper.name!r} is {keeper.state.phase}, not paused",
                        hint=f"svcctl start {name}",
                    )
        return await self._simple(selection, args, emit, self._manager.resume, Goal.UP)

    async def reset(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Forget their failures; those that are meant to be up start again."""
        names = self.chosen(selection)

        async def work(within: float | None) -> Verdicts:
            for name in names:
                self._manager.reset(name)
            busy = [
                keeper.name
                for keeper in self._keepers(names)
                if keeper.state.phase is not Phase.STOPPED
            ]
            quiet = [keeper.name for keeper in self._keepers(names) if keeper.name not in busy]
            return [
                *await self._until(busy, Goal.UP, emit, within),
                *await self._until(quiet, Goal.DOWN, emit, within),
            ]

        return await self._outcomes(names, args, work)

    async def kill(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Send a signal to their main processes."""
        del emit
        names = self.chosen(selection)
        signal = (args.text("signal") or "KILL").upper().removeprefix("SIG")
        for name in names:
            self._manager.signal(name, signal)
        return self._as_they_are(names)

    async def run(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Run a command of ``hook.run``, in one instance after the other."""
        del emit
        command = args.text("command") or ""
        keepers = self._keepers(self.chosen(selection))
        for keeper in keepers:
            known = keeper.spec.hook.run
            if command not in known:
                raise UsageError(
                    f"service {keeper.spec.name!r} has no command {command!r} in hook.run",
                    hint=did_you_mean(command, known) or f"it has: {', '.join(known) or 'none'}",
                )
        found: Verdicts = []
        for keeper in keepers:
            problem = await keeper.commands.run_named(command)
            (outcome,) = self._verdicts_now([keeper.address])
            found.append(_with_problem(outcome, problem))
        return [each.document() for each in found]

    async def scale(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Change how many instances of one service run."""
        names = self.chosen(selection)
        count = args.integer("instances")
        if count is None or not 1 <= count <= 1000:
            raise UsageError(f"instances is {count}, not a number from 1 to 1000")
        if len(names) != 1:
            raise UsageError(f"scale takes one service, not {len(names)}")

        async def work(within: float | None) -> Verdicts:
            before = {keeper.name for keeper in self._manager.keepers(names[0])}
            await self._manager.scale(names[0], count)
            await self._manager.settle()
            new = [
                keeper.name
                for keeper in self._manager.keepers(names[0])
                if keeper.name not in before and keeper.state.wanted
            ]
            await self._until(new, Goal.UP, emit, within)
            return self._verdicts_now(names)

        return await self._outcomes(names, args, work)

    async def enable(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """Have them start with the agent."""
        del args, emit
        return await self._set_enabled(selection, enabled=True)

    async def disable(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        """No longer start them with the agent."""
        del args, emit
        return await self._set_enabled(selection, enabled=False)

    async def _set_enabled(self, selection: Selection, *, enabled: bool) -> object:
        names = self.chosen(selection)
        for name in names:
            await self._manager.enable(name, enabled=enabled)
        await self._manager.settle()
        return self._as_they_are(names)

    async def close(self) -> None:
        """Wait for verbs that nobody waits for."""
        if self._background:
            await asyncio.wait(self._background)

    # shared

    async def _simple(
        self,
        selection: Selection,
        args: Arguments,
        emit: Emit,
        verb: Callable[[str], None],
        goal: Goal,
    ) -> object:
        names = self.chosen(selection)

        async def work(within: float | None) -> Verdicts:
            for name in names:
                verb(name)
            return await self._until(names, goal, emit, within)

        return await self._outcomes(names, args, work)

    async def _outcomes(
        self,
        names: list[str],
        args: Arguments,
        work: Callable[[float | None], Awaitable[Verdicts]],
    ) -> object:
        """Do *work* and give its outcomes, or leave it to itself where nobody waits."""
        if args.flag("no_wait"):
            task = asyncio.ensure_future(work(None))
            self._background.add(task)
            task.add_done_callback(self._background.discard)
            await asyncio.sleep(0)
            await self._manager.settle()
            return self._as_they_are(names)
        outcomes = await work(args.seconds("timeout"))
        await self._manager.settle()
        return [each.document() for each in outcomes]

    def _waves(self, names: Iterable[str]) -> list[list[str]]:
        """Put *names*, services or instances, into the order of their needs."""
        by_service: dict[str, list[str]] = {}
        for name in names:
            service = self._manager.keepers(name)[0].spec.name
            by_service.setdefault(service, []).append(name)
        waves = self._manager.start_order(by_service)
        return [[each for service in wave for each in by_service[service]] for wave in waves]

    async def _until(
        self, names: Iterable[str], goal: Goal, emit: Emit, within: float | None
    ) -> Verdicts:
        goals = {keeper.name: goal for keeper in self._keepers(names)}
        return await self._waiting.until(goals, emit=emit, within=within)

    def _keepers(self, names: Iterable[str]) -> list[Keeper]:
        return [keeper for name in names for keeper in self._manager.keepers(name)]

    def _verdicts_now(self, names: Iterable[str]) -> Verdicts:
        return [
            Outcome(
                service=status.service,
                instance=status.instance,
                ok=True,
                phase=status.phase,
                pid=status.pid,
            )
            for status in map(self._manager.glance, self._keepers(names))
        ]

    def _as_they_are(self, names: Iterable[str]) -> list[Document]:
        return [each.document() for each in self._verdicts_now(names)]


def _with_problem(outcome: Outcome, problem: str) -> Outcome:
    if not problem:
        return outcome
    return Outcome(
        service=outcome.service,
        instance=outcome.instance,
        ok=False,
        phase=outcome.phase,
        problem=problem,
        hint=f"see: svcctl logs {outcome.service}",
        pid=outcome.pid,
    )
