"""``svcctl status``: all its options; see ``standing`` for what it shows."""

from __future__ import annotations

import time

from svcctl.app.verb import Arg, Kind
from svcctl.cli import standing
from svcctl.cli.live import refresh
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import OUTPUT, verb_command
from svcctl.errors import UsageError

_OUTPUT = Arg(
    name=OUTPUT.name,
    kind=OUTPUT.kind,
    help=OUTPUT.help,
    default="table",
    short=OUTPUT.short,
    choices=standing.OUTPUTS,
)
_WATCH = Arg(name="watch", kind=Kind.DURATION, help="show again and again; --watch is --watch=2s")


def _show(session: Session, asked: Asked) -> int:
    every = asked.options.get("watch")
    if not isinstance(every, float):
        return standing.show(session, asked)
    output = asked.text("output")
    if output not in {"table", "wide"}:
        raise UsageError(f"--watch shows tables, not {output}", hint="svcctl events -f -o jsonl")

    def page() -> list[str]:
        found = standing.ask(session, asked)
        return standing.lines(session.out, found, wide=output == "wide", now=time.time())

    return refresh(session, page, every=every)


status = verb_command("status", _show, _OUTPUT, _WATCH, bare={"--watch": "2s"})
