"""Gives a process that the SCM has started what other managers give: a folder, variables, a log."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

from svcctl.errors import SvcctlError
from svcctl.observe.logs.files import instance_folder
from svcctl.sdk.endpoint.place import RUN
from svcctl.sdk.instance import numbered, this_instance
from svcctl.sdk.places import state_folder
from svcctl.system.paths import Paths, find_paths, host_paths
from svcctl.system.registrations import Registrations
from svcctl.system.windows.host_output import open_streams

OUTPUT = "output.log"
"""What a service writes that has no streams: a file in its folder, and ``output.log.1``."""

_LARGEST_LOG = 10 << 20  # bytes


def settle(name: str) -> None:
    """Make this process at home as the service *name* is to be, by its registration.

    Where svcctl has not installed it, it gets nothing but streams, into :data:`OUTPUT`.
    """
    paths = find_paths(os.environ, system=True)
    spec = _registered(name, paths)
    if spec is None:
        own = state_folder(this_instance(name, os.environ).name, os.environ)
        _open_streams(os.path.join(own, OUTPUT))
        return
    os.environ.update(variables(name, paths, spec))
    _sign(host_paths(paths, name))
    os.chdir(folder(spec, program=sys.argv[0]))
    _open_streams(os.path.join(instance_folder(paths.logs, name, name), "stdout.log"))


def variables(name: str, paths: Paths, spec: Mapping[str, object]) -> dict[str, str]:
    """Give the variables of the service *name*, defined by *spec*: its account has no home."""
    given = spec.get("env")
    own = given if isinstance(given, dict) else {}
    home = {"SVCCTL_HOME": os.path.dirname(paths.state), RUN: host_paths(paths, name).run}
    return {**home, **numbered(name, 1), **own}


def _sign(paths: Paths) -> None:
    """Leave a file of this account's: by that a pipe is known to be no impostor's."""
    os.makedirs(paths.run, exist_ok=True)
    with open(paths.lock, "ab"):
        pass


def folder(spec: Mapping[str, object], *, program: str) -> str:
    """Give the folder a service lives in: Windows starts all of them in one of its own."""
    given = spec.get("cwd")
    return given if isinstance(given, str) and given else os.path.dirname(os.path.abspath(program))


def _registered(name: str, paths: Paths) -> Mapping[str, object] | None:
    """Give the definition as it stands: its parser would be loaded for every service."""
    try:
        return Registrations(paths.native).read(name).applied.spec
    except SvcctlError:
        return None


def _open_streams(path: str) -> None:
    """Have what is written kept in *path*: Windows gives a service no streams.

    Descriptors 1 and 2 would be those of any file that is opened later.
    """
    if sys.stdout is None:
        open_streams(path, limit=_LARGEST_LOG)
