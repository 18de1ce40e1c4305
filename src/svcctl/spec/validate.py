"""Checks types with pydantic, the only module that imports it, and words what it finds."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from types import GenericAlias
from typing import TYPE_CHECKING, Any, TypeVar

from pydantic import ConfigDict, TypeAdapter, ValidationError

from svcctl.spec.adapter import OURS
from svcctl.spec.alerting import SECRET_OPTIONS
from svcctl.spec.layers import Tree
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.names import did_you_mean
from svcctl.spec.notation import show
from svcctl.spec.options import meant_option
from svcctl.spec.report import Report
from svcctl.spec.shape import members, shape_at
from svcctl.spec.shipping import SHIPPING_SECRETS
from svcctl.spec.unavailable import option_problem

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails

Table = TypeVar("Table")

_ROUNDS = 4
_ALIASES = {"purpose": "for", "field_": "field"}

_EXPECTED = {
    "bool_type": "true or false",
    "int_type": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "text",
    "tuple_type": "a list",
    "dict_type": "a table",
    "mapping_type": "a table",
    "dataclass_type": "a table",
}
_CONFIDENTIAL = frozenset(("env", "secrets", *SECRET_OPTIONS, *SHIPPING_SECRETS))


def typed(trees: Mapping[str, Tree], table: type[Table], report: Report) -> dict[str, Table]:
    """Give the *table* of each tree, without the values that are wrong: dropped and reported.

    Trees must hold nothing JSON cannot.
    """
    of: type = table
    named = "name" in members(of)
    for _ in range(_ROUNDS):
        document = {
            name: {**tree.value, "name": name} if named else tree.value
            for name, tree in trees.items()
        }
        try:
            return dict(_adapter(of).validate_json(json.dumps(document)))
        except ValidationError as error:
            for detail in error.errors(include_url=False):
                name, *path = detail["loc"]
                _refuse(trees[str(name)], tuple(path), detail, report)
    return {}


@cache
def _adapter(table: type) -> TypeAdapter[Mapping[str, Any]]:
    """Make the validator, once: JSON in strict mode, where "5" is no number and 1 is not true."""
    config = ConfigDict(
        extra="forbid", strict=True, alias_generator=lambda name: _ALIASES.get(name, name)
    )
    named: Any = GenericAlias(Mapping, (str, table))
    return TypeAdapter(named, config=config)


def _refuse(tree: Tree, path: KeyPath, detail: ErrorDetails, report: Report) -> None:
    """Report what is wrong at *path* and take it out of *tree*."""
    spot = tree.spot(path)
    if detail["type"] == "missing":
        was_wrong = tree.is_doubtful(path)
        path = path[:-1]
        if not was_wrong:
            report.add(spot.mistake(f"{path_text(path)} has no {detail['loc'][-1]!r}"))
    elif detail["type"] != "unexpected_keyword_argument":
        problem, hint = _worded(tree.table, path, detail)
        unavailable = bool(detail.get("ctx", {}).get("unavailable"))
        report.add(spot.mistake(f"{path_text(path)}: {problem}", hint), unavailable=unavailable)
    elif problem := option_problem(path):
        report.add(spot.mistake(problem, key=True), unavailable=True)
        tree.suspected.add(("exec",))  # perhaps meant to be used instead
    else:
        meant = meant_option(path, tree.table)
        hint = f"did you mean {path_text(meant)!r}?" if meant else ""
        report.add(spot.mistake(f"unknown option {path_text(path)!r}", hint, key=True))
        tree.suspected.add(meant or path)
    tree.drop(path)


def _worded(table: type, path: KeyPath, detail: ErrorDetails) -> tuple[str, str]:
    """Give problem and hint in our words."""
    said, value = detail.get("ctx", {}), detail["input"]
    if detail["type"] == OURS:
        return str(said["problem"]), str(said["hint"])
    shown = "the value" if _CONFIDENTIAL.intersection(path) else show(value)
    shape = shape_at(table, path)
    if detail["type"] == "enum" and shape is not None:
        problem = f"{shown} is not one of {', '.join(shape.choices)}"
        return problem, did_you_mean(value, shape.choices) if isinstance(value, str) else ""
    expected = _EXPECTED.get(detail["type"])
    if expected is None:
        return f"{shown}: {detail['msg']}", ""
    quotable = expected == "text" and isinstance(value, bool | int | float)
    return f"{shown} is not {expected}", "write it in quotes" if quotable else ""
