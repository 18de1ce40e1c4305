"""What is said once for all services of a machine, each in a table of its own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from svcctl.spec.access import AccessSpec
from svcctl.spec.alerting import AlertingSpec
from svcctl.spec.heal import HealingSpec
from svcctl.spec.shipping import ShippingSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSpec:
    """Everything that is said once; the names are those in :data:`svcctl.spec.names.FOR_ALL`."""

    alerting: AlertingSpec = field(default=AlertingSpec(), metadata={"doc": "who is told of what"})
    healing: HealingSpec = field(
        default=HealingSpec(), metadata={"doc": "what holds for all that is done by itself"}
    )
    shipping: Mapping[str, ShippingSpec] = field(
        default_factory=dict, metadata={"doc": "where logs are sent, by a name for it"}
    )
    access: AccessSpec = field(default=AccessSpec(), metadata={"doc": "who may do what"})
