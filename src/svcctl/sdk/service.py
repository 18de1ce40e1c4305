"""The class that authors derive their services from."""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from typing import Any, ClassVar, NoReturn

from svcctl.errors import UsageError
from svcctl.sdk.blueprint import (
    HOOKS,
    Blueprint,
    TimeLimits,
    checked_name,
    checks_of,
    dashed,
    jobs_of,
)
from svcctl.sdk.lengths import seconds


class Service:
    """A program that is a service wherever it is started: see the guide *Write a service*.

    Subclasses write :meth:`run`, and where they want to

    - ``on_reload(old, new)``, ``on_pause()``, ``on_resume()``, ``on_stop(reason)``,
      ``on_control(code)``: hooks, async or plain;
    - methods marked with :func:`svcctl.every`, :func:`svcctl.cron` and :func:`svcctl.check`;
    - ``class Config``: a dataclass or a pydantic model, which ``ctx.config`` then is one of.

    An object lives once: from ``run`` to its end.
    """

    name: ClassVar[str] = ""
    """What it is called; without it the name of the class, ``OrderMailer`` being order-mailer."""

    start_timeout: ClassVar[str] = "90s"
    """How long it may take until it is ready."""

    drain_timeout: ClassVar[str] = "30s"
    """How long what is under way may take to be finished once it stops."""

    hook_timeout: ClassVar[str] = "30s"
    """How long each hook may take."""

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
        return Blueprint(
            name=checked_name(kind.name or dashed(kind.__name__)),
            run=self.run,
            hooks={each: methods[each] for each in HOOKS if each in methods},
            jobs=jobs_of(methods),
            checks=checks_of(methods),
            config=getattr(kind, "Config", None),
            limits=TimeLimits(
                start=seconds(kind.start_timeout),
                drain=seconds(kind.drain_timeout),
                hook=seconds(kind.hook_timeout),
            ),
            summary=(inspect.getdoc(kind) or "").partition("\n")[0],
        )

    @classmethod
    def main(cls, argv: Sequence[str] | None = None) -> NoReturn:
        """Be this service, or do what the command line says: see ``--help``."""
        from svcctl.sdk.main import main  # noqa: PLC0415 - who only imports a service pays nothing

        main(lambda: cls().blueprint(), argv)
