"""Checks a document against a user's class with pydantic, and words what it finds."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar, cast

from svcctl.sdk.config.outline import may_hold_secret, shape_at
from svcctl.spec.layers import Tree
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.notation import show
from svcctl.spec.report import Report

if TYPE_CHECKING:
    from pydantic import TypeAdapter
    from pydantic_core import ErrorDetails

T = TypeVar("T")

_ROOT = "it"
_OURS = "svcctl"  # the type of errors of svcctl.spec.units
_MISSING = frozenset(("missing", "missing_argument", "missing_keyword_only_argument"))
_UNKNOWN = frozenset(("unexpected_keyword_argument", "extra_forbidden"))
_CONSEQUENCES = frozenset(("default_factory_not_called",))  # of other errors, told anyway
_EXPECTED = {
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "string": "text",
    "tuple": "a list",
    "list": "a list",
    "set": "a list",
    "frozen_set": "a list",
    "dict": "a table",
    "mapping": "a table",
    "dataclass": "a table",
    "model": "a table",
    "model_attributes": "a table",
}


def validated(
    kind: type[T], tree: Tree, report: Report, *, is_refused: Callable[[KeyPath], bool]
) -> T | None:
    """Give the *kind* that *tree* says, or None and all that is wrong in the *report*.

    What misses only because it *is_refused* already is not told again.
    """
    from pydantic import ValidationError  # noqa: PLC0415 - only who loads pays for pydantic

    try:
        adapter = _adapter(cast("Hashable", kind))
        return cast("T", adapter.validate_python({_ROOT: tree.value})[_ROOT])
    except ValidationError as error:
        for detail in error.errors(include_url=False):
            path = _written(tree.value, detail)
            if detail["type"] not in _CONSEQUENCES and not is_refused(path):
                _report(kind, path, detail, tree, report)
    return None


@cache
def _adapter(kind: Hashable) -> TypeAdapter[dict[str, Any]]:
    """Make the validator of a class, once; unknown keys in items of lists are mistakes too."""
    from pydantic import ConfigDict, TypeAdapter  # noqa: PLC0415

    config = ConfigDict(extra="forbid", arbitrary_types_allowed=True)
    annotation: Any = dict[str, kind]  # type: ignore[valid-type]
    return TypeAdapter(annotation, config=config)


def _written(document: object, detail: ErrorDetails) -> KeyPath:
    """Give the path in *document* that an error is about, or of the key that is missing.

    pydantic puts names of its own into it: the arms of a union, functions.
    """
    path: KeyPath = ()
    for step in detail["loc"][1:]:
        inside: dict[str | int, object] = {}
        if isinstance(document, dict):
            inside = document
        elif isinstance(document, list):
            inside = dict(enumerate(document))
        if step in inside:
            path, document = (*path, step), inside[step]
    return (*path, detail["loc"][-1]) if detail["type"] in _MISSING else path


def _report(kind: type, path: KeyPath, detail: ErrorDetails, tree: Tree, report: Report) -> None:
    spot = tree.spot(path)
    name = path_text(path)
    if detail["type"] in _MISSING:
        above = tree.spot(path[:-1])
        report.add(above.mistake(f"{name} is missing", f"add: {path[-1]} = ..."))
    elif detail["type"] in _UNKNOWN:
        report.add(spot.mistake(f"unknown key {name!r}", key=True))
    else:
        problem, hint = _worded(kind, path, detail)
        report.add(spot.mistake(f"{name}: {problem}" if name else problem, hint))


def _worded(kind: type, path: KeyPath, detail: ErrorDetails) -> tuple[str, str]:
    """Give problem and hint in our words."""
    said = detail.get("ctx", {})
    if detail["type"] == _OURS:
        return str(said["problem"]), str(said["hint"])
    if detail["type"] in {"value_error", "assertion_error"}:
        return str(said.get("error", detail["msg"])), ""
    hidden = not path or may_hold_secret(shape_at(kind, path))
    shown = "the value" if hidden else show(detail["input"])
    stem = detail["type"]
    for ending in ("_type", "_parsing", "_from_float", "_exact"):
        stem = stem.removesuffix(ending)
    if stem in _EXPECTED:
        quotable = stem == "string" and isinstance(detail["input"], bool | int | float)
        return f"{shown} is not {_EXPECTED[stem]}", "write it in quotes" if quotable else ""
    message = detail["msg"]
    return f"{shown}: {message[:1].lower()}{message[1:]}", ""
