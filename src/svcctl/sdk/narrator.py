"""Writes into a service's log what happens to it that its operators should know."""

from __future__ import annotations

from svcctl.sdk.happenings import (
    CircuitMoved,
    Happening,
    JobSkipped,
    Position,
    Reloaded,
    SagaMoved,
    SagaPhase,
)
from svcctl.sdk.logs.logger import Logger


def narrate(log: Logger, happening: Happening) -> None:
    """Write a line about *happening*, if it is worth one."""
    match happening:
        case CircuitMoved(name=name, before=before, now=now):
            tell = log.warning if now is Position.OPEN else log.info
            tell("breaker.moved", breaker=name, before=str(before), now=str(now))
        case SagaMoved(name=name, run=run, phase=SagaPhase.UNDOING | SagaPhase.UNDONE as phase):
            log.warning("saga.moved", saga=name, run=run, phase=str(phase), problem=happening.error)
        case Reloaded(outcome="applied", version=version):
            log.info("config.applied", config_version=version)
        case JobSkipped(job=job, times=times):
            log.warning("job.skipped", job=job, times=times)
        case _:
            pass
