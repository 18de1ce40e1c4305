"""Keeps one instance: hands the machine what happens, carries out what it answers."""

from __future__ import annotations

import random
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from svcctl.engine import journal
from svcctl.engine.commands import Commands
from svcctl.engine.judge import describe_code, ending
from svcctl.engine.keeping import Occasion
from svcctl.engine.life import Cause, Effect, Ending, Input, Instance, Phase, Stage, Told
from svcctl.engine.machine import step
from svcctl.engine.program import Program
from svcctl.engine.schedule import Ticker
from svcctl.engine.vitals import Vitals
from svcctl.engine.world import World
from svcctl.errors import CannotSpawn
from svcctl.events import (
    InstanceExited,
    InstanceSpawned,
    PhaseChanged,
    RunSkipped,
    TreeKilled,
)
from svcctl.ports import Exit, Member, Timer, Usage
from svcctl.spec.policy import StopTree
from svcctl.spec.service import ServiceSpec, Type

_KILL_AGAIN = 5.0  # seconds after which a tree that would not die is killed once more


def instance_name(service: str, number: int) -> str:
    """Give the name of the *number*-th instance (from 1): ``web``, ``web.2``, ``web.3``."""
    return service if number == 1 else f"{service}.{number}"


def ending_text(end: Exit) -> str:
    """Say how a process ended, for people."""
    if end.signal is not None:
        return f"killed by signal {end.signal}"
    return "exit status unknown" if end.code is None else describe_code(end.code)


