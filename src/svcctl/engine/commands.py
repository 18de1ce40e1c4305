"""The commands of one instance: hooks, and whatever else is done beside its program."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial

from svcctl.engine import launching
from svcctl.engine.command import Runner
from svcctl.engine.keeping import Keeping
from svcctl.engine.life import Told
from svcctl.errors import SvcctlError
from svcctl.events import HookFailed

Then = Callable[[str], None]
"""Told what went wrong once it is over, or an empty text."""

Argv = tuple[str, ...]


def _whatever(_: str) -> None:
    """Go on as if nothing had been run."""


class Commands:
    """Runs them on behalf of a keeper; each that fails is an event."""

    def __init__(self, keeper: Keeping) -> None:
        self._keeper = keeper
        self._under_way: set[asyncio.Task[str]] = set()

    # those of the definition

    def run_hooks(self, which: str) -> None:
        """Run the hooks called *which*, one after the other, and tell the machine."""
        hook = self._keeper.spec.hook
        commands = {
            "pre_start": hook.pre_start,
            "post_start": hook.post_start,
            "pre_stop": hook.pre_stop,
            "post_stop": hook.post_stop,
        }[which]
        self.begin(commands, which, _whatever if which == "post_start" else self._go_on)

    def _go_on(self, problem: str) -> None:
        self._keeper.tell(Told.HOOKS_FAILED if problem else Told.HOOKS_DONE, reason=problem)

    async def run_named(self, name: str) -> str:
        """Run the command of ``hook.run`` called *name*; give what went wrong, or an empty text.

        That is an event as well.  The command is given up where the program is to stop.
        """
        task = self.begin((self._keeper.spec.hook.run[name],), f"run:{name}")
        await asyncio.wait({task})
        return "it was given up" if task.cancelled() else task.result()

    def control(self, code: str) -> None:
        """Run the command for the user control *code* of Windows; nothing where there is none."""
        argv = self._keeper.spec.windows.controls.get(code)
        if argv:
            self.begin((argv,), "control")

    # any

    def begin(
        self,
        commands: tuple[Argv, ...],
        which: str,
        then: Then = _whatever,
        *,
        limit: float | None = None,
    ) -> asyncio.Task[str]:
        """Begin to run *commands*, one after the other, and tell *then*; see :meth:`run`."""
        return self.follow(self.run(commands, which, limit=limit), which, then)

    def follow(
        self, work: Coroutine[None, None, str], which: str, then: Then = _whatever
    ) -> asyncio.Task[str]:
        """Have *work* done, which gives what went wrong, and tell *then*.

        Nobody is told of what is cancelled.
        """

        async def follow_up() -> str:
            try:
                problem = await work
            except SvcctlError as error:
                problem = error.problem
            self._under_way.discard(task)
            if problem:
                self.report_failed(which, problem)
            then(problem)
            return problem

        task = asyncio.get_running_loop().create_task(follow_up())
        self._under_way.add(task)
        return task

    def report_failed(self, which: str, problem: str) -> None:
        """Say that what is called *which* did not succeed."""
        self._keeper.world.bus.publish(
            HookFailed(**self._keeper.occasion(), hook=which, problem=problem)
        )

    async def run(
        self, commands: tuple[Argv, ...], which: str, *, limit: float | None = None
    ) -> str:
        """Run *commands*, one after the other; give what went wrong, or an empty text.

        Each gets *limit* seconds, as long as a hook where that is None.  Raises CannotSpawn.
        """
        keeper, entry = self._keeper, self._keeper.entry
        extra = {
            "SVC_RESULT": "success" if entry.exit_code == 0 else "failure",
            "SVC_EXIT": str(entry.exit_signal or entry.exit_code or 0),
        }
        if entry.identity:
            extra["MAINPID"] = str(entry.identity.pid)
        tag = f"{keeper.name}:{which}"
        launches = [launching.launch(keeper, each, tag=tag, extra=extra) for each in commands]
        longest = keeper.spec.hook.timeout if limit is None else limit
        return await self._runner().run_all(launches, name=which, limit=longest)

    async def check(self, argv: Argv, *, limit: float) -> str:
        """Run a probe's command; give what went wrong, or an empty text."""
        launch = launching.launch(self._keeper, argv, tag=f"{self._keeper.name}:probe")
        return await self._runner().run_all([launch], name="probe", limit=limit)

    def _runner(self) -> Runner:
        world = self._keeper.world
        outputs = partial(launching.outputs, self._keeper)
        return Runner(spawner=world.spawner, clock=world.clock, outputs=outputs)

    def cancel(self) -> None:
        """Kill those that run."""
        for task in list(self._under_way):
            task.cancel()
        self._under_way.clear()
