"""Registers a service for a host, as ``svcctl install`` would, but with no system told of it.

Run as a file by the Python that has svcctl: ``python register.py HOME DEFINITIONS NAME``; prints
the command of the host as JSON.
"""

from __future__ import annotations

import json
import sys

from svcctl.cli.definitions import documents, load
from svcctl.ports import Applied
from svcctl.system.host_command import host_command
from svcctl.system.paths import find_paths
from svcctl.system.registrations import Registration, Registrations


def main(home: str, definitions: str, name: str) -> None:
    """Register what stands in the file *definitions*, and say how its host is started."""
    registrations = Registrations(find_paths({"SVCCTL_HOME": home}).native)
    for each in documents(load([definitions])):
        applied = Applied(**each)  # type: ignore[arg-type]
        registrations.write(Registration(applied=applied, manager="systemd", enabled=True))
    print(json.dumps(host_command(name, home)))


if __name__ == "__main__":
    main(*sys.argv[1:])
