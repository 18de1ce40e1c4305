"""The whole table, and exactly what is remembered on the way."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from svcctl.engine.life import Cause, Ending, Input, Instance, Phase, Stage, Told
from svcctl.engine.machine import step
from svcctl.spec.policy import (
    Hooks,
)
from svcctl.spec.service import Need
from svcctl.testing.play import SPEC, bad, ok, play, with_

# --- what is remembered

USED = Instance(  # by a life as long as can be
    phase=Phase.FAILED,
    wanted=True,
    again=True,
    queued=True,
    failures=(1.0,),
    probe_failures=(2.0,),
    tries=3,
    probe_tries=2,
    delay=4.0,
    spawned_at=5.0,
    stable=True,
    step=2,
    ending=Ending.BAD,
    cause=Cause.PROBE,
    restarts=7,
    reason="old",
)
NEW = Instance(wanted=True, spawned_at=5.0, restarts=7)
SPAWNING = replace(NEW, phase=Phase.STARTING, stage=Stage.SPAWNING)
WARMING = replace(SPAWNING, stage=Stage.WARMING, child=True)
RUNNING = replace(NEW, phase=Phase.RUNNING, child=True, ready=True)
ASKING = replace(NEW, phase=Phase.STOPPING, stage=Stage.ASKING, child=True)
SWEEPING = replace(ASKING, stage=Stage.SWEEPING, child=False)
BACKOFF = replace(NEW, phase=Phase.BACKOFF, delay=4.0, cause=Cause.PROBE, reason="old")


@pytest.mark.parametrize(
    ("before", "kind", "after"),
    [
        (USED, Told.START, SPAWNING),
        (
            replace(BACKOFF, step=2, ending=Ending.BAD, stable=True),
            Told.TIME_OVER,
            replace(SPAWNING, restarts=8),
        ),
        (SPAWNING, Told.SPAWNED, replace(WARMING, spawned_at=50.0)),
        (SPAWNING, Told.STOP, replace(SPAWNING, wanted=False, reason="told")),
        (
            replace(SPAWNING, wanted=False, reason="old"),
            Told.SPAWNED,
            replace(ASKING, wanted=False, spawned_at=50.0, cause=Cause.ASKED, reason="old"),
        ),
        (
            replace(SPAWNING, wanted=False, reason="old"),
            Told.SPAWN_FAILED,
            replace(NEW, wanted=False, reason="old"),
        ),
        (replace(WARMING, reason="old"), Told.READY, RUNNING),
        (
            replace(WARMING, step=2),
            Told.TIME_OVER,
            replace(ASKING, cause=Cause.NOT_READY, reason="not ready in time"),
        ),
        (
            replace(RUNNING, queued=True),
            Told.STOP,
            replace(ASKING, wanted=False, stable=True, cause=Cause.ASKED, reason="told"),
        ),
        (
            replace(RUNNING, wanted=False, tries=3),
            Told.RESTART,
            replace(ASKING, again=True, stable=True, cause=Cause.ASKED, reason="restart"),
        ),
        (
            RUNNING,
            Told.MEMORY_EXCEEDED,
            replace(ASKING, stable=True, cause=Cause.MEMORY, reason="told"),
        ),
        (
            RUNNING,
            Told.PROBE_FAILED,
            replace(ASKING, stable=True, cause=Cause.PROBE, reason="told"),
        ),
        (
            replace(ASKING, queued=True, again=True, cause=Cause.PROBE, reason="old"),
            Told.STOP,
            replace(ASKING, wanted=False, cause=Cause.ASKED, reason="told"),
        ),
        (replace(ASKING, wanted=False, tries=3), Told.START, replace(ASKING, again=True)),
        (ASKING, Told.EXITED, replace(SWEEPING, ending=Ending.ABNORMAL)),
        (
            replace(SWEEPING, wanted=False, cause=Cause.ASKED, reason="old"),
            Told.SWEPT,
            replace(NEW, wanted=False, reason="old"),
        ),
        (
            RUNNING,
            Told.EXITED,
            replace(
                BACKOFF,
                delay=1.0,
                cause=Cause.EXITED,
                reason="told",
                ending=Ending.ABNORMAL,
                stable=True,
                tries=1,
                failures=(50.0,),
            ),
        ),
        (BACKOFF, Told.STOP, replace(NEW, wanted=False, reason="told")),
        (
            replace(NEW, phase=Phase.FAILED, wanted=False, reason="old"),
            Told.RESET,
            replace(NEW, wanted=False),
        ),
    ],
)
def test_exactly_this_is_remembered(before: Instance, kind: Told, after: Instance) -> None:
    told = Input(kind=kind, at=50.0, ending=Ending.ABNORMAL, reason="told")

    assert step(before, told, SPEC)[0] == after


# --- the whole table

EVERYTHING = with_(
    needs={"db": Need.READY},
    hook=Hooks(pre_start=(("a",),), pre_stop=(("b",),), post_stop=(("c",),)),
)
WARM: tuple[Told | Input, ...] = (Told.START, Told.NEEDS_MET, Told.HOOKS_DONE, Told.SPAWNED)
RUN = (*WARM, Told.READY)
STOPPED_SO_FAR = (*RUN, Told.STOP, Told.HOOKS_DONE)
WAYS: dict[str, tuple[Told | Input, ...]] = {
    "stopped": (),
    "starting/needs": WARM[:1],
    "starting/pre_start": WARM[:2],
    "starting/spawning": WARM[:3],
    "starting/warming": WARM,
    "running": RUN,
    "pausing": (*RUN, Told.PAUSE),
    "paused": (*RUN, Told.PAUSE, Told.FROZEN),
    "resuming": (*RUN, Told.PAUSE, Told.FROZEN, Told.RESUME),
    "stopping/pre_stop": (*RUN, Told.STOP),
    "stopping/asking": STOPPED_SO_FAR,
    "stopping/killing": (*STOPPED_SO_FAR, Told.TIME_OVER),
    "stopping/sweeping": (*STOPPED_SO_FAR, bad()),
    "stopping/post_stop": (*STOPPED_SO_FAR, bad(), Told.SWEPT),
    "backoff": (*RUN, bad(), Told.HOOKS_DONE),
    "failed": (*WARM[:3], Input(kind=Told.SPAWN_FAILED, permanent=True)),
    "finished": (*RUN, ok(), Told.HOOKS_DONE),
}
_UP = "start: {0}  arm: {0}  stop: stopping/pre_stop  restart: stopping/pre_stop"
_DOWN = "start: {0}  arm: {0}  restart: {0}  stop: {0}"
_REST = "start: starting/needs  restart: starting/needs  stop: stopped  arm: {0}"
LIFE = {
    "stopped": _REST,
    "starting/needs": """start: {0}  arm: {0}  restart: {0}  stop: stopped
        needs-met: starting/pre_start""",
    "starting/pre_start": """start: {0}  arm: {0}  restart: starting/needs  stop: stopped
        hooks-done: starting/spawning  hooks-failed: backoff""",
    "starting/spawning": """start: {0}  arm: {0}  restart: {0}  stop: {0}
        spawned: starting/warming  spawn-failed: backoff""",
    "starting/warming": f"""{_UP}
        ready: running  time-over: stopping/asking  exited: stopping/post_stop""",
    "running": f"""{_UP}  reload: stopping/pre_stop  pause: pausing  exited: stopping/post_stop
        probe-failed: stopping/pre_stop  memory-exceeded: stopping/pre_stop""",
    "pausing": f"{_UP}  frozen: paused  freeze-failed: running  exited: stopping/post_stop",
    "paused": f"{_UP}  resume: resuming  exited: stopping/post_stop",
    "resuming": f"{_UP}  thawed: running  thaw-failed: paused  exited: stopping/post_stop",
    "stopping/pre_stop": f"""{_DOWN}  exited: stopping/sweeping
        hooks-done: stopping/asking  hooks-failed: stopping/asking""",
    "stopping/asking": f"{_DOWN}  exited: stopping/sweeping  time-over: stopping/killing",
    "stopping/killing": f"{_DOWN}  exited: stopping/sweeping  time-over: stopping/killing",
    "stopping/sweeping": f"{_DOWN}  swept: stopping/post_stop",
    "stopping/post_stop": f"{_DOWN}  hooks-done: stopped  hooks-failed: stopped",
    "backoff": f"{_REST}  reset: starting/needs  time-over: starting/needs",
    "failed": f"{_REST}  reset: starting/needs",
    "finished": _REST,
}


def where(instance: Instance) -> str:
    staged = instance.stage is not Stage.NONE
    return f"{instance.phase}/{instance.stage}" if staged else f"{instance.phase}"


@pytest.mark.parametrize("place", WAYS)
def test_whatever_it_is_told_it_goes_where_the_table_says(place: str) -> None:
    instance, _ = play(*WAYS[place], spec=EVERYTHING)
    leads = dict(re.findall(r"([a-z-]+): ([a-z/_]+)", LIFE[place].format(place)))

    assert where(instance) == place
    for told in Told:
        after, asked = play(told, spec=EVERYTHING, instance=instance)
        assert where(after) == leads.get(told, place), told
        if told not in leads:
            assert (after, asked) == (instance.forgiven() if told == "reset" else instance, [])
