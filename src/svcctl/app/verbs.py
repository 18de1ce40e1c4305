"""Everything that can be asked of an agent, in one table that every way in derives from."""

from __future__ import annotations

from dataclasses import replace

from svcctl.app.verb import REASON, Effect, Verb
from svcctl.app.verbs_of_access import ACCESS
from svcctl.app.verbs_of_agent import AGENT
from svcctl.app.verbs_of_alerts import ALERTS
from svcctl.app.verbs_of_findings import FINDINGS
from svcctl.app.verbs_of_healing import HEALING
from svcctl.app.verbs_of_looking import LOOKING
from svcctl.app.verbs_of_programs import PROGRAMS
from svcctl.app.verbs_of_services import SERVICES
from svcctl.app.verbs_of_shipping import SHIPPING


def _explained(verb: Verb) -> Verb:
    """Give *verb* with an argument that says why, where it changes something."""
    if verb.effect is Effect.READ or any(arg.name == REASON.name for arg in verb.args):
        return verb
    return replace(verb, args=(*verb.args, REASON))


VERBS: tuple[Verb, ...] = tuple(
    map(
        _explained,
        (*SERVICES, *LOOKING, *PROGRAMS, *ALERTS, *FINDINGS, *HEALING, *SHIPPING, *ACCESS, *AGENT),
    )
)
"""All of them, by what they are about."""


def find(name: str) -> Verb | None:
    """Give the verb called *name*, or None: what is not in the table is refused."""
    return next((verb for verb in VERBS if verb.name == name), None)
