"""Entries to deliver, and receivers as files describe them."""

from __future__ import annotations

from typing import Any

from svcctl.bootstrap.shipping import receiver_of
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.frame import Writer
from svcctl.observe.ship.receiver import Receiver
from svcctl.record import Level, Record
from svcctl.spec.shipping import ShippingKind, ShippingSpec

AT = 1_763_716_319.25


def entries(*texts: str, level: Level = Level.INFO, first: int = 0, **more: Any) -> list[Entry]:
    """Give an entry for each text, numbered from *first*, of two instances by turns."""
    return [
        Entry(
            id=f"spool-1-{number}",
            writer=Writer(service="web", instance=f"web.{number % 2 + 1}", stream="stdout"),
            at=AT,
            record=Record(raw=text.encode(), at=AT, message=text, level=level, **more),
        )
        for number, text in enumerate(texts, first)
    ]


def receiver(kind: str, stand: Any = None, **options: Any) -> Receiver:
    """Give the receiver of *kind* that sends to *stand*."""
    if stand is not None and kind in {"loki", "elasticsearch", "otlp"}:
        options.setdefault("url", stand.url)
    elif stand is not None:
        options |= {"host": "127.0.0.1", "port": stand.port}
    spec = ShippingSpec(kind=ShippingKind(kind), **options)
    return receiver_of(spec, host="here", read=lambda reference: reference)
