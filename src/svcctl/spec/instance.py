"""The spec of one instance: what ``${INSTANCE}`` stands for is only known when it is started."""

from __future__ import annotations

import dataclasses
import operator
import re
from collections.abc import Iterable, Mapping
from typing import Any

from svcctl.spec.service import ServiceSpec

RUN_TIME_NAMES = ("INSTANCE", "INSTANCE_INDEX", "INSTANCE_COUNT")
"""Left in a spec until an instance is started: number from 1, number from 0, how many there are."""

BRACED = r"\{(?:" + "|".join(RUN_TIME_NAMES) + r")\}"
"""A pattern for one of the names in braces."""

_RUN_TIME = re.compile(rf"\$\$(?={BRACED})|\$({BRACED})")


def instance_names(spec: ServiceSpec) -> tuple[str, ...]:
    """Give the names of its instances: the first is called as the service itself."""
    return (spec.name, *(f"{spec.name}.{number}" for number in range(2, spec.instances + 1)))


def for_instance(spec: ServiceSpec, number: int, instances: int) -> ServiceSpec:
    """Give *spec* with ``${INSTANCE}`` and its kin replaced in every text, for instance *number*.

    *number* counts from 1, *instances* is how many there are; ``$${INSTANCE}`` becomes the text
    ``${INSTANCE}``. All else stays as it is.
    """
    known = {
        "INSTANCE": str(number),
        "INSTANCE_INDEX": str(number - 1),
        "INSTANCE_COUNT": str(instances),
    }
    replaced = _replace(spec, known)
    assert isinstance(replaced, ServiceSpec)
    return replaced


def _replace(value: Any, known: Mapping[str, str]) -> object:  # noqa: ANN401 (any part of a spec)
    """Give *value* itself where nothing is to be replaced: most of a spec is kept once."""
    if type(value) is str:
        replaced = _RUN_TIME.sub(lambda found: known[found[1][1:-1]] if found[1] else "$", value)
        return value if replaced == value else replaced
    if isinstance(value, tuple):
        parts = [_replace(each, known) for each in value]
        return value if _same(parts, value) else tuple(parts)
    if isinstance(value, Mapping):
        parts = [_replace(each, known) for each in value.values()]
        return value if _same(parts, value.values()) else dict(zip(value, parts, strict=True))
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        names = [each.name for each in dataclasses.fields(value)]
        before = [getattr(value, name) for name in names]
        parts = [_replace(each, known) for each in before]
        if not _same(parts, before):
            return type(value)(**dict(zip(names, parts, strict=True)))
    return value


def _same(parts: Iterable[object], before: Iterable[object]) -> bool:
    return all(map(operator.is_, parts, before))
