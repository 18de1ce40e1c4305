"""Plays inputs to the machine, for tests of what it decides: no time, no process."""

from __future__ import annotations

from dataclasses import replace

from svcctl.engine.life import Effect, Ending, Input, Instance, Told
from svcctl.engine.machine import step
from svcctl.spec.policy import RestartPolicy
from svcctl.spec.service import ServiceSpec

SPEC = ServiceSpec(
    name="web",
    exec=("web",),
    restart=RestartPolicy(delay=1.0, factor=2.0, max_delay=8.0, jitter=0.0, max=3, window=100.0),
)
UP = (Told.START, Told.SPAWNED, Told.READY)


def play(
    *told: Told | Input, spec: ServiceSpec = SPEC, instance: Instance | None = None
) -> tuple[Instance, list[Effect]]:
    """Feed inputs, one second apart, to an instance; give where it ended and all it asked for."""
    instance = instance or Instance()
    asked: list[Effect] = []
    for number, each in enumerate(told):
        given = each if isinstance(each, Input) else Input(kind=each, at=float(number))
        instance, effects = step(instance, given, spec)
        asked += effects
    return instance, asked


def with_(spec: ServiceSpec = SPEC, **changes: object) -> ServiceSpec:
    """Give *spec* with *changes*."""
    return replace(spec, **changes)  # type: ignore[arg-type]


def policy(**changes: object) -> ServiceSpec:
    """Give SPEC with *changes* of its restart policy."""
    return with_(restart=replace(SPEC.restart, **changes))  # type: ignore[arg-type]


def bad(*, at: float = 3.0, leftover: bool = False) -> Input:
    """Tell that the program failed."""
    return Input(
        kind=Told.EXITED, at=at, ending=Ending.BAD, leftover=leftover, reason="exit code 1"
    )


def ok(*, at: float = 3.0) -> Input:
    """Tell that the program ended well."""
    return Input(kind=Told.EXITED, at=at, ending=Ending.OK, reason="exit code 0")
