"""Makes merged layers ready to be validated: variables put in, secrets looked up, keys known."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from svcctl.errors import SpecError, quoted
from svcctl.sdk.config.outline import (
    Kind,
    Member,
    Shape,
    fields_of,
    inner_shape,
    is_table,
    members,
    takes_any_key,
)
from svcctl.sdk.config.secret import Secret
from svcctl.sdk.config.text import paths
from svcctl.spec.interpolate import interpolate
from svcctl.spec.layers import Layer, Origin, Spot, Tree
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.names import did_you_mean
from svcctl.spec.notation import show
from svcctl.spec.report import Report

_BUILT_IN = Spot(origin=Origin(layer=Layer.BUILT_IN), shown="", folder=Path())


def defaults(kind: type) -> Tree:
    """Give the layer of those defaults that others are laid over, or that refer to a secret.

    All other defaults are left to the class itself.
    """
    value = dict(_defaults(kind))
    return Tree(value=value, spots=dict.fromkeys(paths(value, ()), _BUILT_IN))


def _defaults(kind: type) -> Iterator[tuple[str, object]]:
    for key, member in members(kind).items():
        if member.default is None or member.shape.kind not in {Kind.TABLE, Kind.HIDDEN}:
            continue
        default = member.default()
        if is_table(type(default)):
            yield key, _as_document(default)
        elif isinstance(default, Secret):
            yield key, default


def _as_document(value: object) -> object:
    if not is_table(type(value)):
        return value
    known = members(type(value)).items()
    return {key: _as_document(getattr(value, member.name)) for key, member in known}


@dataclass(frozen=True, slots=True, kw_only=True)
class Settling:
    """One pass over a merged *tree*; what is wrong is reported, and its path is in *refused*.

    *resolve* gives a secret by its reference, None where there is none.
    """

    tree: Tree = field(repr=False)
    environ: Mapping[str, str] = field(repr=False)
    resolve: Callable[[str], str | None]
    is_reference: Callable[[str], bool]
    report: Report
    refused: set[KeyPath] = field(default_factory=set)

    def settle(self, kind: type) -> dict[str, object]:
        """Give the document to validate as a *kind*."""
        return self._table(self.tree.value, Shape(kind=Kind.TABLE, tables=(kind,)), ())

    def _table(
        self, value: dict[str, object], shape: Shape | None, path: KeyPath
    ) -> dict[str, object]:
        settled: dict[str, object] = {}
        strict = shape is not None and bool(shape.tables) and not takes_any_key(shape)
        for key, each in value.items():
            inner = inner_shape(shape, key) if shape else None
            if inner is None and strict and shape is not None:
                self._unknown((*path, key), fields_of(shape))
                continue
            found = self._value(each, inner, (*path, key))
            if found is not _REFUSED:
                settled[key] = found
        return settled

    def _value(self, value: object, shape: Shape | None, path: KeyPath) -> object:
        match value:
            case dict():
                return self._table(value, shape, path)
            case list():
                item = shape.item if shape else None
                return [self._value(each, item, (*path, at)) for at, each in enumerate(value)]
        try:
            return self._single(value, shape.kind if shape else None, path)
        except SpecError as error:
            problem = f"{path_text(path)}: {error.problem}"
            self.report.add(self.tree.spot(path).mistake(problem, error.hint))
            self.refused.add(path)
            return _REFUSED

    def _single(self, value: object, kind: Kind | None, path: KeyPath) -> object:
        if isinstance(value, str) and self.tree.spot(path).origin.layer is Layer.FILE:
            value = self._filled(value, kind)
        if kind is Kind.NUMBER and isinstance(value, bool):  # pydantic takes true for 1
            raise SpecError(f"{show(value)} is not a number")
        if kind is not Kind.HIDDEN:
            return value
        if isinstance(value, Secret) and value.reference:
            return self._looked_up(value.reference, value.default)
        if isinstance(value, str) and self.is_reference(value):
            return self._looked_up(value, None)
        return Secret(value) if isinstance(value, str) else value

    def _filled(self, text: str, kind: Kind | None) -> str:
        try:
            return interpolate(text, self.environ, run_time=False)
        except SpecError:  # which may show a part of the text
            if kind is not Kind.HIDDEN:
                raise
            problem = "a variable in it is not set, or not written as ${NAME}"
            raise SpecError(problem, hint="write $${ for the text ${") from None

    def _looked_up(self, reference: str, default: str | None) -> Secret:
        found = self.resolve(reference)
        if found is None:
            found = default
        if found is None:
            raise SpecError(f"there is no secret at {quoted(reference)}")
        return Secret(found)

    def _unknown(self, path: KeyPath, known: Mapping[str, Member]) -> None:
        key = str(path[-1])
        near = did_you_mean(key, known)
        problem = f"unknown key {path_text(path)!r}"
        self.report.add(self.tree.spot(path).mistake(problem, near, key=True))
        self.refused.add(path)


_REFUSED = object()
