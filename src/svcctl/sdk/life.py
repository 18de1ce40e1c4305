"""Lives a service: from its start, through pauses and reloads, to an end in order."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from svcctl.errors import TimedOut
from svcctl.ports import Clock, HostPhase, HostReport
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.calling import Caller
from svcctl.sdk.children import Children
from svcctl.sdk.context import Context, Parts
from svcctl.sdk.equipment import Equipment
from svcctl.sdk.gate import Gate
from svcctl.sdk.happenings import Noted, Tell, WorkChanged, nobody, unnoted
from svcctl.sdk.hooks import Hooks
from svcctl.sdk.jobs import Jobs
from svcctl.sdk.logs.logger import Logger
from svcctl.sdk.obedience import Obedience
from svcctl.sdk.phases import TOLD, Input, Phase
from svcctl.sdk.requests import Requests
from svcctl.sdk.resources import Resources
from svcctl.sdk.settings import Settings, Unset
from svcctl.sdk.threaded import ThreadContext
from svcctl.sdk.voice import Voice
from svcctl.sdk.waiting import failure, first, in_thread, sleep
from svcctl.sdk.work import Work
from svcctl.spec.notation import format_duration
from svcctl.system.detect import replaces_programs

if TYPE_CHECKING:
    from socket import socket

_OWN_TASKS = frozenset(("run", "leave", "release", "on_stop"))


@dataclass(frozen=True, slots=True, kw_only=True)
class End:
    """How a life ended.

    *error* is what it crashed of, *where* in which part; *unfinished* names what was cut off or
    could not be let go of.  *abandoned*: ``run`` ignored its cancellation and still runs.
    *restart*: it is to be run anew, and is to be handed these sockets.
    """

    reason: str
    error: BaseException | None = None
    where: str = ""
    unfinished: tuple[str, ...] = ()
    abandoned: bool = False
    restart: tuple[socket, ...] | None = None


def _always(_: str) -> None:
    """Let everybody restart."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Means:
    """What a life is lived with.

    *report* is told of every phase, and every few seconds while one passes; *noted* of every error
    that the service goes on after.  *may_restart* raises Conflict where there were too many.
    """

    clock: Clock
    report: HostReport
    log: Logger
    equipment: Equipment
    settings: Settings | None = None
    tell: Tell = nobody
    noted: Noted = unnoted
    may_restart: Callable[[str], None] = _always


