"""Puts together who looks through the native services of this machine for what is wrong."""

from __future__ import annotations

from collections.abc import Collection

from svcctl.bootstrap.host import paths_of
from svcctl.errors import NotAvailable
from svcctl.system.detect import Platform, platform
from svcctl.system.paths import Paths
from svcctl.system.windows.finding import Report

__all__ = ["Report", "native_report", "on_windows", "who_else_may_change"]


def on_windows() -> bool:
    """Say whether access lists, and not modes and owners, decide here who may do what."""
    return platform() is Platform.WINDOWS


def native_report(paths: Paths, names: Collection[str] = ()) -> Report:
    """Look through every native service, or *names* only; elsewhere than on Windows through none.

    Raises UnknownService for a name Windows does not know, NotAvailable for one elsewhere.
    """
    if not on_windows():
        if names:
            raise NotAvailable(
                "single services can be examined on Windows only", hint="svcctl status"
            )
        return Report()
    from svcctl.system.windows.findings import examine  # noqa: PLC0415 - only there
    from svcctl.system.windows.look import WindowsLook  # noqa: PLC0415
    from svcctl.system.windows.scm_database import ScmDatabase  # noqa: PLC0415

    return examine(
        ScmDatabase(),
        WindowsLook(),
        paths=paths,
        paths_of=lambda host: paths_of(host.home or None, system=host.system),
        names=names,
    )


def native_names(paths: Paths) -> tuple[str, ...]:
    """Name the services that a native manager keeps here, without the agent itself."""
    from svcctl.bootstrap.registered import registered  # noqa: PLC0415 - where there may be

    found, unread = registered(paths)
    return tuple(sorted({*found, *unread} - {""}))


def tells_people(paths: Paths) -> bool:
    """Say whether the agent of *paths*, which need not run, has channels to tell people by."""
    from svcctl.app.alerting.desk import KIND  # noqa: PLC0415 - where it does not answer
    from svcctl.engine.past_events import left_documents  # noqa: PLC0415

    kept = [each.get("spec") for each in left_documents(f"{paths.state}/state.db", KIND)]
    return any(isinstance(each, dict) and each.get("channels") for each in kept)


def who_else_may_change(folder: str) -> tuple[tuple[str, ...], str]:
    """Give the ordinary users that may change *folder*, and how to keep them from it; Windows."""
    from svcctl.system.windows.look import access_list  # noqa: PLC0415 - only there
    from svcctl.system.windows.unsafe_paths import closing  # noqa: PLC0415
    from svcctl.system.windows.writable import who_may_change  # noqa: PLC0415

    groups = who_may_change(access_list(folder), folder=True)
    return groups, closing(folder, groups, folder=True) if groups else ""
