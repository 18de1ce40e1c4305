"""Reads services of the system's own manager that svcctl did not install."""

from __future__ import annotations

import os

from svcctl.app.take_over import OldService
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


def old_service(name: str) -> OldService:
    """Give the native service *name*, to be stopped and disabled; raises UnknownService."""
    match native_manager():
        case "systemd":
            from svcctl.system.systemd.bus import Systemctl  # noqa: PLC0415 - one of the two
            from svcctl.system.systemd.old_unit import OldUnit  # noqa: PLC0415

            return OldUnit(_unit(name), bus=Systemctl())
        case "scm":
            from svcctl.system.windows import old_service as windows  # noqa: PLC0415
            from svcctl.system.windows.scm_database import ScmDatabase  # noqa: PLC0415

            return windows.OldService(name, scm=ScmDatabase())
        case other:
            raise NotAvailable(f"services of {other or 'this system'} cannot be taken over")


def _unit(name: str) -> str:
    return name if "." in name else f"{name}.service"


def _from_systemd(name: str) -> Draft:
    from svcctl.spec.convert.systemd_unit import draft  # noqa: PLC0415 - one of the two
    from svcctl.system.systemd.bus import Systemctl  # noqa: PLC0415

    unit = _unit(name)
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