class Keeper:
    """The shell around :func:`svcctl.engine.machine.step`; its inbox owns the instance's state.

    *await_needs* is called when the instance must wait for others; whoever is told answers with
    ``tell(Told.NEEDS_MET)``.
    """

    def __init__(
        self,
        spec: ServiceSpec,
        *,
        number: int,
        revision: str,
        world: World,
        await_needs: Callable[[Keeper], None],
    ) -> None:
        self.spec = spec
        self.number = number
        self.name = instance_name(spec.name, number)
        self.entry = journal.Entry(
            service=spec.name, number=number, revision=revision, boot_id=world.boot_id
        )
        self._world = world
        self._inbox: deque[Input] = deque()
        self._acting = False
        self._timer: Timer | None = None
        self._await_needs = await_needs
        self._ticker: Ticker | None = None
        self._last_due: float | None = None
        self._written: journal.Entry | None = None
        self.sink = world.open_sink(spec, self.name)
        self.commands = Commands(self)
        self.program = Program(self, self.commands)
        self.vitals = Vitals(self)
        self._deeds: dict[Effect, Callable[[], None]] = {
            Effect.AWAIT_NEEDS: lambda: self._await_needs(self),
            Effect.RUN_PRE_START: lambda: self.commands.run_hooks("pre_start"),
            Effect.SPAWN: self._spawn,
            Effect.WATCH_READY: self._watch_ready,
            Effect.WATCH_LIVE: self.vitals.watch_live,
            Effect.UNWATCH: self._unwatch,
            Effect.RUN_POST_START: lambda: self.commands.run_hooks("post_start"),
            Effect.RUN_PRE_STOP: lambda: self.commands.run_hooks("pre_stop"),
            Effect.TAKE_STEP: self._take_step,
            Effect.KILL: self._kill,
            Effect.SWEEP: self.program.sweep,
            Effect.RUN_POST_STOP: lambda: self.commands.run_hooks("post_stop"),
            Effect.WAIT: lambda: self.arm(self.state.delay),
            Effect.DISARM: self._disarm,
            Effect.FREEZE: self.program.freeze,
            Effect.THAW: self.program.thaw,
            Effect.RELOAD: self.program.reload,
            Effect.ARM_SCHEDULE: self._arm_schedule,
            Effect.DISARM_SCHEDULE: self._disarm_schedule,
            Effect.SKIP_RUN: lambda: self._world.bus.publish(RunSkipped(**self.occasion())),
        }

    @property
    def address(self) -> str:
        """Means this instance and no other, where its name may mean the whole service."""
        return f"{self.spec.name}.{self.number}"

    @property
    def state(self) -> Instance:
        """What the machine remembers."""
        return self.entry.state

    @property
    def world(self) -> World:
        """The outside."""
        return self._world

    def occasion(self) -> Occasion:
        """Give what an event that happens to the instance now begins with."""
        return Occasion(at=self._world.clock.now(), service=self.spec.name, instance=self.name)

    @property
    def next_at(self) -> float | None:
        """When (seconds since 1970) the next scheduled run is due."""
        return self._ticker.due_at if self._ticker else None

    def tell(
        self,
        kind: Told,
        *,
        ending: Ending = Ending.OK,
        leftover: bool = False,
        permanent: bool = False,
        reason: str = "",
    ) -> None:
        """Hand in what happened; it is acted on at once, or after what is being acted on now."""
        self._inbox.append(
            Input(
                kind=kind,
                at=self._world.clock.monotonic(),
                chance=random.random(),  # noqa: S311 - a jitter is no secret
                ending=ending,
                leftover=leftover,
                permanent=permanent,
                obliging=bool(self.entry.endpoint),
                reason=reason,
            )
        )
        if self._acting:
            return
        self._acting = True
        try:
            while self._inbox:
                self._act(self._inbox.popleft())
        finally:
            self._acting = False
            self.write_down()

    def _act(self, told: Input) -> None:
        before = self.state
        after, effects = step(before, told, self.spec)
        self.entry = replace(self.entry, state=after)
        if after.restarts > before.restarts:
            self._count_restart(before.cause)
        if after.phase is not before.phase:
            self._world.bus.publish(
                PhaseChanged(
                    **self.occasion(), old=before.phase, new=after.phase, reason=after.reason
                )
            )
        for effect in effects:
            self.carry_out(effect)

    def carry_out(self, effect: Effect) -> None:
        """Do what the machine wants done."""
        self._deeds[effect]()

    def _count_restart(self, cause: Cause) -> None:
        """Count it by the *cause* of the stop before; where there was no stop, it just ended."""
        why = str(Cause.EXITED if cause is Cause.NONE else cause)
        before = self.entry.restarted
        restarted = {**before, why: before.get(why, 0) + 1}
        self.entry = replace(self.entry, restarted=restarted)

    def write_down(self) -> None:
        """Journal how the instance stands."""
        if self.entry != self._written:
            self._written = self.entry
            self._world.store.put(journal.KIND, self.name, journal.to_document(self.entry))

    def respec(self, spec: ServiceSpec, revision: str) -> None:
        """Take a new definition; what concerns the running program holds from its next start."""
        self.spec = spec
        self.entry = replace(self.entry, revision=revision)
        self.sink.policy = spec.log
        self.vitals.respec()
        if self._ticker:
            self._arm_schedule()
        self.write_down()

    def close(self) -> None:
        """Let go of everything; the program is not touched."""
        self._disarm()
        self._disarm_schedule()
        self.vitals.close()
        self.commands.cancel()
        self.program.close()
        self.sink.close()

    def discard(self) -> None:
        """Let go of everything for good: the instance is no more."""
        self.close()
        self.sink.discard()
        self._world.store.delete(journal.KIND, self.name)

    # what the program reports

    def exited(self, end: Exit, *, leftover: bool) -> None:
        """The main process ended."""
        entry, clock = self.entry, self._world.clock
        pid = entry.identity.pid if entry.identity else 0
        self.entry = replace(
            entry, identity=None, exit_code=end.code, exit_signal=end.signal, token=entry.token
        )
        self._world.bus.publish(
            InstanceExited(
                **self.occasion(),
                pid=pid,
                code=end.code,
                signal=end.signal,
                uptime=max(0.0, clock.monotonic() - entry.state.spawned_at),
            )
        )
        self.tell(
            Told.EXITED,
            ending=ending(end, self.spec.restart),
            leftover=leftover,
            reason=ending_text(end),
        )

    def swept(self, killed: tuple[Member, ...]) -> None:
        """The tree is empty."""
        self.report_killed(killed)
        self.tell(Told.SWEPT)

    def report_killed(self, killed: tuple[Member, ...]) -> None:
        """Say which processes had to be killed."""
        if killed:
            self._world.bus.publish(
                TreeKilled(
                    **self.occasion(),
                    killed=tuple(f"{member.pid} {member.name}" for member in killed),
                )
            )

    def notify_environment(self) -> dict[str, str]:
        """Give the variables by which the program can say how it is."""
        return self.vitals.hearing.environment()

    async def check(self, argv: tuple[str, ...], *, limit: float) -> str:
        """Run a probe's command; give what went wrong, or an empty text."""
        return await self.commands.check(argv, limit=limit)

    async def ask_checks(self, group: str, *, limit: float) -> str:
        """Have the program look at checks of its own; give which fail, or an empty text."""
        return await self.program.dialogue.failing(group, within=limit)

    def trusts(self, uid: int) -> bool:
        """Say whether a process of that user may speak for the program."""
        return self.program.child is not None and self.program.child.trusts(uid)

    def found_at(self, address: str) -> None:
        """The program takes requests at *address*."""
        self.entry = replace(self.entry, endpoint=address)
        self.write_down()

    def usage(self) -> Usage | None:
        """Measure the program, if there is one."""
        child = self.program.child
        return self._world.spawner.usage([child])[0] if child else None

    # the one timer

    def arm(self, seconds: float) -> None:
        """Let the one timer ring after *seconds*, in place of whatever it was armed for."""
        self._disarm()
        self.entry = replace(self.entry, deadline=self._world.clock.monotonic() + seconds)
        self._timer = self._world.clock.later(seconds, self._ring)

    def extend(self, seconds: float) -> None:
        """Give the program at least *seconds* more, if it is being waited for."""
        left = self.entry.deadline - self._world.clock.monotonic()
        if self._timer and self.state.phase in {Phase.STARTING, Phase.STOPPING} and left < seconds:
            self.arm(seconds)

    def _ring(self) -> None:
        self._timer = None
        self.entry = replace(self.entry, deadline=0.0)
        self.tell(Told.TIME_OVER)

    def _disarm(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None
            self.entry = replace(self.entry, deadline=0.0)

    # effects

    def _spawn(self) -> None:
        try:
            launch = self.program.prepare()
            self.entry = replace(
                self.entry,
                token=launch.token,
                identity=None,
                exit_code=None,
                exit_signal=None,
                endpoint="",
            )
            self.write_down()  # before acting: a spawn cut short is found by its token
            child = self.program.spawn(launch)
        except CannotSpawn as error:
            self.tell(Told.SPAWN_FAILED, permanent=error.permanent, reason=error.problem)
            return
        self.spawned(child.identity.pid)

    def spawned(self, pid: int) -> None:
        """The program was started, by this agent or the one before, and is *pid*."""
        occasion, child = self.occasion(), self.program.child
        self.entry = replace(
            self.entry, identity=child.identity if child else None, started_at=occasion["at"]
        )
        self.write_down()
        self._world.bus.publish(InstanceSpawned(**occasion, pid=pid))
        self.tell(Told.SPAWNED)

    def _watch_ready(self) -> None:
        self.arm(self.spec.ready_timeout)
        self.vitals.watch_ready()

    def _unwatch(self) -> None:
        self.vitals.unwatch()
        self.commands.cancel()

    def _take_step(self) -> None:
        steps = self.spec.stop.steps()
        chosen = steps[min(self.state.step, len(steps) - 1)]
        self.arm(chosen.timeout)
        self.program.take_step(chosen)

    def _kill(self) -> None:
        self.arm(_KILL_AGAIN)
        self.program.kill()

    def _arm_schedule(self) -> None:
        self._disarm_schedule()
        if self.spec.schedule:
            self._ticker = Ticker(self.spec.schedule, clock=self._world.clock, on_due=self._due)
            self._ticker.start(last_start=self._last_due or self.entry.started_at or None)

    def _due(self) -> None:
        self._last_due = self._ticker.due_at if self._ticker else None
        self.tell(Told.DUE)

    def _disarm_schedule(self) -> None:
        if self._ticker:
            self._ticker.stop()
            self._ticker = None

    # forking programs and those that change their main process

    def follow_main(self, pid: int) -> bool:
        """Take *pid* as the main process from now on; False where there is no such process."""
        if not self.program.follow(pid):
            return False
        child = self.program.child
        self.entry = replace(self.entry, identity=child.identity if child else None)
        self.write_down()
        self.vitals.forked()
        return True

    @property
    def forks(self) -> bool:
        """The program puts itself into the background, and has not done so yet."""
        return (
            self.spec.type is Type.FORKING
            and self.state.phase is Phase.STARTING
            and self.state.stage is Stage.WARMING
        )

    @property
    def sweeps(self) -> bool:
        """Whatever the main process leaves behind is killed."""
        return self.spec.stop.tree is not StopTree.MAIN
