"""By which command a native manager starts the host of a service."""

from __future__ import annotations

import os
import sys
import sysconfig

import svcctl


def host_command(name: str, home: str | None = None, *, system: bool = False) -> tuple[str, ...]:
    """Give the argv of the host of the service *name*, whose things are under *home*.

    *system*: they are where those of the machine are, whichever account the host runs as.
    The interpreter is the one a virtual environment was made from: on Windows, that of the
    environment only starts another process, which the SCM would not know.  ``-I`` keeps
    variables, the current folder and the user's own packages out of a service, ``-S`` what
    others have every interpreter load when it starts (``.pth`` files).
    """
    package = os.path.dirname(os.path.abspath(svcctl.__file__))
    argv = [_interpreter(), "-I", "-S", os.path.join(package, "server", "host.py")]
    packages = sysconfig.get_paths()["purelib"]
    if packages != os.path.dirname(package):
        argv += ["--site", packages]
    if home:
        argv += ["--home", os.path.abspath(home)]
    elif system:
        argv.append("--system")
    return (*argv, name)


def _interpreter() -> str:
    base: str = getattr(sys, "_base_executable", "") or sys.executable
    return os.path.abspath(base)
