"""The processes of one instance: started, asked to stop, swept up, found again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace

from svcctl.engine import environment, launching
from svcctl.engine.commands import Commands
from svcctl.engine.dialogue import Dialogue
from svcctl.engine.keeping import Keeping
from svcctl.engine.life import Phase, Stage, Told
from svcctl.events import LimitNotEnforced, ReloadDone
from svcctl.ports import Child, Document, Exit, Identity, Launch, Member
from svcctl.spec.policy import StopStep, StopTree


class Program:
    """What a keeper does with processes; it reports to the keeper and decides nothing."""

    def __init__(self, keeper: Keeping, commands: Commands) -> None:
        self._keeper, self._commands = keeper, commands
        self.dialogue = Dialogue(keeper)
        self.child: Child | None = None
        self._remains: Child | None = None  # a tree without its main process
        self._sweeping = False
        self._reload: asyncio.Task[str] | None = None

    # start

    def prepare(self) -> Launch:
        """Give what is to be started; raises CannotSpawn where something it needs is missing."""
        keeper = self._keeper
        traced = keeper.world.trace(keeper.spec.name, keeper.name)
        extra = {**traced, **keeper.notify_environment()}
        argv = environment.argv(keeper.spec, keeper.world.shell_argv)
        return launching.launch(keeper, argv, tag=keeper.name, extra=extra)

    def spawn(self, launch: Launch) -> Child:
        """Start it; raises CannotSpawn."""
        self._keeper.sink.begin_run()
        with launching.outputs(self._keeper) as (stdout, stderr):
            child = self._keeper.world.spawner.spawn(replace(launch, stdout=stdout, stderr=stderr))
        self._take(child)
        for limit, problem in child.unenforced:
            self._keeper.world.bus.publish(
                LimitNotEnforced(**self._keeper.occasion(), limit=limit, problem=problem)
            )
        return child

    def adopt(self, identity: Identity, token: str) -> bool:
        """Take over what an earlier agent started; False where it runs no more."""
        child = self._keeper.world.spawner.adopt(identity, tag=self._keeper.name, token=token)
        if child is None:
            return False
        self._take(child)
        return True

    def follow(self, pid: int) -> bool:
        """Take *pid* as the main process from now on; False where it is none of this tree.

        Any other, and a service could have the agent kill whomever it names.
        """
        former = self.child
        if former is None or pid not in {each.pid for each in former.members()}:
            return False
        identity = self._keeper.world.spawner.identify(pid)
        if identity is None:
            return False
        if not self.adopt(identity, self._keeper.entry.token):
            return False
        former.close()
        return True

    def sweep_strays(self, token: str, then: Callable[[tuple[Member, ...]], None]) -> None:
        """Kill what is left of a program whose main process ended unseen."""
        if self._keeper.sweeps and token:
            self._keeper.world.spawner.strays(self._keeper.name, token, then)
        else:
            then(())

    def surroundings(self) -> Document:
        """Give what a command needs to run as the program does."""
        launch = launching.launch(self._keeper, (), tag=self._keeper.name)
        return {
            "env": dict(launch.env),
            "cwd": launch.cwd,
            "user": launch.user,
            "group": launch.group,
            "argv_prefix": [],
        }

    def close(self) -> None:
        """Let go of descriptors; no program is touched."""
        for child in (self.child, self._remains):
            if child:
                child.close()
        self.child = self._remains = None

    def _take(self, child: Child) -> None:
        self.child = child
        child.on_exit(lambda end: self._exited(child, end))

    # end

    def _exited(self, child: Child, end: Exit) -> None:
        if child is not self.child:
            return
        keeper = self._keeper
        keeper.sink.drain()
        if end.code == 0 and keeper.forks and self._follow_fork():
            return
        self.child, self._remains = None, child
        if keeper.spec.secrets:
            from svcctl.engine import credentials  # noqa: PLC0415 - few services have secrets

            credentials.forget(f"{keeper.world.credentials}/{keeper.name}")
        asked = self._keeper.state.stage in {Stage.ASKING, Stage.KILLING, Stage.PRE_STOP}
        leftover = asked or not self._swept_at_once()
        self._keeper.exited(end, leftover=leftover)

    def _follow_fork(self) -> bool:
        """Find the process that a forking program left behind."""
        keeper = self._keeper
        if keeper.spec.pid_file:
            with suppress(OSError, ValueError), open(keeper.spec.pid_file, "rb") as file:
                return keeper.follow_main(int(file.read()))
            return False
        members = self.child.members() if self.child else ()
        return len(members) == 1 and keeper.follow_main(members[0].pid)

    def _swept_at_once(self) -> bool:
        """Begin to sweep; True where nothing was left, so that a crash costs no detour."""
        self._begin_sweep(lambda _: None, grace=0.0)
        return self._remains is None

    def sweep(self) -> None:
        """Kill what the main process left behind; the keeper is told when all of it is gone."""
        if self._sweeping:
            return
        if self._remains is None:
            self._keeper.swept(())
            return
        patient = self._keeper.spec.stop.tree is StopTree.GROUP
        grace = self._keeper.spec.stop.timeout if patient else 0.0
        self._begin_sweep(self._keeper.swept, grace=grace)

    def _begin_sweep(self, tell: Callable[[tuple[Member, ...]], None], *, grace: float) -> None:
        remains = self._remains
        assert remains is not None
        self._sweeping = True
        during = True

        def then(killed: tuple[Member, ...]) -> None:
            self._sweeping, self._remains = False, None
            self._keeper.sink.drain()
            remains.close()
            if during:
                self._keeper.report_killed(killed)
                tell(())
            else:
                self._keeper.swept(killed)

        if self._keeper.sweeps:
            remains.sweep(then, grace=grace)
        else:
            then(())
        during = False

    def take_step(self, step: StopStep) -> None:
        """Ask the program to stop, in one way; what the step before still does is given up."""
        self._commands.cancel()
        if self.child is None:
            return
        if step.signal is not None:
            everyone = self._keeper.spec.stop.tree is StopTree.GROUP
            self.child.signal(step.signal, everyone=everyone)
        elif step.exec:
            self._commands.begin((step.exec,), "stop", self._step_over, limit=step.timeout)
        elif step.http is not None:
            from svcctl.engine.probes.http import post  # noqa: PLC0415 - not small, and rare

            self._commands.follow(post(step.http), "stop", self._step_over)

    def _step_over(self, problem: str) -> None:
        """Do not wait for a program that could not be asked to stop."""
        if problem and self._keeper.state.stage is Stage.ASKING:
            self._keeper.tell(Told.TIME_OVER)

    def kill(self) -> None:
        """Kill the whole tree, or, where others are to be spared, the main process."""
        if self.child is None:
            return
        if self._keeper.sweeps:
            self.child.sweep(self._keeper.report_killed)
        else:
            self.child.signal("KILL")

    # pause

    def freeze(self) -> None:
        """Make the tree stand still, or have the service's own command or the program itself do it.

        Where that command fails the tree is frozen: what says it is paused does stand still.
        """
        if self._keeper.spec.hook.pause:
            self._commands.begin((self._keeper.spec.hook.pause,), "pause", self._command_paused)
        elif self._keeper.entry.endpoint:
            self._commands.follow(self.dialogue.pause(), "on_pause", self._program_paused)
        else:
            self._freeze_tree()

    def _freeze_tree(self) -> None:
        if self.child:
            self.child.freeze()
        self._keeper.tell(Told.FROZEN)

    def _command_paused(self, problem: str) -> None:
        if problem:
            self._freeze_tree()
        else:
            self._keeper.tell(Told.FROZEN)

    def _program_paused(self, problem: str) -> None:
        self._keeper.tell(Told.FREEZE_FAILED if problem else Told.FROZEN, reason=problem)

    def thaw(self) -> None:
        """Let the tree go on."""
        if self.child:
            self.child.thaw()
        resuming = self._keeper.state.phase is Phase.RESUMING
        if self._keeper.spec.hook.resume and resuming:
            self._commands.begin((self._keeper.spec.hook.resume,), "resume", self._command_resumed)
        elif self._keeper.entry.endpoint and resuming:
            self._commands.follow(self.dialogue.resume(), "on_resume", self._program_resumed)
        else:
            self._keeper.tell(Told.THAWED)

    def _command_resumed(self, _: str) -> None:
        self._keeper.tell(Told.THAWED)

    def _program_resumed(self, problem: str) -> None:
        self._keeper.tell(Told.THAW_FAILED if problem else Told.THAWED, reason=problem)

    # reload

    def reload(self) -> None:
        """Make the program read its configuration again."""
        self._reload = asyncio.get_running_loop().create_task(self._reload_now())

    @property
    def is_reloading(self) -> bool:
        """Whether a reload is under way."""
        return self._reload is not None and not self._reload.done()

    async def reloaded(self) -> str:
        """Wait for the reload under way; give what went wrong, or an empty text."""
        return await asyncio.shield(self._reload) if self._reload else ""

    async def _reload_now(self) -> str:
        policy = self._keeper.spec.reload
        problem, how = "", ""
        if self._keeper.entry.endpoint:
            how, problem = "request", await self.dialogue.reload()
        elif policy.signal and self.child:
            how = f"signal {policy.signal}"
            self.child.signal(policy.signal)
        elif policy.exec:
            how, problem = "command", await self._commands.run((policy.exec,), "reload")
        if problem:
            self._commands.report_failed("reload", problem)
        elif how:
            self._keeper.world.bus.publish(ReloadDone(**self._keeper.occasion(), how=how))
        return problem
