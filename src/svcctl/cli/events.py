"""``svcctl events``: what happened, in words."""

from __future__ import annotations

from svcctl.cli.happenings import describe
from svcctl.cli.human import moment
from svcctl.cli.session import Asked, Session
from svcctl.cli.streams import Item, items, show
from svcctl.cli.verb_command import OUTPUT, verb_command


def _events(session: Session, asked: Asked) -> int:
    def text(item: Item) -> str:
        at = session.out.paint(moment(item["at"]), "dim")
        return f"{at}  {item['instance'] or item['service'] or 'agent'}: {describe(item)}"

    return show(session, asked, items(session, asked), text)


events = verb_command("events", _events, OUTPUT)
