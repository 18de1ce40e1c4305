"""What whoever starts an agent may choose, by variables: an agent carries no command line."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from svcctl.errors import UsageError

GROUP = "SVCCTL_AGENT_GROUP"
METRICS_PORT = "SVCCTL_AGENT_METRICS_PORT"

_MOST = 65535


@dataclass(frozen=True, slots=True, kw_only=True)
class Choices:
    """*group*: its members may use the agent too; *metrics_port*: where it is scraped."""

    group: str | None = None
    metrics_port: int | None = None


def read_choices(environ: Mapping[str, str]) -> Choices:
    """Give what *environ* says; raises UsageError for what makes no sense."""
    return Choices(
        group=environ.get(GROUP) or None,
        metrics_port=_port(environ.get(METRICS_PORT, "")),
    )


def _port(text: str) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and int(text) <= _MOST):
        raise UsageError(
            f"{METRICS_PORT} is {text!r}, not a port", hint="for example: 9464, or 0 for a free one"
        )
    return int(text)
