"""Whether what a service needs of others holds."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from svcctl.engine.life import Instance, Phase, Stage
from svcctl.spec.service import Need, ServiceSpec, Type


def holds(need: Need, spec: ServiceSpec, instances: Iterable[tuple[Instance, bool]]) -> bool:
    """Say whether every instance of the needed service fulfils *need*.

    *instances* gives for each its state and whether its live probes have all passed.
    A oneshot that has finished counts as started, ready and healthy.
    """
    return all(_one_holds(need, spec, state, live=live) for state, live in instances)


def _one_holds(need: Need, spec: ServiceSpec, state: Instance, *, live: bool) -> bool:
    finished = state.phase is Phase.FINISHED
    ready = finished if spec.type is Type.ONESHOT else state.ready
    match need:
        case Need.STARTED:
            return state.child or finished
        case Need.READY:
            return ready
        case Need.HEALTHY:
            return ready and (live or finished)
        case Need.DONE:
            return finished


def is_settled(states: Sequence[Instance]) -> bool:
    """Say whether none is on its way up: what starts ``after`` them may start."""
    return not any(
        state.phase is Phase.STARTING and state.stage is not Stage.NEEDS for state in states
    )


def has_given_up(states: Sequence[Instance]) -> bool:
    """Say whether what was needed will not come without somebody's help."""
    return any(state.phase is Phase.FAILED for state in states) or all(
        state.phase is Phase.STOPPED and not state.wanted for state in states
    )
