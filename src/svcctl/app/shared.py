"""One look for several who ask for the same at once: each is authorised and written down alone.

So a crowd that looks costs the agent one look, whoever they are, and what each is shown was looked
up after they asked.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from svcctl.app.asked import Asked
from svcctl.errors import SvcctlError, UnknownService
from svcctl.ports import AuditEntry
from svcctl.wire import Selection

RecordAll = Callable[[Sequence[AuditEntry]], None]
"""Writes down several entries in one go, in order; never raises."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """One who asks, as many times as there are *asked*.

    *may* gives what of the selection is theirs to see, or raises SvcctlError; *told* gives an error
    as they may read it.
    """

    asked: tuple[Asked, ...]
    may: Callable[[], Selection]
    told: Callable[[UnknownService], UnknownService]


async def look_for_all(
    askers: Sequence[Asker],
    look: Callable[[Selection], Awaitable[object]],
    *,
    record_all: RecordAll,
) -> list[object]:
    """Give what each asks for, or why they do not get it, in order.

    All of it stands in the audit log before the first look, and once more after the last.  Who is
    given the same is given the same object.
    """
    record_all([one.begun() for each in askers for one in each.asked])
    found: list[object] = []
    known: dict[Selection, object] = {}
    failed = "crashed"
    try:
        for each in askers:
            selection = _allowed(each)
            if isinstance(selection, SvcctlError):
                found.append(selection)
                continue
            if selection not in known:
                known[selection] = await _looked(look, selection)
            answer = known[selection]
            found.append(each.told(answer) if isinstance(answer, UnknownService) else answer)
        failed = ""
    finally:
        outcomes = [_outcome(each) for each in found]
        outcomes += [failed] * (len(askers) - len(found))
        ended = zip(askers, outcomes, strict=True)
        record_all([one.ended(outcome) for each, outcome in ended for one in each.asked])
    return found


def _allowed(asker: Asker) -> Selection | SvcctlError:
    try:
        return asker.may()
    except SvcctlError as error:
        return error


async def _looked(look: Callable[[Selection], Awaitable[object]], selection: Selection) -> object:
    try:
        return await look(selection)
    except SvcctlError as error:
        return error


def _outcome(found: object) -> str:
    return found.code if isinstance(found, SvcctlError) else "done"
