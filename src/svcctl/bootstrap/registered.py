"""Says which services native managers keep, and when that changes: what an agent needs first."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from dataclasses import replace

from svcctl.app.natives import KeptNatively
from svcctl.errors import SvcctlError
from svcctl.ports import Cancel
from svcctl.system.paths import Paths
from svcctl.system.registrations import Registrations

AGENT = "svcctl-agent"
"""What an agent is called that a native manager keeps: none watches itself, nor ends itself."""

_SUFFIX = ".json"


def registered(paths: Paths) -> tuple[dict[str, KeptNatively], dict[str, str]]:
    """Give what is registered in *paths*, and by name why some of it cannot be read."""
    registrations = Registrations(paths.native)
    try:
        names = registrations.names()
    except OSError as error:
        return {}, {"": f"'{paths.native}' cannot be read: {error.strerror}"}
    found: dict[str, KeptNatively] = {}
    problems: dict[str, str] = {}
    for name in names:
        if name == AGENT:
            continue
        try:
            found[name] = _kept(registrations, name)
        except SvcctlError as error:
            problems[name] = error.problem
    return found, problems


def _kept(registrations: Registrations, name: str) -> KeptNatively:
    from svcctl.spec import canonical  # noqa: PLC0415 - where there is one
    from svcctl.spec.hostless import in_journal, is_hosted  # noqa: PLC0415
    from svcctl.spec.service import Manager  # noqa: PLC0415

    found = registrations.read(name)
    spec = canonical.parse(found.applied.spec)
    return KeptNatively(
        spec=replace(spec, manager=Manager(found.manager)),
        revision=found.applied.revision,
        hosted=is_hosted(spec, found.manager),
        in_journal=in_journal(spec, found.manager),
    )


def notice(paths: Paths, call: Callable[[], None]) -> tuple[Cancel, bool]:
    """Make *call* when a registration comes, goes or changes; False where nobody tells of that.

    Needs a running event loop.
    """
    from svcctl.observe.logs.tail.changes import Inotify, best_changes  # noqa: PLC0415

    os.makedirs(paths.native, mode=0o711, exist_ok=True)  # noqa: PTH103 - pathlib: 1 MB
    changes = best_changes()
    if not isinstance(changes, Inotify):
        return changes.close, False
    changes.watch({paths.native})
    loop = asyncio.get_running_loop()

    def look() -> None:
        found = changes.take()
        if found is None or any(each.endswith(_SUFFIX) for each in found):
            call()

    def cancel() -> None:
        loop.remove_reader(changes.fileno())
        changes.close()

    loop.add_reader(changes.fileno(), look)
    return cancel, True
