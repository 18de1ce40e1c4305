"""The processes of one instance: started, asked to stop, swept up, found again."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace

from svcctl.engine import command, environment
from svcctl.engine.dialogue import Dialogue
from svcctl.engine.keeping import Keeping
from svcctl.engine.life import Phase, Stage, Told
from svcctl.errors import CannotSpawn, SvcctlError
from svcctl.events import HookFailed, LimitNotEnforced, ReloadDone
from svcctl.ports import Child, Document, Exit, Identity, Launch, Member
from svcctl.spec.policy import LogTo, StopStep, StopTree

_INHERIT = -1

_OWN_WAY = {
    "on_pause": (Told.FROZEN, Told.FREEZE_FAILED),
    "on_resume": (Told.THAWED, Told.THAW_FAILED),
}
"""What the machine is told of what a program was asked to do itself: it was done, or it was not."""


class Program:
    """What a keeper does with processes; it reports to the keeper and decides nothing."""

    def __init__(self, keeper: Keeping) -> None:
        self._keeper = keeper
        self.dialogue = Dialogue(keeper)
        self.child: Child | None = None
        self._remains: Child | None = None  # a tree without its main process
        self._sweeping = False
        self._commands: set[asyncio.Task[str]] = set()
        self._reload: asyncio.Task[str] | None = None

    # start

    def prepare(self) -> Launch:
        """Give what is to be started; raises CannotSpawn where something it needs is missing."""
        keeper = self._keeper
        traced = keeper.world.trace(keeper.spec.name, keeper.name)
        extra = {**traced, **keeper.notify_environment()}
        argv = environment.argv(keeper.spec, keeper.world.shell_argv)
        return self._launch(argv, tag=keeper.name, extra=extra)

    def spawn(self, launch: Launch) -> Child:
        """Start it; raises CannotSpawn."""
        self._keeper.sink.begin_run()
        with self._outputs() as (stdout, stderr):
            child = self._keeper.world.spawner.spawn(replace(launch, stdout=stdout, stderr=stderr))
        self._take(child)
        for limit, problem in child.unenforced:
            self._keeper.world.bus.publish(
                LimitNotEnforced(
                    **self._keeper.occasion(),
                    limit=limit,
                    problem=problem,
                )
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
        launch = self._launch((), tag=self._keeper.name)
        return {
            "env": dict(launch.env),
            "cwd": launch.cwd,
            "user": launch.user,
            "group": launch.group,
            "argv_prefix": [],
        }

    def close(self) -> None:
        """Let go of descriptors and commands; no program is touched."""
        self.cancel_commands()
        for child in (self.child, self._remains):
            if child:
                child.close()
        self.child = self._remains = None

    def _take(self, child: Child) -> None:
        self.child = child
        child.on_exit(lambda end: self._exited(child, end))

    def _launch(
        self, argv: tuple[str, ...], *, tag: str, extra: dict[str, str] | None = None
    ) -> Launch:
        keeper = self._keeper
        place = environment.Place(
            instance=keeper.name,
            number=keeper.number,
            base=keeper.world.environ,
            credentials=keeper.world.credentials,
            services=keeper.world.services,
            extra=extra or {},
        )
        return environment.launch(keeper.spec, place, argv=argv, tag=tag, token=os.urandom(8).hex())

    @contextmanager
    def _outputs(self) -> Iterator[tuple[int | None, int | None]]:
        """Give descriptors for a child's stdout and stderr, closed when the block is left."""
        with ExitStack() as stack:
            match self._keeper.spec.log.to:
                case LogTo.CAPTURE:
                    pair = (self._writer("stdout", stack), self._writer("stderr", stack))
                case LogTo.INHERIT | LogTo.JOURNAL:  # a host's own output is the journal
                    pair = (_INHERIT, _INHERIT)
                case _:
                    pair = (None, None)
            yield pair

    def _writer(self, stream: str, stack: ExitStack) -> int | None:
        """Give a descriptor that is closed with *stack*; raises CannotSpawn."""
        try:
            found = self._keeper.sink.writer(stream)
        except OSError as error:
            raise CannotSpawn(f"its {stream} cannot be captured: {error.strerror}") from error
        if found is not None:
            stack.callback(os.close, found)
        return found

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
        self.cancel_commands()
        if self.child is None:
            return
        if step.signal is not None:
            everyone = self._keeper.spec.stop.tree is StopTree.GROUP
            self.child.signal(step.signal, everyone=everyone)
        elif step.exec:
            self._start(self._stop_command(step), "stop")
        elif step.http is not None:
            from svcctl.engine.probes.http import post  # noqa: PLC0415 - not small, and rare

            self._start(post(step.http), "stop")

    async def _stop_command(self, step: StopStep) -> str:
        return await self._run((step.exec,), "stop", limit=step.timeout)

    def kill(self) -> None:
        """Kill the whole tree, or, where others are to be spared, the main process."""
        if self.child is None:
            return
        if self._keeper.sweeps:
            self.child.sweep(self._keeper.report_killed)
        else:
            self.child.signal("KILL")

    def freeze(self) -> None:
        """Make the tree stand still, or have the service's own command or the program itself do it.

        Where that command fails the tree is frozen: what says it is paused does stand still.
        """
        if self._keeper.spec.hook.pause:
            self._start(self._run_pause_hook(self._keeper.spec.hook.pause), "pause")
            return
        if self._keeper.entry.endpoint:
            self._start(self.dialogue.pause(), "on_pause")
            return
        if self.child:
            self.child.freeze()
        self._keeper.tell(Told.FROZEN)

    def thaw(self) -> None:
        """Let the tree go on."""
        if self.child:
            self.child.thaw()
        resuming = self._keeper.state.phase is Phase.RESUMING
        if self._keeper.spec.hook.resume and resuming:
            self._start(self._run_pause_hook(self._keeper.spec.hook.resume), "resume")
        elif self._keeper.entry.endpoint and resuming:
            self._start(self.dialogue.resume(), "on_resume")
        else:
            self._keeper.tell(Told.THAWED)

    async def _run_pause_hook(self, argv: tuple[str, ...]) -> str:
        return await self._run((argv,), "pause", limit=self._keeper.spec.hook.timeout)

    def control(self, code: str) -> None:
        """Run the command for the user control *code* of Windows; nothing where there is none."""
        spec = self._keeper.spec
        argv = spec.windows.controls.get(code)
        if argv:
            self._start(self._run((argv,), "control", limit=spec.hook.timeout), "control")

    # commands

    def run_hooks(self, which: str) -> None:
        """Run the hooks called *which*, one after the other, and tell the machine."""
        hook = self._keeper.spec.hook
        commands = {
            "pre_start": hook.pre_start,
            "post_start": hook.post_start,
            "pre_stop": hook.pre_stop,
            "post_stop": hook.post_stop,
        }[which]
        self._start(self._run(commands, which, limit=hook.timeout), which)

    async def run_named(self, name: str) -> str:
        """Run the command of ``hook.run`` called *name*; give what went wrong, or an empty text.

        That is an event as well.  The command is given up where the program is to stop.
        """
        hook, which = self._keeper.spec.hook, f"run:{name}"
        task = self._start(self._run((hook.run[name],), which, limit=hook.timeout), which)
        await asyncio.wait({task})
        return "it was given up" if task.cancelled() else task.result()

    def _start(self, work: Coroutine[None, None, str], which: str) -> asyncio.Task[str]:
        async def follow_up() -> str:
            try:
                problem = await work
            except SvcctlError as error:
                problem = error.problem
            self._commands.discard(task)
            self._concluded(which, problem)
            return problem

        task = asyncio.get_running_loop().create_task(follow_up())
        self._commands.add(task)
        return task

    def _concluded(self, which: str, problem: str) -> None:
        """A command is over: say what failed, and let the machine go on where it waits."""
        if problem:
            self._failed(which, problem)
        if which in {"pre_start", "pre_stop", "post_stop"}:
            self._keeper.tell(Told.HOOKS_FAILED if problem else Told.HOOKS_DONE, reason=problem)
        elif which == "pause":
            if problem and self.child:
                self.child.freeze()
            self._keeper.tell(Told.FROZEN)
        elif which == "resume":
            self._keeper.tell(Told.THAWED)
        elif which in _OWN_WAY:
            done, failed = _OWN_WAY[which]
            self._keeper.tell(failed if problem else done, reason=problem)
        elif which == "stop" and problem and self._keeper.state.stage is Stage.ASKING:
            self._keeper.tell(Told.TIME_OVER)

    def _failed(self, which: str, problem: str) -> None:
        self._keeper.world.bus.publish(
            HookFailed(
                **self._keeper.occasion(),
                hook=which,
                problem=problem,
            )
        )

    async def _run(self, commands: tuple[tuple[str, ...], ...], which: str, *, limit: float) -> str:
        entry = self._keeper.entry
        extra = {
            "SVC_RESULT": "success" if entry.exit_code == 0 else "failure",
            "SVC_EXIT": str(entry.exit_signal or entry.exit_code or 0),
        }
        if self.child:
            extra["MAINPID"] = str(self.child.identity.pid)
        tag = f"{self._keeper.name}:{which}"
        launches = [self._launch(each, tag=tag, extra=extra) for each in commands]
        return await self._runner().run_all(launches, name=which, limit=limit)

    async def check(self, argv: tuple[str, ...], *, limit: float) -> str:
        """Run a probe's command; give what went wrong, or an empty text."""
        launch = self._launch(argv, tag=f"{self._keeper.name}:probe")
        return await self._runner().run_all([launch], name="probe", limit=limit)

    def _runner(self) -> command.Runner:
        world = self._keeper.world
        return command.Runner(spawner=world.spawner, clock=world.clock, outputs=self._outputs)

    def cancel_commands(self) -> None:
        """Kill the hooks that run."""
        for task in list(self._commands):
            task.cancel()
        self._commands.clear()

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
            how = "command"
            limit = self._keeper.spec.hook.timeout
            problem = await self._run((policy.exec,), "reload", limit=limit)
        if problem:
            self._failed("reload", problem)
        elif how:
            self._keeper.world.bus.publish(
                ReloadDone(
                    **self._keeper.occasion(),
                    how=how,
                )
            )
        return problem
