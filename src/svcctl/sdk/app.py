"""A service written as functions on an object, for those who need no class."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, NoReturn, Self, TypeVar

from svcctl.errors import UsageError
from svcctl.sdk import marks
from svcctl.sdk.blueprint import HOOKS, Blueprint, blueprint, checked_name
from svcctl.sdk.calling import Call
from svcctl.sdk.traits import Traits

if TYPE_CHECKING:
    from svcctl.testing.fakes import FakeClock
    from svcctl.testing.service import Trial

Function = TypeVar("Function", bound=Callable[..., object])

Hook = Literal["reload", "pause", "resume", "stop", "control"]


class App:
    """Collects functions, each of which may be async or plain; makes the same as a Service class.

    Jobs, checks and hooks that have a parameter ``ctx`` are given the context.
    """

    def __init__(
        self, name: str, *, config: type | None = None, traits: Traits | None = None
    ) -> None:
        """Raises UsageError where *name* is no name of a service."""
        self._name, self._config = checked_name(name), config
        self._traits = traits or Traits()
        self._run: Call | None = None
        self._functions: dict[str, Call] = {}

    def run(self, function: Function) -> Function:
        """Do the work in *function*, which is given the context."""
        self._run = function
        return function

    def on(self, hook: Hook) -> Callable[[Function], Function]:
        """Call a function when that happens; raises UsageError for a hook there is not."""
        name = f"on_{hook}"
        if name not in HOOKS:
            known = ", ".join(each.removeprefix("on_") for each in HOOKS)
            raise UsageError(f"there is no hook {hook!r}", hint=f"one of: {known}")

        def hooked(function: Function) -> Function:
            self._functions[name] = function
            return function

        return hooked

    def every(
        self,
        period: str | float,
        *,
        jitter: str | float = 0.0,
        timeout: str | float | None = None,
        on_error: Literal["log", "crash"] = "log",
    ) -> Callable[[Function], Function]:
        """See :func:`svcctl.every`."""
        mark = marks.every(period, jitter=jitter, timeout=timeout, on_error=on_error)
        return lambda function: self._add(mark(function))

    def cron(
        self,
        expression: str,
        *,
        jitter: str | float = 0.0,
        timeout: str | float | None = None,
        on_error: Literal["log", "crash"] = "log",
    ) -> Callable[[Function], Function]:
        """See :func:`svcctl.cron`."""
        mark = marks.cron(expression, jitter=jitter, timeout=timeout, on_error=on_error)
        return lambda function: self._add(mark(function))

    def check(
        self, group: marks.Group, *, timeout: str | float = 2.0, cache: str | float = 1.0
    ) -> Callable[[Function], Function]:
        """See :func:`svcctl.check`."""
        mark = marks.check(group, timeout=timeout, cache=cache)
        return lambda function: self._add(mark(function))

    def resumes(self, saga: str) -> Callable[[Function], Function]:
        """See :func:`svcctl.resumes`."""
        mark = marks.resumes(saga)
        return lambda function: self._add(mark(function))

    def blueprint(self) -> Blueprint:
        """Give what was collected; raises UsageError where nothing is to be run."""
        if self._run is None:
            raise UsageError(f"{self._name!r} does nothing", hint="mark a function with @app.run")
        return blueprint(
            self._name,
            self._run,
            self._functions,
            config=self._config,
            traits=self._traits,
            summary=(self._run.__doc__ or "").strip().partition("\n")[0],
        )

    def test(
        self,
        *,
        config: object = None,
        environ: Mapping[str, str] | None = None,
        clock: FakeClock | None = None,
        limit: str | float = "10s",
    ) -> Trial[Self]:
        """Live in a test: ``async with app.test() as t: await t.ready()``; as often as wanted.

        See :class:`svcctl.testing.service.Trial`.
        """
        from svcctl.testing.service import Trial  # noqa: PLC0415 - only tests need it

        return Trial(self, config=config, environ=environ, clock=clock, limit=limit)

    def main(self, argv: Sequence[str] | None = None) -> NoReturn:
        """Be this service, or do what the command line says: see ``--help``."""
        from svcctl.sdk.main import main  # noqa: PLC0415 - who only imports a service pays nothing

        main(self.blueprint, argv)

    def _add(self, function: Function) -> Function:
        name = getattr(function, "__name__", "job")
        self._functions[name] = function
        return function


def serve(function: Callable[..., object], *, name: str = "") -> NoReturn:
    """Be a service that does nothing but *function*, async or plain, which is given the context."""
    app = App(name or getattr(function, "__name__", "service").replace("_", "-").strip("-"))
    app.run(function)
    app.main()
