"""What a stop means on Windows, which has no signals: the ways in which a program can be asked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from svcctl.errors import SpecError
from svcctl.spec.names import WINDOWS_SIGNALS, did_you_mean
from svcctl.spec.policy import StopPolicy, StopStep
from svcctl.spec.service import ServiceSpec

_ASKS = (("CTRL_C", 0.5), ("WM_CLOSE", 0.25), ("WM_QUIT", 0.25))
"""In which ways TERM is carried out, each with its share of the time; see native_stop."""

_SAME = {"INT": "CTRL_C"}
_AS_IT_IS = frozenset((*WINDOWS_SIGNALS, "KILL"))


def as_on_windows(spec: ServiceSpec) -> ServiceSpec:
    """Give *spec* as Windows can carry it out: agents and hosts ask in the same ways there."""
    return replace(spec, stop=native_stop(spec.stop))


def native_stop(stop: StopPolicy) -> StopPolicy:
    """Give *stop* in terms of Windows, as steps in full.

    TERM, which is also what a file asks for that says nothing, becomes Ctrl-C to the program's
    console, then WM_CLOSE to its windows, then WM_QUIT to its threads.  They share its time: half
    of it for Ctrl-C, which most services heed, and a quarter for each of the others; so a stop
    takes no longer than its timeout, and a program that heeds one of them is not hurt by the
    next.  INT is Ctrl-C alone.  ``http`` and ``exec`` keep their own time, as elsewhere.  A
    sequence stays as it was written, so a way that is not in it is not taken.

    Raises SpecError for a signal that Windows has no counterpart of.
    """
    steps = tuple(each for step in stop.steps() for each in _native(step))
    return replace(stop, signal="TERM", exec=(), http=None, sequence=steps)


def _native(step: StopStep) -> Iterator[StopStep]:
    if step.signal is None:
        yield step
    elif step.signal == "TERM":
        for name, share in _ASKS:
            yield StopStep(signal=name, timeout=step.timeout * share)
    else:
        yield replace(step, signal=_counterpart(step.signal))


def _counterpart(signal: str) -> str:
    native = _SAME.get(signal, signal)
    if native in _AS_IT_IS:
        return native
    near = did_you_mean(signal, WINDOWS_SIGNALS)
    raise SpecError(
        f"Windows has no signal {signal!r} to stop a program with",
        hint=near or f"use TERM (all of: {', '.join(WINDOWS_SIGNALS)}), or stop.exec or stop.http",
    )
