"""The class that authors derive their services from."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Literal, NoReturn, Self

from svcctl.errors import UsageError
from svcctl.sdk.blueprint import Blueprint, blueprint
from svcctl.sdk.traits import Traits
from svcctl.spec.names import dashed

if TYPE_CHECKING:
    from svcctl.sdk.config.follow import ConfigSource
    from svcctl.testing.fakes import FakeClock
    from svcctl.testing.service import Trial


class Service:
    """A program that is a service wherever it is started: see the guide *Write a service*.

    Subclasses write :meth:`run`, and where they want to

    - ``on_reload(old, new)``, ``on_pause()``, ``on_resume()``, ``on_stop(reason)``,
      ``on_control(code)``: hooks, async or plain;
    - methods marked with :func:`svcctl.every`, :func:`svcctl.cron`, :func:`svcctl.check` and
      :func:`svcctl.resumes`;
    - ``class Config``: a dataclass or a pydantic model, which ``ctx.config`` then is one of;
    - attributes named as those of :class:`svcctl.Traits`, such as ``health_port = 8080``.

    Jobs, checks and hooks that have a parameter ``ctx`` are given the context.

    An object lives once: from ``run`` to its end.
    """

    name: ClassVar[str] = ""
    """What it is called; without it the name of the class, ``OrderMailer`` being order-mailer."""

    # what else can be said of it stands, with what holds where nothing is said, in Traits
    version: ClassVar[str]
    start_timeout: ClassVar[str]
    drain_timeout: ClassVar[str]
    hook_timeout: ClassVar[str]
    config_files: ClassVar[tuple[str, ...]]
    config_follow: ClassVar[str]
    config_sources: ClassVar[tuple[ConfigSource, ...]]
    health_port: ClassVar[int | None]
    health_host: ClassVar[str]
    check_period: ClassVar[str]
    log_level: ClassVar[Literal["debug", "info", "warning", "error", "critical"]]
    log_to: ClassVar[tuple[str, ...]]
    crash_upload_url: ClassVar[str]
    metrics: ClassVar[Literal["own", "prometheus", "opentelemetry"]]

    def run(self, ctx: Any) -> object:  # noqa: ANN401, ARG002 - as its author writes it
        """Do the work; coming back is a stop in order, raising is a crash.

        Written as ``async def run(self, ctx: Context) -> None``; or without async, to be run in a
        thread of its own: ``def run(self, ctx: ThreadContext) -> None``.
        """
        raise UsageError(
            f"{type(self).__name__} does nothing", hint="write: async def run(self, ctx)"
        )

    def blueprint(self) -> Blueprint:
        """Give what this object is made of, what it inherits included.

        Raises UsageError where its class makes no service.
        """
        kind = type(self)
        names = [each for each in dir(kind) if not each.startswith("__")]
        methods = {each: getattr(self, each) for each in names if callable(getattr(kind, each))}
        return blueprint(
            kind.name or dashed(kind.__name__),
            self.run,
            methods,
            config=getattr(kind, "Config", None),
            traits=Traits.of(kind),
            summary=(inspect.getdoc(kind) or "").partition("\n")[0],
        )

    @classmethod
    def test(
        cls,
        *,
        config: object = None,
        environ: Mapping[str, str] | None = None,
        clock: FakeClock | None = None,
        limit: str | float = "10s",
    ) -> Trial[Self]:
        """Live in a test: ``async with Mailer.test() as t: await t.ready()``.

        See :class:`svcctl.testing.service.Trial`, which takes an object where one has to be made
        with arguments.
        """
        from svcctl.testing.service import Trial  # noqa: PLC0415 - only tests need it

        return Trial(cls(), config=config, environ=environ, clock=clock, limit=limit)

    @classmethod
    def main(cls, argv: Sequence[str] | None = None) -> NoReturn:
        """Be this service, or do what the command line says: see ``--help``."""
        from svcctl.sdk.main import main  # noqa: PLC0415 - who only imports a service pays nothing

        main(lambda: cls().blueprint(), argv)
