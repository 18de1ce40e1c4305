"""Carries on where an earlier agent left an instance, in the middle of whatever it did."""

from __future__ import annotations

import logging
from dataclasses import replace

from svcctl.engine.journal import Entry
from svcctl.engine.keeper import Keeper, ending_text
from svcctl.engine.life import Effect, Phase, Stage, Told
from svcctl.events import InstanceAdopted
from svcctl.ports import Exit, Member

log = logging.getLogger(__name__)


def take_over(keeper: Keeper, entry: Entry) -> bool:
    """Have *keeper* carry on from *entry*, written in this boot; say whether its program runs."""
    keeper.entry = replace(entry, resume=False)
    if keeper.state.wanted and keeper.spec.schedule:
        keeper.carry_out(Effect.ARM_SCHEDULE)
    if entry.identity and keeper.program.adopt(entry.identity, entry.token):
        keeper.world.bus.publish(InstanceAdopted(**keeper.occasion(), pid=entry.identity.pid))
        _carry_on(keeper)
        return True
    if keeper.state.child or entry.identity:
        keeper.program.sweep_strays(entry.token, lambda killed: _exited_unseen(keeper, killed))
        return False
    return _restart_stage(keeper)


def doubt(keeper: Keeper, reason: str) -> None:
    """Say why it is not started though it is enabled."""
    keeper.entry = replace(keeper.entry, state=replace(keeper.state, reason=reason))


def _exited_unseen(keeper: Keeper, killed: tuple[Member, ...]) -> None:
    keeper.report_killed(killed)
    if keeper.state.stage is Stage.SPAWNING:  # it was spawned, and the machine never told
        keeper.entry = replace(keeper.entry, identity=None)
        keeper.tell(Told.SPAWN_FAILED, reason=ending_text(Exit()))
    else:
        keeper.exited(Exit(), leftover=False)


def _carry_on(keeper: Keeper) -> None:
    """The program runs: take up the work of the phase again."""
    left = _time_left(keeper)
    match keeper.state.phase:
        case Phase.RUNNING:
            keeper.carry_out(Effect.WATCH_LIVE)
        case Phase.STARTING if keeper.state.stage is Stage.SPAWNING:
            keeper.tell(Told.SPAWNED)
        case Phase.STARTING:
            keeper.arm(left)
            keeper.vitals.watch_ready()
        case Phase.STOPPING if keeper.state.stage is Stage.PRE_STOP:
            keeper.carry_out(Effect.RUN_PRE_STOP)
        case Phase.STOPPING if keeper.state.stage is Stage.ASKING:
            keeper.arm(left)
        case Phase.STOPPING:
            keeper.carry_out(Effect.KILL)
        case Phase.PAUSING:
            keeper.carry_out(Effect.FREEZE)
        case Phase.RESUMING:
            keeper.carry_out(Effect.THAW)
        case _:
            log.debug("instance.adopted", extra={"phase": keeper.state.phase})
    keeper.write_down()


def _restart_stage(keeper: Keeper) -> bool:
    """No program runs: take up whatever was under way without one; say whether one runs now."""
    match keeper.state.phase, keeper.state.stage:
        case Phase.STARTING, Stage.NEEDS:
            keeper.carry_out(Effect.AWAIT_NEEDS)
        case Phase.STARTING, Stage.PRE_START:
            keeper.carry_out(Effect.RUN_PRE_START)
        case Phase.STARTING, _:
            return _find_interrupted(keeper)
        case Phase.STOPPING, Stage.POST_STOP:
            keeper.carry_out(Effect.RUN_POST_STOP)
        case Phase.STOPPING, _:
            keeper.program.sweep_strays(keeper.entry.token, keeper.swept)
        case Phase.BACKOFF, _:
            keeper.arm(_time_left(keeper))
        case _:
            pass
    return False


def _find_interrupted(keeper: Keeper) -> bool:
    """A spawn was under way when the agent died: it happened, or it did not."""
    token = keeper.entry.token
    found = keeper.world.spawner.find(token) if token else None
    if found and keeper.program.adopt(found, token):
        keeper.spawned(found.pid)
        return True
    if keeper.state.wanted:
        keeper.carry_out(Effect.SPAWN)
    else:
        keeper.tell(Told.SPAWN_FAILED, reason=keeper.state.reason)
    return keeper.program.child is not None


def _time_left(keeper: Keeper) -> float:
    """Give the seconds that are left of what the timer was armed for."""
    return max(0.0, keeper.entry.deadline - keeper.world.clock.monotonic())
