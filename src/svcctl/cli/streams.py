"""Items that come one by one, for as long as they come: logs and events."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from svcctl.cli.output import Screen, as_json
from svcctl.cli.session import Asked, Session
from svcctl.errors import AgentUnreachable

Item = dict[str, Any]

_RETRY = 0.2  # seconds between two looks whether the agent is back


def items(session: Session, asked: Asked) -> Iterator[Item]:
    """Give each item as it comes; who follows is not put off by an agent that goes away.

    What happened meanwhile is asked for when it is back.
    """
    follows = asked.args.get("follow") is True
    last, connected, waiting = time.time(), False, False
    while True:
        try:
            with session.client() as client:
                for is_result, document in client.answers(asked.request()):
                    if is_result:
                        return
                    if waiting:
                        session.tell("the agent is back")
                    connected, waiting = True, False
                    assert isinstance(document, dict)
                    last = document["at"]
                    yield document
        except AgentUnreachable as error:
            if not follows or not connected:
                raise
            if not waiting:
                session.tell(f"{error.problem}; waiting for it to come back (Ctrl-C ends)")
                asked, waiting = _from(asked, last), True
            time.sleep(_RETRY)


def _from(asked: Asked, at: float) -> Asked:
    """Ask again, for what came after *at* (seconds since 1970)."""
    args = {name: value for name, value in asked.args.items() if name != "lines"}
    since = datetime.fromtimestamp(at, UTC).isoformat()
    return replace(asked, args={**args, "since": since})


def show(session: Session, asked: Asked, found: Iterable[Item], text: Callable[[Item], str]) -> int:
    """Write *found* in the format asked for; a list that never ends is one object a line."""
    output = asked.text("output")
    if output == "json" and not asked.args.get("follow"):
        session.out.line(as_json(list(found)))
        return 0
    for each in found:
        _put(session.out, text(each) if output == "text" else as_json(each, indent=None))
    return 0


def _put(out: Screen, line: str) -> None:
    out.line(line)
    out.flush()
