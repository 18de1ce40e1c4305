"""Where a service keeps what has to outlast it."""

from __future__ import annotations

import os
from collections.abc import Mapping

from svcctl.system.paths import find_paths, service_state


def state_folder(name: str, environ: Mapping[str, str]) -> str:
    """Give the folder of the service *name*: what its manager gave it, else one of svcctl's.

    systemd names it in ``STATE_DIRECTORY``, see systemd.exec(5); of several the first counts.
    Nothing is created.
    """
    given = environ.get("STATE_DIRECTORY", "").partition(os.pathsep)[0]
    return given or service_state(find_paths(environ), name)
