"""Shows a configuration to people: each value, and who set it; what ``--print-config`` prints."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

from svcctl.sdk.config.load import DEFAULT, Loaded
from svcctl.sdk.config.outline import is_table, leaves
from svcctl.sdk.config.secret import HIDDEN, Secret
from svcctl.spec.locate import path_text
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
    for path, value in leaves(loaded.value):
        key = path_text(path)
        found.append(Row(key=key, value=shown(value), origin=loaded.origins.get(key, DEFAULT)))
    return found


def values(value: object) -> dict[str, str]:
    """Give what can be shown of a configuration by its keys."""
    return {path_text(path): shown(each) for path, each in leaves(value)}


def shown(value: object) -> str:
    """Print *value* on one line, without the secrets in it."""
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, list | tuple | set | frozenset):
        each = [shown(item) for item in value]
        return f"[{', '.join(sorted(each) if isinstance(value, set | frozenset) else each)}]"
    if is_table(type(value)):
        pairs = ", ".join(f"{path_text(path)} = {shown(each)}" for path, each in leaves(value))
        return f"{{ {pairs} }}"
    if isinstance(value, dict):
        pairs = ", ".join(
            f"{path_text((str(key),))} = {shown(each)}" for key, each in value.items()
        )
        return f"{{ {pairs} }}" if pairs else "{}"
    if value is None:
        return "none"
    return toml_value(value) if type(value) in _PLAIN else str(value)
