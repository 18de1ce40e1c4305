"""What svcctl is asked for a service that is told ``install``, ``status`` and so on."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path

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


def command(verb: str, options: Sequence[str], *, name: str, summary: str) -> list[str]:
    """Give the command line that does *verb* with the service *name*, which this program is."""
    words = [sys.executable, "-m", "svcctl", verb, name]
    if verb == "install" and not {"-h", "--help"} & set(options):
        words += ["--exec", shlex.join(this_program())]
        words += ["--cwd", str(Path.cwd())] if "--cwd" not in options else []
        words += ["--description", summary] if summary and "--description" not in options else []
        if platform() is not Platform.WINDOWS:  # where programs have nobody to tell
            words += ["--set", "ready=notify", "--set", "reload.signal=HUP"]
    return [*words, *options]


def this_program() -> list[str]:
    """Give the command line that runs this service, however it was started: a file or ``-m``."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None:
        name = spec.name.removesuffix(".__main__")
        return [sys.executable, "-m", name, "run"]
    return [sys.executable, str(Path(sys.argv[0]).absolute()), "run"]
