"""The life of a service as a table: pure, so that every way through it can be tested.

============  ======================================================================
starting      ``run`` has begun and has not said that it is ready
running       ready: jobs are called, work is taken
pausing       asked to stand still; ``on_pause`` is at work
paused        the gate is closed: nobody passes ``ticks``, ``sleep``, or a job's turn
resuming      asked to go on; ``on_resume`` is at work
draining      no new work; what is under way is finished, or cut at its limit
stopped       all is let go of
============  ======================================================================
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from svcctl.ports import HostPhase


class Phase(StrEnum):
    """Where the life of a service stands."""

    STARTING = "starting"
    RUNNING = "running"
    PAUSING = "pausing"
    PAUSED = "paused"
    RESUMING = "resuming"
    DRAINING = "draining"
    STOPPED = "stopped"


class Input(StrEnum):
    """What happens to it."""

    READY = "ready"
    PAUSE = "pause"
    PAUSED = "paused"
    RESUME = "resume"
    RESUMED = "resumed"
    STOP = "stop"
    OVER = "over"


_TABLE: Mapping[tuple[Phase, Input], Phase] = {
    (Phase.STARTING, Input.READY): Phase.RUNNING,
    (Phase.RUNNING, Input.PAUSE): Phase.PAUSING,
    (Phase.PAUSING, Input.PAUSED): Phase.PAUSED,
    (Phase.PAUSING, Input.RESUMED): Phase.RUNNING,  # the hook failed: it does not stand still
    (Phase.PAUSED, Input.RESUME): Phase.RESUMING,
    (Phase.RESUMING, Input.RESUMED): Phase.RUNNING,
    **{
        (each, Input.STOP): Phase.DRAINING
        for each in Phase
        if each not in {Phase.DRAINING, Phase.STOPPED}
    },
    **{(each, Input.OVER): Phase.STOPPED for each in Phase},
}

TOLD: Mapping[Phase, HostPhase] = {
    Phase.STARTING: HostPhase.STARTING,
    Phase.RUNNING: HostPhase.RUNNING,
    Phase.PAUSING: HostPhase.PAUSING,
    Phase.PAUSED: HostPhase.PAUSED,
    Phase.RESUMING: HostPhase.RESUMING,
    Phase.DRAINING: HostPhase.STOPPING,
    Phase.STOPPED: HostPhase.STOPPING,
}
"""What a manager is told of each phase."""

PASSING = frozenset((Phase.STARTING, Phase.PAUSING, Phase.RESUMING, Phase.DRAINING))
"""Phases that nobody stays in: a manager wants to hear that they make progress."""


def step(phase: Phase, happened: Input) -> Phase:
    """Give the phase that follows; the same one where it changes nothing."""
    return _TABLE.get((phase, happened), phase)
