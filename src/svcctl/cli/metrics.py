"""``svcctl metrics``: what the agent counts and measures, as scrapers read it."""

from __future__ import annotations

from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command


def _metrics(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    session.out.stream.write(found["text"])
    return 0


metrics = verb_command("metrics", _metrics)
