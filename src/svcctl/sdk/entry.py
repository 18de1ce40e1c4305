"""Lives what a definition names as ``python``: ``python -m svcctl.sdk.entry module:Name``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, NoReturn

from svcctl.errors import SpecError, UsageError, quoted
from svcctl.sdk.instance import Instance, this_instance
from svcctl.sdk.lean import import_asyncio
from svcctl.spec.names import dashed

if TYPE_CHECKING:
    from svcctl.sdk.blueprint import Blueprint


def main(argv: Sequence[str] | None = None) -> NoReturn:
    """Live the service that the first of *argv* names; the others are those of its ``run``."""
    import_asyncio()
    from svcctl.sdk.main import main as be  # noqa: PLC0415 - only now

    words = list(sys.argv[1:] if argv is None else argv)
    folder = os.getcwd()
    if not {folder, ""} & set(sys.path):  # a safe path has neither
        sys.path.insert(0, folder)
    be(lambda: named("".join(words[:1])), ["run", *words[1:]])


def named(target: str) -> Blueprint:
    """Give the service that *target* names: a Service, an App, or a function that is given ctx.

    Raises SpecError where there is no such thing in its module.  Another error there is written
    into a crash report, and ends the process as a crash does.
    """
    try:
        return blueprint_of(imported(target), target)
    except SpecError:
        raise
    except UsageError as error:  # a manager must not try again
        raise SpecError(f"python = '{target}': {error.problem}", hint=error.hint) from error
    except Exception as error:
        from svcctl.sdk.crash.exit_status import exit_status  # noqa: PLC0415

        _write_down(error, target)
        raise SystemExit(exit_status(error)) from error


def imported(target: str) -> object:
    """Give what *target* names; raises SpecError where it is not there."""
    name, _, path = target.partition(":")
    if not (name and path):
        raise SpecError(f"{quoted(target)} is not module:Name", hint="for example shop.mail:Mailer")
    module = _module(name, target)
    found: object = module
    for each in path.split("."):
        if not hasattr(found, each):
            problem = f"python = '{target}': module {name!r} has no {path!r}"
            raise SpecError(problem, hint=_services_of(module))
        found = getattr(found, each)
    return found


def blueprint_of(found: object, target: str) -> Blueprint:
    """Give the service that was *found* as *target*; raises SpecError where it is none."""
    from svcctl.sdk.app import App  # noqa: PLC0415 - not before asyncio is lean
    from svcctl.sdk.service import Service  # noqa: PLC0415

    match found:
        case type() if issubclass(found, Service):
            return found().blueprint()
        case Service() | App():
            return found.blueprint()
        case _ if callable(found) and not isinstance(found, type):
            app = App(_who(target).service)
            app.run(found)
            return app.blueprint()
    raise SpecError(
        f"python = '{target}': {type(found).__name__} {found!r:.80} is no service",
        hint="name a subclass of svcctl.Service, an App, or a function that takes ctx",
    )


def _module(name: str, target: str) -> ModuleType:
    try:
        return import_module(name)
    except ModuleNotFoundError as error:
        missing = error.name or ""
        if name != missing and not name.startswith(f"{missing}."):
            raise  # it is there, but wants one that is not
        problem = f"python = '{target}': there is no module {missing!r}"
        hint = (
            f"set cwd to the folder it is in (now '{os.getcwd()}'), "
            f"or interpreter to the Python that has it (now '{sys.executable}')"
        )
        raise SpecError(problem, hint=hint) from error


def _who(target: str) -> Instance:
    """Give which instance we are; without a manager it is called after what is named."""
    name = dashed(target.rpartition(":")[2].rpartition(".")[2]).replace("_", "-").strip("-")
    return this_instance(name, os.environ)


def _write_down(error: BaseException, target: str) -> None:
    """Report what was raised before there was a service: a file, and a record in the log."""
    from svcctl.sdk.crash.document import Subject  # noqa: PLC0415 - where all goes well, nothing
    from svcctl.sdk.crash.folder import CrashFolder  # noqa: PLC0415
    from svcctl.sdk.crash.reporter import Reporter  # noqa: PLC0415
    from svcctl.sdk.logs.descriptor import standard  # noqa: PLC0415
    from svcctl.sdk.logs.logger import Logs, Source  # noqa: PLC0415
    from svcctl.sdk.places import state_folder  # noqa: PLC0415
    from svcctl.system.clock import SystemClock  # noqa: PLC0415

    me, clock = _who(target), SystemClock()
    folder = CrashFolder(os.path.join(state_folder(me.name, os.environ), "crashes"))
    subject = Subject(service=me.service, instance=me.shown)
    reporter = Reporter(folder, subject, clock=clock, publish=lambda _: None)
    file = reporter.report(error, where="import")
    sink = standard(sys.stdout.fileno(), os.environ, clock=clock.monotonic)
    logs = Logs(source=Source(service=me.service, instance=me.shown), sink=sink, clock=clock)
    logs.logger().critical("service.crashed", where="import", file=file, exc_info=error)
    logs.close()


def _services_of(module: ModuleType) -> str:
    """Say which services a module has."""
    from svcctl.sdk.app import App  # noqa: PLC0415
    from svcctl.sdk.service import Service  # noqa: PLC0415

    names = [
        name
        for name, each in vars(module).items()
        if isinstance(each, App)
        or (isinstance(each, type) and issubclass(each, Service) and each is not Service)
    ]
    return f"it has: {', '.join(names)}" if names else "it has no service at all"


if __name__ == "__main__":
    main()
