"""Shows a configuration to people: each value, and who set it; what ``--print-config`` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from svcctl.sdk.config.load import DEFAULT, Loaded
from svcctl.sdk.config.outline import ANYTHING, Shape, is_table, leaves, shape_at
from svcctl.sdk.config.secret import HIDDEN, Secret
from svcctl.spec.locate import path_text
from svcctl.spec.notation import FORMATS
from svcctl.spec.toml import toml_value

T = TypeVar("T")

_PLAIN = (bool, int, float, str)


@dataclass(frozen=True, slots=True, kw_only=True)
class Row:
    """One value of a configuration: *value* as TOML would have it, ``***`` for a secret."""

    key: str
    value: str
    origin: str


def explain(loaded: Loaded[T]) -> list[Row]:
    """Give every value with its origin, in the order of the fields; no secret is in it."""
    found: list[Row] = []
    for key, value in values(loaded.value).items():
        found.append(Row(key=key, value=value, origin=loaded.origins.get(key, DEFAULT)))
    return found


def values(value: object) -> dict[str, str]:
    """Give what can be shown of a configuration by its keys."""
    kind = type(value)
    return {path_text(path): shown(each, shape_at(kind, path)) for path, each in leaves(value)}


def shown(value: object, shape: Shape | None = None) -> str:
    """Print *value* on one line, without the secrets in it; *shape* tells of its notation."""
    shape = shape or ANYTHING
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, int | float) and shape.unit in FORMATS:
        return toml_value(FORMATS[shape.unit](value))
    if isinstance(value, list | tuple | set | frozenset):
        each = [shown(item, shape.item) for item in value]
        return f"[{', '.join(sorted(each) if isinstance(value, set | frozenset) else each)}]"
    if is_table(type(value)):
        pairs = ", ".join(f"{key} = {each}" for key, each in values(value).items())
        return f"{{ {pairs} }}"
    if isinstance(value, dict):
        pairs = ", ".join(
            f"{path_text((str(key),))} = {shown(each, shape.item)}" for key, each in value.items()
        )
        return f"{{ {pairs} }}" if pairs else "{}"
    if value is None:
        return "none"
    return toml_value(value) if type(value) in _PLAIN else str(value)