class Life:
    """The one life of a service; fulfils :class:`svcctl.ports.HostControls` in its loop."""

    def __init__(self, blueprint: Blueprint, means: Means) -> None:
        """To be made in the loop it is lived in."""
        clock = means.clock
        self._blueprint, self._means, self._clock = blueprint, means, clock
        self._reason = ""
        self._error: tuple[str, BaseException] | None = None
        self._unfinished: list[str] = []
        self._restart: tuple[socket, ...] | None = None
        self._gate, self._stopping, self._cut = Gate(), asyncio.Event(), asyncio.Event()
        self.became_ready = asyncio.Event()
        self._resources = Resources(clock)
        self._work = Work(self._work_changed)
        self._children = Children(clock=clock, failed=self.fail, noted=means.noted)
        self._requests = Requests(self._stopping)
        self._last_hook: asyncio.Task[str] | None = None
        self._in_run, self._leaving = True, False
        self._voice = Voice(
            means.report, clock=clock, waits_for=self._under_way, taken_for=self._taken_for
        )
        self.context = Context(self._parts(), name=blueprint.name, log=means.log)
        self._plain = ThreadContext(self.context, asyncio.get_running_loop())
        self.caller = Caller(self.context, self._plain)
        self._hooks = Hooks(
            blueprint, clock=clock, call=self.caller.call, failed=self.fail, noted=means.noted
        )
        self._obedience = Obedience(
            blueprint.name,
            hooks=self._hooks,
            voice=self._voice,
            gate=self._gate,
            settings=means.settings,
            report=means.report,
        )
        self.jobs = Jobs(
            blueprint.jobs,
            clock=clock,
            gate=self._gate,
            failed=self.fail,
            call=self.caller.call,
            tell=means.tell,
            noted=means.noted,
        )

    def _parts(self) -> Parts:
        return Parts(
            clock=self._clock,
            gate=self._gate,
            stopping=self._stopping,
            resources=self._resources,
            work=self._work,
            children=self._children,
            settings=self._means.settings or Unset(),
            equipment=self._means.equipment,
            ready=self._ready,
            say=self.say,
            restart=self.restart,
        )

    @property
    def phase(self) -> Phase:
        """Where it stands."""
        return self._voice.phase

    @property
    def text(self) -> str:
        """What it says of itself, in a line."""
        return self._voice.text

    async def keep(self) -> End:
        """Live, and come back once it is over and all is let go of that could be.

        Who cancels this ends it at once; what was opened is let go of even then.
        """
        self._voice.tell()
        body = asyncio.create_task(self._live(), name="run")
        tasks = (
            asyncio.create_task(self._cut_short(body), name="time limit"),
            asyncio.create_task(self._requests.obey(), name="controls"),
        )
        late = self._clock.later(self._blueprint.limits.start, self._too_late)
        try:
            await asyncio.wait((body, tasks[0]), return_when=asyncio.FIRST_COMPLETED)
            if body.done():
                body.result()
        except asyncio.CancelledError:
            self.hurry()
            await asyncio.wait((body, tasks[0]), return_when=asyncio.FIRST_COMPLETED)
            raise
        finally:
            late.cancel()
            for each in tasks:
                each.cancel()
            await asyncio.wait(tasks)
            self._voice.move(Input.OVER)
        where, error = self._error or ("", None)
        return End(
            reason=self._reason,
            error=error,
            where=where,
            unfinished=(*self._unfinished, *map(str, self._resources.lost)),
            abandoned=not body.done(),
            restart=self._restart if error is None else None,
        )

    def fail(self, where: str, error: BaseException) -> None:
        """End it, for *error* was raised in *where*; the first such counts."""
        if self._error is None:
            self._error = (where, error)
        self._begin_to_stop(f"{where} failed")
        self._cut.set()

    def restart(self, reason: str, keep: Sequence[socket] = ()) -> None:
        """End it in order, to be run anew; raises Conflict where that came too often.

        A stop that is asked for, before or after, is stronger.
        """
        if self._stopping.is_set():
            return
        self._means.may_restart(reason)
        self._restart = tuple(keep)
        if self.became_ready.is_set() and replaces_programs():
            self._means.report.reloading(over=False)  # until the next run says that it is ready
        self._begin_to_stop(f"restart: {reason}")

    async def reconfigured(self, old: object, new: object, changed: frozenset[str]) -> None:
        """Announce a configuration to the service; raises Conflict where it does not take it."""
        await self._obedience.reconfigured(old, new, changed)

    # controls

    def stop(self, *, shutdown: bool) -> None:
        """Stop in order; *shutdown*: because the machine goes down."""
        if self._restart is not None:
            self._restart = None
            self._voice.tell()
        self._begin_to_stop("shutdown" if shutdown else "stop")

    def hurry(self) -> None:
        """Stop, and cut at once what is under way."""
        self._begin_to_stop("cancelled")
        self._cut.set()

    def pause(self) -> None:
        """Stand still as soon as the service can."""
        self._requests.ask(self._obedience.pause)

    def resume(self) -> None:
        """Go on."""
        self._requests.ask(self._obedience.resume)

    def reload(self) -> None:
        """Read the configuration anew."""
        self._requests.ask(lambda: self._obedience.reload("svcctl"))

    def custom(self, code: int) -> None:
        """Hand on a control code that only this service knows."""
        self._requests.ask(lambda: self._obedience.control(code))

    # the same, for who wants to know what comes of it: raises Conflict where nothing does

    async def await_pause(self) -> None:
        """Stand still, and come back once the service does."""
        await self._requests.ask(self._obedience.pause)

    async def await_resume(self) -> None:
        """Go on, and come back once the service does."""
        await self._requests.ask(self._obedience.resume)

    async def await_reload(self, *, who: str = "svcctl") -> object:
        """Read the configuration anew, because *who* wants it, and give what came of it."""
        return await self._requests.ask(lambda: self._obedience.reload(who))

    async def await_control(self, code: int) -> None:
        """Hand on a control code, and come back once the service has dealt with it."""
        await self._requests.ask(lambda: self._obedience.control(code))

    # the way of its body: run, finish, let go; in one task, as structured blocks want it

    async def _live(self) -> None:
        try:
            await self._run()
            await self._finish()
        except asyncio.CancelledError:
            if not self._cut.is_set():
                raise
            own = asyncio.current_task()
            assert own is not None
            own.uncancel()
        finally:
            self._in_run = False
            await self._leave()

    async def _run(self) -> None:
        run, context = self._blueprint.run, self.context
        if inspect.iscoroutinefunction(run):
            error = await failure(run(context))
        else:
            error = await failure(in_thread("run", lambda: run(self._plain)))
        if error is not None:
            self.fail("run", error)
        else:
            self._ready()
            self._begin_to_stop("finished")
        self._in_run = False

    async def _finish(self) -> None:
        """Let all that is under way end, until it is cut."""
        over = asyncio.gather(self._work.idle(), self.jobs.end(), self._said_goodbye())
        await first(over, self._cut.wait())

    async def _leave(self) -> None:
        """Cut what is left, and let go of everything; once, whoever comes first."""
        if self._leaving:
            return
        self._leaving = True
        self.hurry()
        limit = self._blueprint.limits.cancel
        await first(self._said_goodbye(), sleep(self._clock, limit))
        self._unfinished += self._under_way()
        self.jobs.cut()
        ended = asyncio.gather(self.jobs.end(), self._children.end())
        await first(ended, sleep(self._clock, limit))
        self._unfinished += [f"child {each}" for each in self._children.running]
        await self._resources.release()

    async def _cut_short(self, body: asyncio.Task[None]) -> None:
        """Once it is to stop, give it its time, then cancel it; come back once it is over.

        What it has opened has limits of its own: only who ignores a cancellation is given up, and
        all else let go of without it.
        """
        limits = self._blueprint.limits
        await self._stopping.wait()
        await first(sleep(self._clock, limits.drain), self._cut.wait())
        self._cut.set()
        if self._in_run:
            if self._error is None:
                self._unfinished.append("run")
            body.cancel()
            await first(sleep(self._clock, limits.cancel), asyncio.wait((body,)))
        last = asyncio.create_task(self._leave(), name="leave") if self._in_run else body
        await first(asyncio.wait((last,)), self._resources.rescued.wait())

    async def _said_goodbye(self) -> None:
        """Come back once ``on_stop`` is over."""
        if self._last_hook:
            await asyncio.wait((self._last_hook,))

    def _begin_to_stop(self, reason: str) -> None:
        if self._stopping.is_set():
            return
        self._reason = reason
        self._stopping.set()
        self._gate.open()
        self._work.refuse()
        self._last_hook = asyncio.create_task(self._hooks.call("on_stop", reason), name="on_stop")
        self._voice.move(Input.STOP)

    def _under_way(self) -> list[str]:
        hook = self._last_hook
        waits = "on_stop" in self._blueprint.hooks and hook is not None and not hook.done()
        work = [f"{count} {name}" for name, count in self._work.under_way.items()]
        return [
            *(["on_stop"] if waits else []),
            *(f"job {each}" for each in self.jobs.running),
            *work,
        ]

    # what the manager is told

    def _ready(self) -> None:
        if self._voice.move(Input.READY):
            self.jobs.begin()
            self.became_ready.set()

    def _too_late(self) -> None:
        if self._voice.phase is Phase.STARTING:
            within = format_duration(self._blueprint.limits.start)
            problem = f"{self._blueprint.name!r} did not say within {within} that it is ready"
            hint = "call ctx.ready() in run(), or raise start_timeout"
            self.fail("start", TimedOut(problem, hint=hint))

    def say(self, text: str) -> None:
        """Say in a line how it goes."""
        self._voice.say(text)

    def _taken_for(self, phase: Phase) -> HostPhase:
        """Give what the manager takes *phase* for: to run anew in the same process is no stop."""
        if self._restart is None or not replaces_programs():
            return TOLD[phase]
        return HostPhase.RUNNING if self.became_ready.is_set() else HostPhase.STARTING

    def _work_changed(self) -> None:
        self._means.tell(WorkChanged(under_way=self._work.count))
        if self._voice.phase is Phase.DRAINING:
            self._voice.tell()


def is_own(task: str) -> bool:
    """Say whether a task of that name is a part of a life, which names it itself."""
    return task in _OWN_TASKS or task.startswith(("job ", "child "))
