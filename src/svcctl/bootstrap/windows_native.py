"""Puts the manager of Windows services together: the SCM, the ground, and who knows passwords."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from svcctl.errors import UsageError
from svcctl.spec.service import ServiceSpec
from svcctl.system.paths import Paths
from svcctl.system.registrations import Registrations
from svcctl.system.windows.ground import Ground
from svcctl.system.windows.scm import ScmManager
from svcctl.system.windows.scm_database import ScmDatabase


def scm_manager(
    registrations: Registrations,
    *,
    paths: Paths,
    host_command: Callable[[str], tuple[str, ...]],
    ask_host: Callable[[str, str, Mapping[str, object]], object],
) -> ScmManager:
    """Give the SCM as a manager of services."""
    return ScmManager(
        registrations,
        scm=ScmDatabase(),
        secure=Ground(paths),
        host_command=host_command,
        ask_host=ask_host,
        password=_password,
    )


def _password(spec: ServiceSpec) -> str | None:
    """Read the password of the account from where the definition says it is; None for none."""
    reference = spec.windows.password
    if reference is None:
        return None
    kind, _, where = reference.partition(":")
    if kind == "env":
        if where not in os.environ:
            raise UsageError(f"the password of {spec.name!r}: there is no variable {where!r}")
        return os.environ[where]
    try:
        return Path(where).read_text(encoding="utf-8").removesuffix("\n")
    except OSError as error:
        raise UsageError(
            f"the password of {spec.name!r}: '{where}' cannot be read: {error.strerror}"
        ) from error
