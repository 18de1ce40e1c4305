"""What svcctl is asked for a service that is told ``install``, ``status`` and so on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from svcctl.sdk.blueprint import Blueprint, TimeLimits
from svcctl.spec.notation import format_duration
from svcctl.system.detect import Platform, platform

VERBS = (
    "install",
    "uninstall",
    "start",
    "stop",
    "restart",
    "pause",
    "resume",
    "reload",
    "status",
    "logs",
)


_BEAT = "30s"
"""The longest silence of a loop that turns: what hangs longer is started anew."""

_SLACK = 5.0  # seconds a stop may take beyond what each of its parts may


def command(verb: str, options: Sequence[str], blueprint: Blueprint) -> list[str]:
    """Give the command line that does *verb* with the service of *blueprint*: this program.

    Among the *options* of ``install``, what follows ``--`` is for the ``run`` of the service.
    """
    words = [sys.executable, "-m", "svcctl", verb, blueprint.name]
    if verb != "install" or {"-h", "--help"} & set(options):
        return [*words, *options]
    own, for_run = _split(options)
    words += ["--exec", _written([*this_program(), *for_run])]
    words += ["--cwd", str(Path.cwd())] if "--cwd" not in own else []
    if blueprint.summary and "--description" not in own:
        words += ["--description", blueprint.summary]
    for setting in _settings(blueprint.limits):
        words += ["--set", setting]
    return [*words, *own]


def _split(options: Sequence[str]) -> tuple[list[str], list[str]]:
    words = list(options)
    at = words.index("--") if "--" in words else len(words)
    return words[:at], words[at + 1 :]


def _settings(limits: TimeLimits) -> Iterator[str]:
    """Give what svcctl is to know of a service that speaks to its manager itself."""
    stop = limits.drain + limits.cancel + limits.hook + _SLACK
    yield "host=false"
    yield f"stop.timeout={format_duration(stop)}"
    yield f"ready_timeout={format_duration(limits.start + _SLACK)}"
    if platform() is Platform.WINDOWS:
        yield "windows.recovery.on_error=false"  # a crash does not say STOPPED, what does is final
        return
    yield "ready=notify"  # where programs have nobody to tell it cannot be
    yield "reload.signal=HUP"
    yield f'health=[{{heartbeat="{_BEAT}"}}]'


def _written(argv: Sequence[str]) -> str:
    """Give a command line as ``--exec`` takes it apart on this system."""
    from subprocess import list2cmdline  # noqa: PLC0415 - nothing for those who live

    return list2cmdline(argv) if platform() is Platform.WINDOWS else shlex.join(argv)


def this_program() -> list[str]:
    """Give the command line that runs this service, however it was started: a file or ``-m``."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None:
        name = spec.name.removesuffix(".__main__")
        return [sys.executable, "-m", name, "run"]
    return [sys.executable, str(Path(sys.argv[0]).absolute()), "run"]
