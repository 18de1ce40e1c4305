"""What people are told of: a finding with a name, labels and a priority."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

from svcctl.spec.alert_policy import Priority


@dataclass(frozen=True, slots=True, kw_only=True)
class Alert:
    """One thing that is wrong, or was: times are seconds since 1970, *ended* None while it is.

    *name* says what kind of thing, *labels* where; together they are its identity.  *summary* is a
    sentence, *details* the reason in full, *samples* lines that show it.
    """

    name: str
    labels: Mapping[str, str]
    priority: Priority
    summary: str
    began: float
    ended: float | None = None
    details: str = ""
    samples: tuple[str, ...] = field(default=())

    @property
    def fires(self) -> bool:
        """Say whether it is still so."""
        return self.ended is None

    @property
    def fingerprint(self) -> str:
        """Give its identity: the same for the same thing, whenever it comes."""
        identity = json.dumps([self.name, sorted(self.labels.items())])
        return hashlib.sha256(identity.encode()).hexdigest()[:16]

    def label(self, name: str) -> str:
        """Give a label, ``alert`` and ``priority`` being labels too; empty where it has none."""
        match name:
            case "alert":
                return self.name
            case "priority":
                return str(self.priority)
            case _:
                return self.labels.get(name, "")
