"""When to stop calling what fails, and when to try again: the pure part of a breaker.

After Resilience4j's CircuitBreaker (https://resilience4j.readme.io/docs/circuitbreaker):

=========  ====================================  ==============================================
phase      what happens                          then
=========  ====================================  ==============================================
closed     a call is asked for                   it is made
closed     a call ends                           counted; *open* once enough are bad
open       asked for, cooldown not over          refused
open       asked for, cooldown over              *half-open*, and it is the first probe
half-open  asked for, a probe is left            it is made
half-open  asked for, none is left               refused
half-open  the same, a cooldown after the first  new probes: those that hang count no more
half-open  a probe ends, others are out          counted
half-open  the last probe ends, enough bad       *open*
half-open  the last probe ends, else             *closed*, nothing counted
half-open  a probe is given back                 it is left again
any        a call of an earlier phase ends       not counted
=========  ====================================  ==============================================
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from svcctl.sdk.happenings import Position
from svcctl.sdk.resilience.window import Outcome, Tally, Window


@dataclass(frozen=True, slots=True, kw_only=True)
class Tolerance:
    """What is too much: rates from 0 to 1 of at least *minimum_calls*; *cooldown* in seconds."""

    failure_rate: float
    slow_rate: float
    minimum_calls: int
    cooldown: float
    probes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Circuit:
    """Where it stands, *since* when (monotonic), and what it has counted there.

    *turn* grows with every change: a call belongs to the turn it was asked for in.  *out* are the
    probes that were let through and not given back, *probed* tells how those ended that have.
    """

    window: Window
    position: Position = Position.CLOSED
    since: float = 0.0
    turn: int = 0
    out: int = 0
    probed: Tally = field(default_factory=Tally)


def asked(circuit: Circuit, tolerance: Tolerance, now: float) -> tuple[Circuit, bool]:
    """Answer whether a call may be made now."""
    match circuit.position:
        case Position.CLOSED:
            return circuit, True
        case Position.OPEN:
            if retry_in(circuit, tolerance, now) > 0:
                return circuit, False
            return replace(_moved(circuit, Position.HALF_OPEN, now), out=1), True
        case Position.HALF_OPEN:
            if circuit.out < tolerance.probes:
                return replace(circuit, out=circuit.out + 1), True
            if retry_in(circuit, tolerance, now) > 0:
                return circuit, False
            return replace(_moved(circuit, Position.HALF_OPEN, now), out=1), True


def ended(
    circuit: Circuit, tolerance: Tolerance, outcome: Outcome, *, turn: int, now: float
) -> Circuit:
    """Count how a call ended that was asked for in *turn*."""
    if turn != circuit.turn or circuit.position is Position.OPEN:
        return circuit
    if circuit.position is Position.HALF_OPEN:
        return _probed(circuit, tolerance, outcome, now)
    window = circuit.window.with_one(outcome, now)
    tally = window.tally(now)
    if tally.calls >= tolerance.minimum_calls and _too_bad(tally, tolerance):
        return _moved(circuit, Position.OPEN, now)
    return replace(circuit, window=window)


def given_back(circuit: Circuit, *, turn: int) -> Circuit:
    """Forget a call asked for in *turn* that told nothing: it was cancelled."""
    if turn != circuit.turn or circuit.position is not Position.HALF_OPEN:
        return circuit
    return replace(circuit, out=circuit.out - 1)


def retry_in(circuit: Circuit, tolerance: Tolerance, now: float) -> float:
    """Give the seconds until a refused call may be tried again at the latest."""
    if circuit.position is Position.CLOSED:
        return 0.0
    return max(0.0, circuit.since + tolerance.cooldown - now)


def _probed(circuit: Circuit, tolerance: Tolerance, outcome: Outcome, now: float) -> Circuit:
    probed = circuit.probed.plus(outcome)
    if probed.calls < tolerance.probes:
        return replace(circuit, probed=probed)
    better = Position.OPEN if _too_bad(probed, tolerance) else Position.CLOSED
    return _moved(circuit, better, now)


def _too_bad(tally: Tally, tolerance: Tolerance) -> bool:
    return (
        tally.failed >= tolerance.failure_rate * tally.calls
        or tally.slow >= tolerance.slow_rate * tally.calls
    )


def _moved(circuit: Circuit, position: Position, now: float) -> Circuit:
    return Circuit(
        window=circuit.window.emptied(), position=position, since=now, turn=circuit.turn + 1
    )
