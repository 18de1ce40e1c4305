"""Says whether this process can do harm to the machine it is on: before it serves others."""

from __future__ import annotations

from svcctl.errors import SystemFault
from svcctl.system.windows.job import most_processes
from svcctl.system.windows.restriction import rights_left
from svcctl.system.windows.token import OWN, standing


def insist_on_harmless() -> tuple[str, ...]:
    """Give what this Windows could not take, of what is done without rather than not at all.

    Raises SystemFault where its token holds a right that one who serves others is not to have;
    :func:`svcctl.system.windows.restricted.run_restricted` starts a process that has none.
    """
    left = rights_left(standing(OWN))
    if left:
        raise SystemFault(
            f"others are not served with rights over this machine: {'; '.join(left)}",
            hint='have it run by Windows under an account of its own: manager = "scm"',
        )
    return () if most_processes() == 1 else ("programs could be run by whoever breaks in",)
