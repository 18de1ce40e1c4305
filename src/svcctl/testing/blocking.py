"""A service under test for tests that are plain functions: no plugin for asyncio is needed."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Mapping
from contextlib import ExitStack
from shutil import rmtree
from types import TracebackType
from typing import Any, Generic, Literal, Self, TypeVar

from svcctl.sdk.config.outcome import Outcome
from svcctl.sdk.health.result import Health
from svcctl.sdk.lengths import seconds
from svcctl.sdk.life import End
from svcctl.sdk.phases import Phase
from svcctl.testing.fakes import FakeClock
from svcctl.testing.loop_thread import LoopThread
from svcctl.testing.service import Length, S, Trial

T = TypeVar("T")


class BlockingTrial(Generic[S]):
    """The same as :class:`svcctl.testing.service.Trial`, with calls that block.

    The service lives in a loop of another thread: it answers real clients of the test.  What is
    async, such as to set an :class:`asyncio.Event` of its, is done by :meth:`run`.
    """

    def __init__(self, trial: Trial[S], loop: LoopThread, *, limit: float) -> None:
        self._trial, self._loop, self._limit = trial, loop, limit

    @property
    def service(self) -> S:
        """The object that lives."""
        return self._trial.service

    @property
    def clock(self) -> FakeClock:
        """What it takes for the time."""
        return self._trial.clock

    @property
    def phase(self) -> Phase:
        """Where it stands."""
        return self._trial.phase

    @property
    def phases(self) -> list[Phase]:
        """All phases it has been in, one after another: equal to their names."""
        return self._trial.phases

    @property
    def status(self) -> str:
        """What its manager was told last."""
        return self._trial.status

    @property
    def log(self) -> list[dict[str, object]]:
        """What it has logged, record by record."""
        return self._trial.log

    @property
    def folder(self) -> str:
        """Where its files are."""
        return self._trial.folder

    @property
    def crash(self) -> BaseException | None:
        """What it crashed of; who has looked is told no more of it."""
        return self._trial.crash

    def ready(self, *, within: Length = 0) -> None:
        """Come back once it is ready; meanwhile up to *within* passes."""
        self.run(self._trial.ready(within=within))

    def forward(self, length: Length) -> None:
        """Let time pass."""
        self.run(self._trial.forward(length))

    def tick(self, job: str, *, within: Length = 0) -> None:
        """Do a job now; raises what it raised."""
        self.run(self._trial.tick(job, within=within))

    def pause(self) -> None:
        """Have it stand still; raises Conflict where it does not."""
        self.run(self._trial.pause())

    def resume(self) -> None:
        """Have it go on; raises Conflict where it does not."""
        self.run(self._trial.resume())

    def control(self, code: int) -> None:
        """Send it a control code that only it knows."""
        self.run(self._trial.control(code))

    def reload(self, config: object = None) -> Outcome | None:
        """Have it read its configuration anew, *config* where it is given."""
        return self.run(self._trial.reload(config))

    def check(self, group: Literal["live", "ready", "startup"] = "ready") -> Health:
        """Ask its checks of *group* how it is."""
        return self.run(self._trial.check(group))

    def drain(self, *, shutdown: bool = False) -> None:
        """Tell it to stop; no time passes."""
        self.run(self._trial.drain(shutdown=shutdown))

    def stop(self, *, shutdown: bool = False) -> End:
        """Stop it, and give how it ended; raises what it crashed of, if nobody has seen that."""
        return self.run(self._trial.stop(shutdown=shutdown))

    def until(self, condition: Callable[[], object], *, within: Length = 0) -> None:
        """Come back once *condition* holds."""
        self.run(self._trial.until(condition, within=within))

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Do something async in the loop of the service, and give what it gives.

        Raises TimedOut, and says where, if the service blocks the loop for a second longer than
        the limit.
        """
        return self._loop.run(work, limit=self._limit + 1.0)


class Trials:
    """Begins trials, all in one loop; a context manager that ends them, the newest first.

    Leaving it raises what a service crashed of, unless the test has seen that.
    """

    def __enter__(self) -> Self:
        """Have a loop."""
        with ExitStack() as stack:
            self._loop = stack.enter_context(LoopThread())
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Stop all."""
        self._stack.__exit__(kind, error, trace)

    def __call__(
        self,
        service: type[S] | S,
        *,
        config: object = None,
        environ: Mapping[str, str] | None = None,
        clock: FakeClock | None = None,
        limit: Length = "1m",
    ) -> BlockingTrial[S]:
        """Begin the life of *service*: an object of a Service class, the class, or an App.

        Otherwise as :class:`svcctl.testing.service.Trial`.
        """
        made = service() if isinstance(service, type) else service
        trial = Trial(made, config=config, environ=environ, clock=clock, limit=limit)
        blocking = BlockingTrial(trial, self._loop, limit=seconds(limit))
        blocking.run(trial.__aenter__())

        def leave(
            kind: type[BaseException] | None,
            error: BaseException | None,
            trace: TracebackType | None,
        ) -> None:
            if self._loop.is_blocked:
                rmtree(trial.folder, ignore_errors=True)
            else:
                blocking.run(trial.__aexit__(kind, error, trace))

        self._stack.push(leave)
        return blocking
