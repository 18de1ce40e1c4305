"""Tries a channel as if something were wrong, and says what came of it."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import UTC

from svcctl.alert.alert import Alert
from svcctl.alert.group import Notice
from svcctl.alert.outbox import Way
from svcctl.alert.wording import worded
from svcctl.errors import NotDelivered, SvcctlError, UnknownService
from svcctl.ports import Clock, Document
from svcctl.spec.alert_policy import Priority
from svcctl.spec.names import did_you_mean

_PATIENCE = 60.0  # seconds


async def tried(name: str, ways: Mapping[str, Way], *, clock: Clock) -> Document:
    """Send a notice by the channel called *name*: ``ok``, or ``problem`` and ``hint``.

    Raises UnknownService where there is no such channel.
    """
    way = ways.get(name)
    if way is None:
        known = ", ".join(sorted(ways)) or "none, add [alerting.channels.NAME]"
        hint = did_you_mean(name, ways) or f"there are: {known}"
        raise UnknownService(f"there is no channel {name!r}", hint=hint)
    now, began = clock.now(), clock.monotonic()
    alert = Alert(
        name="test",
        labels={},
        priority=Priority.P2,
        summary="svcctl alert test: nothing is wrong",
        began=now,
    )
    notice = Notice(key={}, at=now, firing=(alert,), ended=())
    message = worded(notice, number=f"test@{now:.3f} {name}", language=way.language, zone=UTC)
    problem = hint = ""
    try:
        async with asyncio.timeout(_PATIENCE):
            await way.channel.send(message)
    except NotDelivered as error:
        problem, hint = error.problem, "" if error.again else error.hint
    except SvcctlError as error:
        problem, hint = error.problem, error.hint
    except TimeoutError:
        problem, hint = f"no answer within {_PATIENCE:.0f}s", "is the address right?"
    return {
        "channel": name,
        "ok": not problem,
        "title": message.title,
        "problem": problem,
        "hint": hint,
        "seconds": clock.monotonic() - began,
    }
