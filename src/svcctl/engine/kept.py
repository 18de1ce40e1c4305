"""What the agent keeps of a service, and how that outlasts it: a document in the store."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from svcctl.engine.keeper import Keeper
from svcctl.ports import Applied, Document
from svcctl.spec.service import ServiceSpec

KIND = "service"
"""The kind of those documents; their key is the service's name."""


@dataclass(slots=True, kw_only=True)
class Kept:
    """One service: what was applied, whether it starts by itself, and its instances."""

    applied: Applied
    spec: ServiceSpec
    enabled: bool
    keepers: list[Keeper]


def to_document(kept: Kept) -> Document:
    """Give what has to be remembered of it."""
    applied = kept.applied
    return {
        "spec": applied.spec,
        "revision": applied.revision,
        "origins": applied.origins,
        "sources": dict(applied.sources),
        "enabled": kept.enabled,
    }


def from_document(name: str, document: Document) -> tuple[Applied, bool]:
    """Give what was applied, and whether it starts by itself; raises KeyError for what is none."""
    applied = Applied(
        name=name,
        spec=cast("Document", document["spec"]),
        revision=cast("str", document["revision"]),
        origins=cast("Document", document["origins"]),
        sources=cast("dict[str, str]", document["sources"]),
    )
    return applied, document["enabled"] is True
