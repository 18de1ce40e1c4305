"""Everything that can be asked of an agent, in one table that every way in derives from."""

from __future__ import annotations

from svcctl.app.verb import Verb
from svcctl.app.verbs_of_agent import AGENT
from svcctl.app.verbs_of_alerts import ALERTS
from svcctl.app.verbs_of_looking import LOOKING
from svcctl.app.verbs_of_programs import PROGRAMS
from svcctl.app.verbs_of_services import SERVICES

VERBS: tuple[Verb, ...] = (
    *SERVICES,
    *LOOKING,
    *PROGRAMS,
    *ALERTS,
    *AGENT,
)
"""All of them, by what they are about."""


def find(name: str) -> Verb | None:
    """Give the verb called *name*, or None: what is not in the table is refused."""
    return next((verb for verb in VERBS if verb.name == name), None)
