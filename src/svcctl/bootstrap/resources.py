"""Puts together what judges the resources that programs use, and how often they are restarted."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from svcctl.app.findings import Findings
from svcctl.app.own_folders import OwnFolders
from svcctl.app.resources import EVERY, Resources
from svcctl.app.restarts import Restarts
from svcctl.app.sampling import Sampler
from svcctl.engine.manager import AgentManager
from svcctl.system.folder import measure


@dataclass(frozen=True, slots=True, kw_only=True)
class Judging:
    """What looks at programs now and then, and what judges how they are."""

    sampler: Sampler
    resources: Resources


@contextmanager
def judging(manager: AgentManager, findings: Findings, *, every: float | None) -> Iterator[Judging]:
    """Have programs judged *every* so many seconds (None: as usual) while the block lasts."""
    sampler = Sampler(manager)
    folders = OwnFolders(measure, clock=manager.world.clock)
    resources = Resources(manager, sampler, told=findings, folders=folders)
    restarts = Restarts(manager, is_quiet=findings.is_quiet)
    restarts.begin()
    resources.begin(every=every or EVERY)
    try:
        yield Judging(sampler=sampler, resources=resources)
    finally:
        resources.close()
        restarts.close()
        sampler.close()
