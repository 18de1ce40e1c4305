"""``svcctl ack``: somebody takes care of an alert."""

from __future__ import annotations

from svcctl.cli.output import as_json
from svcctl.cli.replies import OUTPUT
from svcctl.cli.session import Asked, Session
from svcctl.cli.verb_command import verb_command


def _ack(session: Session, asked: Asked) -> int:
    found = session.ask(asked.request())
    assert isinstance(found, dict)
    if asked.text("output") == "json":
        session.out.line(as_json(found))
        return 0
    session.out.say(f"acknowledged: {found['summary']}")
    if number := found.get("silence"):
        session.tell(f"nobody is told of it again; to take that back: svcctl silence end {number}")
    return 0


ack = verb_command("ack", _ack, OUTPUT)
