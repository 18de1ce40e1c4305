"""What whoever starts an agent may choose, by variables: an agent carries no command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.errors import SpecError, UsageError

GROUP = "SVCCTL_AGENT_GROUP"
METRICS_PORT = "SVCCTL_AGENT_METRICS_PORT"
HISTORY = "SVCCTL_AGENT_HISTORY"
SAMPLE = "SVCCTL_AGENT_SAMPLE"
TRACES = "SVCCTL_AGENT_TRACES"

_MOST = 65535
_SHORTEST, _LONGEST = 1.0, 3600.0  # seconds between two samples


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """*group*: its members may use the agent too; *metrics_port*: where it is scraped.

    *history*: seconds between two samples that are written down, None for no history;
    *sample*: seconds between two that are judged, None for as many as usual;
    *traces*: the URL of the collector that is sent traces, None for no traces.
    """

    group: str | None = None
    metrics_port: int | None = None
    history: float | None = None
    sample: float | None = None
    traces: str | None = None


def read_choices(environ: Mapping[str, str]) -> Choices:
    """Give what *environ* says; raises UsageError for what makes no sense."""
    return Choices(
        group=environ.get(GROUP) or None,
        metrics_port=_port(environ.get(METRICS_PORT, "")),
        history=_interval(HISTORY, environ.get(HISTORY, "")),
        sample=_interval(SAMPLE, environ.get(SAMPLE, "")),
        traces=environ.get(TRACES) or None,
    )


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) <= _MOST):
        raise UsageError(
            f"{METRICS_PORT} is {text!r}, not a port", hint="for example: 9464, or 0 for a free one"
        )
    return int(text)


def _interval(name: str, text: str) -> float | None:
    if not text:
        return None
    from svcctl.spec.notation import parse_duration  # noqa: PLC0415 - 1 MB, rare

    try:
        found = parse_duration(text)
    except SpecError:
        found = 0.0
    if not _SHORTEST <= found <= _LONGEST:
        raise UsageError(
            f"{name} is {text!r}, not an interval", hint="between 1s and 1h, for example: 10s"
        )
    return found
