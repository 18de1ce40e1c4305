"""Has a service live for whoever started it, who hears of it before what a life needs is imported.

The SCM gives a process 30 seconds to speak, on a machine that is just booting as well.
"""

from __future__ import annotations

from svcctl.ports import HostReport
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.choices import Choices
from svcctl.sdk.surroundings import Attach, Surroundings, surrounded


def live(
    blueprint: Blueprint, choices: Choices | None = None, *, within: Surroundings = surrounded
) -> int:
    """Live the service of *blueprint* here and give the exit status; *within* finds for whom.

    Comes back only on Windows where the service is to be run anew: elsewhere the new run is in
    this process.
    """

    def body(report: HostReport, attach: Attach) -> int:
        from svcctl.sdk.living import lived  # noqa: PLC0415 - see above

        return lived(blueprint, choices or Choices(), report, attach)

    codes = frozenset(range(128, 256)) if "on_control" in blueprint.hooks else frozenset[int]()
    return within(blueprint.name, body, pausable=True, codes=codes)
