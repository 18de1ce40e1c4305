"""A service under test: it lives on a clock that stands still, and touches nothing outside."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from pathlib import Path
from shutil import rmtree
from tempfile import mkdtemp
from types import TracebackType
from typing import Any, Generic, Literal, Protocol, Self, TypeVar

from svcctl.errors import Conflict, TimedOut, UsageError
from svcctl.sdk.assembly import Assembled
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.company import keep
from svcctl.sdk.config.outcome import Outcome
from svcctl.sdk.health.result import Group, Health
from svcctl.sdk.lengths import seconds
from svcctl.sdk.life import End
from svcctl.sdk.phases import Phase
from svcctl.sdk.waiting import THREADS, Threads
from svcctl.spec.names import did_you_mean
from svcctl.testing.config_file import write_config
from svcctl.testing.fakes import FakeClock
from svcctl.testing.patience import Patience
from svcctl.testing.recorder import RecordingReport, RecordingSink
from svcctl.testing.staging import also_logged, staged
from svcctl.testing.virtual_time import VirtualTime

T = TypeVar("T")

Length = str | float
"""Seconds, or a text such as ``"1m30s"``."""

_OUTSIDE = 1.0  # real seconds after which a thread is taken to wait for something outside


class Authored(Protocol):
    """What an author has made: an object of a Service class, or an App."""

    def blueprint(self) -> Blueprint:
        """Give what it is made of."""


S = TypeVar("S", bound=Authored)


class Trial(Generic[S]):
    """The life of *service* as a test leads it: an async context manager, to be entered once.

    Within the block the service lives in the loop of the test.  Time passes in :meth:`forward`,
    and where a method says so, nowhere else; each comes back once all has happened that follows
    from it.  What waits for something real, such as a socket, is waited for in real time: none of
    the methods takes longer than *limit*, and TimedOut then says where the service stands.

    Its files are in a folder of its own, which is removed; it reads no others, of the environment
    it sees *environ*, and it answers no port.  Leaving the block stops it, and raises what it
    crashed of unless the test has seen that: in :meth:`stop`, or in :attr:`crash`.
    """

    def __init__(
        self,
        service: S,
        *,
        config: object = None,
        environ: Mapping[str, str] | None = None,
        clock: FakeClock | None = None,
        limit: Length = "1m",
    ) -> None:
        """Raises UsageError where *service* is none.

        *config* is an object of its class ``Config``, or a mapping as it would stand in a file.
        """
        self.service = service
        self.clock = clock or FakeClock()
        self._blueprint = service.blueprint()
        self._name = self._blueprint.name
        self._config, self._environ, self._limit = config, dict(environ or {}), seconds(limit)
        self._threads, self._sink = Threads(), RecordingSink()
        self._report = RecordingReport(lambda: self.phase)
        self._seen = self._stopped = False
        self.folder = ""
        """Where its files are; made with the block, and removed with it."""

    # what it has done

    @property
    def phase(self) -> Phase:
        """Where it stands."""
        return self._parts.life.phase

    @property
    def phases(self) -> list[Phase]:
        """All phases it has been in, one after another: equal to their names."""
        return list(self._report.phases)

    @property
    def status(self) -> str:
        """What its manager was told last."""
        return self._report.words[-1]

    @property
    def log(self) -> list[dict[str, object]]:
        """What it has logged, record by record."""
        return list(self._sink.records)

    @property
    def crash(self) -> BaseException | None:
        """What it crashed of; who has looked is told no more of it by :meth:`stop`."""
        if not self._task.done():
            return None
        self._seen = True
        return self._task.result().error

    # what a test makes happen

    async def ready(self, *, within: Length = 0) -> None:
        """Come back once it is ready; meanwhile up to *within* passes.

        Raises what it crashed of before, Conflict where it ended, TimedOut where it does neither.
        """
        await self._patience.until(
            lambda: self.phase is not Phase.STARTING, "was not ready", within=seconds(within)
        )
        if Phase.RUNNING not in self.phases:
            await self.stop()
            raise Conflict(f"{self._name!r} ended before it was ready")

    async def forward(self, length: Length) -> None:
        """Let time pass: jobs come due, sleepers wake in turn, time limits are over.

        However long that takes: the limit of real time is for each step of it.
        """
        await self._patience.forward(seconds(length))

    async def tick(self, job: str, *, within: Length = 0) -> None:
        """Do a job now, whatever the time; come back once it is done, up to *within* later.

        Raises what it raised, UsageError where there is no such job.
        """
        known = {each.name for each in self._blueprint.jobs}
        if job not in known:
            hint = did_you_mean(job, known) or f"it has: {', '.join(sorted(known)) or 'none'}"
            raise UsageError(f"{self._name!r} has no job {job!r}", hint=hint)
        await self._see(self._parts.life.jobs.call(job), f"did not do the job {job!r}", within)

    async def pause(self) -> None:
        """Have it stand still; raises Conflict where it does not."""
        await self._see(self._parts.life.await_pause(), "did not pause")

    async def resume(self) -> None:
        """Have it go on; raises Conflict where it does not."""
        await self._see(self._parts.life.await_resume(), "did not resume")

    async def control(self, code: int) -> None:
        """Send it a control code that only it knows; raises Conflict where that fails."""
        await self._see(self._parts.life.await_control(code), "did not answer the control code")

    async def reload(self, config: object = None) -> Outcome | None:
        """Have it read its configuration anew, *config* where it is given; give what came of it.

        What is refused changes nothing: see the outcome's *verdict*.  None: it has no ``Config``.
        """
        self._write(config)
        outcome = await self._see(self._parts.life.await_reload(), "did not reload")
        assert outcome is None or isinstance(outcome, Outcome)
        return outcome

    async def check(self, group: Literal["live", "ready", "startup"] = "ready") -> Health:
        """Ask its checks of *group* how it is."""
        look = self._parts.equipment.health.look(Group(group))
        return await self._see(look, f"did not answer whether it is {group}")

    async def drain(self, *, shutdown: bool = False) -> None:
        """Tell it to stop, and come back while it finishes what is under way: no time passes."""
        self._parts.life.stop(shutdown=shutdown)
        self._stopped = True
        await self._patience.settle()

    async def stop(self, *, shutdown: bool = False) -> End:
        """Stop it, and give how it ended; as much time passes as it takes, within its limits.

        Raises what it crashed of, if nobody has seen that; TimedOut where it does not end at all.
        """
        await self.drain(shutdown=shutdown)
        end = await self._ended()
        seen, self._seen = self._seen, True
        if end.error is not None and not seen:
            raise end.error
        if end.abandoned:
            raise TimedOut(
                f"{self._name!r} goes on though it was cancelled: {self._patience.where()}"
            )
        return end

    async def until(self, condition: Callable[[], object], *, within: Length = 0) -> None:
        """Come back once *condition* holds: by something real, or while up to *within* passes."""
        await self._patience.until(condition, "did not come so far", within=seconds(within))

    # its life

    async def __aenter__(self) -> Self:
        """Begin its life; all has happened that needs no time.

        Raises SpecError where its configuration is bad.
        """
        with ExitStack() as stack:
            self.folder = mkdtemp(prefix="svcctl-")
            stack.callback(rmtree, self.folder, ignore_errors=True)
            self._write(self._config)
            self._parts = self._staged()
            stack.enter_context(also_logged(self._parts.log))
            self._context = contextvars.copy_context()
            self._context.run(THREADS.set, self._threads)
            self._patience = self._patient()
            self._task = asyncio.create_task(keep(self._parts), context=self._context)
            await self._patience.settle()
            self._stack = stack.pop_all()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop it, at once where the test has failed, and let go of its files."""
        with self._stack:
            if error is None:
                await self._leave()
            else:
                await self._leave_after(error)

    def _patient(self) -> Patience:
        outside = min(_OUTSIDE, self._limit / 2)
        time = VirtualTime(self.clock, self._threads, patience=outside)
        return Patience(self._name, time, clock=self.clock, limit=self._limit)

    def _staged(self) -> Assembled:
        return staged(
            self._blueprint,
            clock=self.clock,
            report=self._report,
            sink=self._sink,
            folder=self.folder,
            config=f"-{self._config_file()}",
            environ=self._environ,
        )

    def _write(self, config: object) -> None:
        if config is None:
            return
        if self._blueprint.config is None:
            raise UsageError(f"{self._name!r} has no configuration", hint="give it a class Config")
        write_config(self._config_file(), config)

    def _config_file(self) -> Path:
        return Path(self.folder) / f"{self._name}.json"

    async def _leave(self) -> None:
        stopped = self._stopped
        end = await self.stop()
        if end.unfinished and not stopped:
            left = ", ".join(end.unfinished)
            raise TimedOut(
                f"{self._name!r} did not finish when it was to stop: {left}",
                hint="if it is meant to be cut off: end = await t.stop(), and see end.unfinished",
            )

    async def _leave_after(self, error: BaseException) -> None:
        """End it without raising anything: that would hide why the test has failed."""
        self._parts.life.hurry()
        try:
            end = await self._ended()
        except TimedOut as late:
            error.add_note(late.problem)
        else:
            if end.error is not None and end.error is not error:
                error.add_note(f"{self._name!r} had crashed in {end.where}: {end.error!r}")

    async def _see(self, work: Coroutine[Any, Any, T], problem: str, within: Length = 0) -> T:
        """Have *work* done as a part of the service, and give what comes of it.

        Raises what the service crashed of where that is why it was cut off.
        """
        task = asyncio.create_task(work, context=self._context)
        try:
            await self._patience.until(task.done, problem, within=seconds(within))
        finally:
            task.cancel()
        if task.cancelled():
            await self.stop()
            raise Conflict(f"{self._name!r} {problem}: it was cut off")
        return task.result()

    async def _ended(self) -> End:
        await self._patience.ended(self._task)
        return self._task.result()
