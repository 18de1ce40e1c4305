"""What is said once for all services of a machine, each in a table of its own."""

from __future__ import annotations

from dataclasses import dataclass, field

from svcctl.spec.alerting import AlertingSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class CommonSpec:
    """Everything that is said once; the names are those in :data:`svcctl.spec.names.FOR_ALL`."""

    alerting: AlertingSpec = field(default=AlertingSpec(), metadata={"doc": "who is told of what"})
