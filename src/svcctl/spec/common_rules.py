"""What must hold in the tables that are said once, beyond the types of their options: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from svcctl.spec.access_rules import access_findings
from svcctl.spec.alerting_rules import alerting_findings
from svcctl.spec.common import CommonSpec
from svcctl.spec.finding import Finding
from svcctl.spec.heal_rules import healing_findings
from svcctl.spec.shipping_rules import shipping_findings


def common_findings(
    spec: CommonSpec,
    said: Collection[str],
    *,
    channels: Iterable[str] = (),
    verbs: Collection[str] = (),
) -> Iterator[Finding]:
    """Give everything that is wrong in those tables of *spec* that are *said*.

    *channels* are channels that are there and not in it, being mistakes themselves; *verbs* are
    those there are, where that is known.
    """
    if "alerting" in said:
        yield from alerting_findings(spec.alerting, channels)
    if "healing" in said:
        yield from healing_findings(spec.healing)
    if "shipping" in said:
        yield from shipping_findings(spec.shipping)
    if "access" in said:
        yield from access_findings(spec.access, verbs)
