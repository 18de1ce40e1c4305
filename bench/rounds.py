"""Measures in rounds: in each round every subject once, in an order drawn by lot."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from bench.manager import Manager
from bench.reading import Figure, Gap, Reading, Value
from bench.session import Stage

_ERRORS = (
    RuntimeError,
    OSError,
    ValueError,
    subprocess.SubprocessError,
)  # TimeoutError is an OSError


@dataclass(frozen=True, slots=True, kw_only=True)
class Turn:
    """One measurement that is to be taken."""

    figure: Figure
    subject: str
    round: int
    measure: Callable[[Stage], Iterator[Value]]


def turns(
    figures: Iterable[Figure], managers: Sequence[Manager], *, rounds: int, seed: int
) -> Iterator[Turn]:
    """Give all measurements in order: figure by figure, round by round, subjects shuffled.

    So a minute in which the machine is slow hits all subjects alike.
    """
    lot = random.Random(seed)
    for figure in figures:
        subjects = _subjects(figure, managers)
        for number in range(min(rounds * figure.repeat, figure.rounds)):
            for subject, measure in lot.sample(subjects, len(subjects)):
                yield Turn(figure=figure, subject=subject, round=number, measure=measure)


def take(turn: Turn, stage: Stage) -> Iterator[Reading | Gap]:
    """Take one measurement; what cannot be measured leaves a gap with its reason."""
    try:
        with _at_most(turn.figure.patience):
            for value in turn.measure(stage):
                yield Reading(
                    figure=value.figure,
                    case=value.case,
                    subject=turn.subject,
                    value=value.number,
                    unit=value.unit,
                    load=round(os.getloadavg()[0], 2),
                )
    except _ERRORS as error:
        yield Gap(figure=turn.figure.name, subject=turn.subject, why=str(error) or repr(error))


def _subjects(
    figure: Figure, managers: Sequence[Manager]
) -> list[tuple[str, Callable[[Stage], Iterator[Value]]]]:
    found = [
        (manager.name, _bound(figure, manager)) for manager in managers if figure.fits(manager)
    ]
    return [*found, *figure.floors.items()]


def _bound(figure: Figure, manager: Manager) -> Callable[[Stage], Iterator[Value]]:
    return lambda stage: figure.measure(stage, manager)


@contextlib.contextmanager
def _at_most(seconds: float) -> Iterator[None]:
    """Raise TimeoutError in the block, wherever it is, after so many *seconds*."""

    def over(*_: object) -> None:
        raise TimeoutError(f"given up after {seconds:g}s")

    before = signal.signal(signal.SIGALRM, over)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
