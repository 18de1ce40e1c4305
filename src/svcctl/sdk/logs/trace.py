"""Which request a piece of work belongs to, from task to task and from process to process.

After the recommendation Trace Context: https://www.w3.org/TR/trace-context/
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

_TRACEPARENT = re.compile(r"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_INVALID_VERSION = "ff"
_LONGEST_STATE = 8192  # bytes; the recommendation asks for 512 at the least

Entropy = Callable[[int], bytes]
"""Gives so many random bytes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trace:
    """A place in a trace: ids are lower-case hex, 32 and 16 digits, never all zeros.

    *flags* is the byte of the header (bit 0: sampled), *state* what ``tracestate`` said, opaque.
    """

    trace_id: str
    span_id: str
    flags: int = 0
    state: str = ""

    @property
    def header(self) -> str:
        """Give it as ``traceparent``, version 00."""
        return f"00-{self.trace_id}-{self.span_id}-{self.flags:02x}"

    def child(self, entropy: Entropy = os.urandom) -> Trace:
        """Give a new place in the same trace."""
        span = _identifier(8, entropy)
        return Trace(trace_id=self.trace_id, span_id=span, flags=self.flags, state=self.state)


@dataclass(frozen=True, slots=True, kw_only=True)
class Carried:
    """A trace, and how it stands in a record; kept so that no record has to make it again."""

    trace: Trace
    encoded: bytes


CARRIED: ContextVar[Carried | None] = ContextVar("svcctl_trace", default=None)
"""What the current task or thread works for, as far as we were told; see :func:`carried`."""

_imported, _told = sys.modules.get, CARRIED.get  # looked up once: every record asks

_OPENTELEMETRY = "opentelemetry.trace"  # never imported here: who has spans has imported it
_MOST_SPANS = 256  # that are kept ready for their next record


def parse_traceparent(header: str, *, state: str = "") -> Trace | None:
    """Give the place that a ``traceparent`` header names, or None: then a new trace begins.

    Strict, as section 3.2.2 asks: lower case, no zeros for an id, no version ``ff``, nothing after
    version 00.  Of a later version the fields that are known are taken; of its flags only the
    sampled one.  *state* is the ``tracestate`` that came with it, left out where it is too long.
    """
    found = _TRACEPARENT.fullmatch(header)
    if found is None:
        return None
    version, trace_id, span_id, flags, rest = found.groups()
    wrong_version = version == _INVALID_VERSION or (version == "00" and rest is not None)
    if wrong_version or not int(trace_id, 16) or not int(span_id, 16):
        return None
    known = int(flags, 16) & 1
    kept = state if len(state) <= _LONGEST_STATE and state.isprintable() else ""
    return Trace(trace_id=trace_id, span_id=span_id, flags=known, state=kept)


def new_trace(entropy: Entropy = os.urandom) -> Trace:
    """Give the first place of a trace that nobody has seen before, sampled."""
    return Trace(trace_id=_identifier(16, entropy), span_id=_identifier(8, entropy), flags=1)


def current() -> Trace | None:
    """Give the place this task or thread is at; None outside of any trace."""
    found = carried()
    return found.trace if found else None


def carried() -> Carried | None:
    """Give the place this task or thread is at, made ready for a record.

    It is the current span of OpenTelemetry where there is one, else that of :func:`traced`.
    """
    api: Any = _imported(_OPENTELEMETRY)
    if api is None:
        return _told()
    try:
        span = api.get_current_span().get_span_context()
    except AttributeError:  # it is just being imported
        return _told()
    if not span.is_valid:
        return _told()
    state = span.trace_state.to_header() if span.trace_state else ""
    return _of_span(span.trace_id, span.span_id, int(span.trace_flags), state)


@lru_cache(_MOST_SPANS)
def _of_span(trace_id: int, span_id: int, flags: int, state: str) -> Carried:
    trace = Trace(
        trace_id=f"{trace_id:032x}", span_id=f"{span_id:016x}", flags=flags & 1, state=state
    )
    return carry(trace)


@contextmanager
def traced(traceparent: str = "", *, tracestate: str = "") -> Iterator[Trace]:
    """Do the block as a piece of a trace: its records carry the ids, its calls ``.header``.

    A valid *traceparent* is carried on; else the trace of the caller is, a span of OpenTelemetry
    too; else a new one begins.  Records in a span of OpenTelemetry carry the ids of that.
    Tasks and threads started by ``asyncio.to_thread`` inside take it along.
    """
    above = parse_traceparent(traceparent, state=tracestate) or current()
    trace = above.child() if above else new_trace()
    token = CARRIED.set(carry(trace))
    try:
        yield trace
    finally:
        CARRIED.reset(token)


def carry(trace: Trace) -> Carried:
    """Give *trace* with its members of a record made ready."""
    encoded = f',"trace_id":"{trace.trace_id}","span_id":"{trace.span_id}"'.encode()
    return Carried(trace=trace, encoded=encoded)


def _identifier(size: int, entropy: Entropy) -> str:
    """Give *size* random bytes in hex, never all zeros: that would name nothing."""
    while not int.from_bytes(found := entropy(size), "big"):
        continue
    return found.hex()
