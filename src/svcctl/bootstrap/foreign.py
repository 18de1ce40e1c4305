"""Reads services of the system's own manager that svcctl did not install."""

from __future__ import annotations

import os

from svcctl.errors import NotAvailable, UnknownService
from svcctl.spec.draft import Draft
from svcctl.system.detect import native_manager


def foreign_draft(name: str) -> Draft:
    """Give a first version of the native service *name*; raises UnknownService where none is."""
    match native_manager():
        case "systemd":
            return _from_systemd(name)
        case "scm":
            return _from_scm(name)
        case other:
            raise NotAvailable(
                f"services of {other or 'this system'} cannot be read",
                hint="svcctl add NAME -- COMMAND",
            )


def _from_systemd(name: str) -> Draft:
    from svcctl.spec.convert.systemd_unit import draft  # noqa: PLC0415 - one of the two
    from svcctl.system.systemd.bus import Systemctl  # noqa: PLC0415

    unit = name if "." in name else f"{name}.service"
    text = Systemctl().cat(unit)
    if text is None:
        raise UnknownService(f"systemd has no unit {unit!r}", hint="systemctl list-unit-files")
    return draft(unit, text)


def _from_scm(name: str) -> Draft:
    from svcctl.spec.convert.windows_service import Found, draft  # noqa: PLC0415 - one of the two
    from svcctl.system.windows import service_registry  # noqa: PLC0415
    from svcctl.system.windows.scm_database import ScmDatabase  # noqa: PLC0415

    config = ScmDatabase().read(name)
    found = Found(
        name=name,
        command=config.command,
        display_name=config.display_name,
        description=config.description,
        start=str(config.start),
        account=config.account,
        dependencies=config.dependencies,
        environment=service_registry.environment(name),
        nssm=service_registry.nssm_settings(name),
    )
    return draft(found, is_file=os.path.isfile)
