"""``svcctl events``: what happened, in words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from svcctl.app.verb import Arg, Kind
from svcctl.cli.causes import Chains
from svcctl.cli.happenings import describe
from svcctl.cli.human import moment
from svcctl.cli.session import Asked, Session
from svcctl.cli.streams import Item, items, show
from svcctl.cli.verb_command import OUTPUT, verb_command

_CAUSES = Arg(
    name="causes",
    kind=Kind.FLAG,
    help="put what follows from something under it: probe failed, restarted, healthy",
)


def _events(session: Session, asked: Asked) -> int:
    def text(item: Item) -> str:
        at = session.out.paint(moment(item["at"]), "dim")
        under = "  └ " if item.get("cause") is not None else ""
        said = describe(item, session.out.words)
        return f"{at}  {under}{item['instance'] or item['service'] or 'agent'}: {said}"

    found: Iterable[Item] = items(session, asked)
    return show(session, asked, _linked(found) if asked.flag("causes") else found, text)


def _linked(found: Iterable[Item]) -> Iterator[Item]:
    """Give each event with the number of its *cause*, None where it has none."""
    chains = Chains()
    for each in found:
        yield each | {"cause": chains.cause(each)}


events = verb_command("events", _events, OUTPUT, _CAUSES)
