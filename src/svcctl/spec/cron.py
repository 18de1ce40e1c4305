"""Checks the five fields of cron(8), wherever a definition has some."""

from __future__ import annotations

from datetime import UTC, datetime

from cronsim import CronSim, CronSimError

from svcctl.errors import SpecError
from svcctl.spec.notation import show

_SOME_DAY = datetime(2000, 1, 1, tzinfo=UTC)
_FIELDS = 5


def check_cron(text: str) -> None:
    """Raise SpecError unless *text* is five fields that name a time that comes."""
    hint = 'five fields: minute, hour, day, month, weekday; for example "0 3 * * mon"'
    if len(text.split()) != _FIELDS:
        raise SpecError(f"{show(text)} is not five fields", hint=hint)
    try:
        CronSim(text, _SOME_DAY)
    except CronSimError as error:
        raise SpecError(f"{show(text)}: {str(error).lower()}", hint=hint) from error
