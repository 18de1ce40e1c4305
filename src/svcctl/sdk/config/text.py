"""Texts of configuration: what they say, in TOML, YAML or JSON, and where in them it stands."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Any

from svcctl.spec.layers import Layer, Origin, Spot, Tree
from svcctl.spec.locate import DEEPEST, KeyPath, Place, Position
from svcctl.spec.source import UnreadableError, parse

if TYPE_CHECKING:
    from yaml.nodes import Node

_MOST = 100_000  # values: a few lines of YAML can stand for billions of them
_SUFFIXES = {".toml": "toml", ".json": "json", ".yaml": "yaml", ".yml": "yaml"}
_NOWHERE = Place(key=Position(line=0, column=0), value=Position(line=0, column=0))


class Format(StrEnum):
    """How a text is written."""

    TOML = "toml"
    YAML = "yaml"
    JSON = "json"


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """One text of configuration; *name* says where it came from, as messages show it.

    *proposed*: it is in no file of the sources, or differs from it.
    """

    name: str
    content: str = field(repr=False)  # it may hold secrets
    format: Format = Format.TOML
    proposed: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What a text says; *place* tells where each value stands."""

    document: dict[str, object]
    place: Callable[[KeyPath], Place]


def format_of(path: str) -> Format:
    """Tell the format of a file by its name; raises UnreadableError."""
    suffix = Path(path).suffix.lower()
    if suffix not in _SUFFIXES:
        raise UnreadableError(path, "is no configuration: its name ends in none of " + _KNOWN)
    return Format(_SUFFIXES[suffix])


_KNOWN = ", ".join(_SUFFIXES)


def digest(content: bytes) -> str:
    """Tell one content of a file from another."""
    return hashlib.sha256(content).hexdigest()


def understand(text: Text) -> Written:
    """Read *text*; raises UnreadableError with the place where it cannot be."""
    match text.format:
        case Format.TOML:
            document, places = parse(text.name, _bytes(text))
            return Written(document=document, place=places.find)
        case Format.JSON:
            return _json(text)
        case Format.YAML:
            return _yaml(text)


def _bytes(text: Text) -> bytes:
    try:
        return text.content.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError as error:
        raise UnreadableError(text.name, "is not UTF-8") from error


def tree_of(text: Text, written: Written, *, namespace: str = "") -> Tree:
    """Give what *text* says, or the table *namespace* in it, as a layer."""
    prefix: KeyPath = (namespace,) if namespace else ()
    document: Any = written.document
    table = document[namespace] if namespace else document
    spots: dict[KeyPath, Spot] = {}
    for path in paths(table, ()):
        place = written.place((*prefix, *path))
        origin = Origin(
            layer=Layer.FILE, file=text.name, line=place.key.line, column=place.key.column
        )
        spots[path] = Spot(origin=origin, shown=text.name, folder=Path(), value=place.value)
    return Tree(value=table, spots=spots)


def paths(value: object, path: KeyPath) -> Iterator[KeyPath]:
    """Give *path* and those of all that is in *value*."""
    yield path
    match value:
        case dict():
            for key, each in value.items():
                yield from paths(each, (*path, key))
        case list():
            for number, each in enumerate(value):
                yield from paths(each, (*path, number))


def _json(text: Text) -> Written:
    import json  # noqa: PLC0415 - few have it as their format

    try:
        document = json.loads(text.content.removeprefix("\ufeff"))
    except json.JSONDecodeError as error:
        at = Position(line=error.lineno, column=error.colno)
        problem = f"is not JSON: {error.msg[:1].lower()}{error.msg[1:]}"
        raise UnreadableError(text.name, problem, at) from error
    except (RecursionError, ValueError) as error:
        raise UnreadableError(text.name, f"is not JSON: {error}") from error
    return Written(document=_table(text, document), place=lambda _: _NOWHERE)


def _yaml(text: Text) -> Written:
    try:
        import yaml  # noqa: PLC0415 - an extra
    except ImportError as error:
        problem = "is YAML, which needs PyYAML: pip install 'svcctl[yaml]'"
        raise UnreadableError(text.name, problem) from error
    try:
        loader = yaml.SafeLoader(text.content)
        root = loader.get_single_node()
        document = loader.construct_document(root) if root is not None else {}
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        at = Position(line=mark.line + 1, column=mark.column + 1) if mark else None
        raise UnreadableError(text.name, f"is not YAML: {error.problem}", at) from error
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        problem = next(iter(str(error).splitlines()), "")
        raise UnreadableError(text.name, f"is not YAML: {problem}") from error
    table = _table(text, document)  # before the walk: it has an end, with aliases in circles too
    places = dict(_node_places(root, ())) if root is not None else {}
    return Written(document=table, place=lambda path: places.get(path, _NOWHERE))


def _node_places(node: Node, path: KeyPath) -> Iterator[tuple[KeyPath, Place]]:
    from yaml.nodes import MappingNode, SequenceNode  # noqa: PLC0415 - an extra

    match node:
        case MappingNode(value=pairs):
            for key, value in pairs:
                inner = (*path, str(key.value))
                yield inner, Place(key=_at(key), value=_at(value))
                yield from _node_places(value, inner)
        case SequenceNode(value=items):
            for number, value in enumerate(items):
                yield (*path, number), Place(key=_at(value), value=_at(value))
                yield from _node_places(value, (*path, number))


def _at(node: Node) -> Position:
    return Position(line=node.start_mark.line + 1, column=node.start_mark.column + 1)


def _table(text: Text, document: object) -> dict[str, object]:
    """Give *document* back if it is a table that can be walked through."""
    if not isinstance(document, dict):
        raise UnreadableError(text.name, "holds no table of names and values")
    left = _MOST
    waiting: list[tuple[object, int]] = [(document, 0)]
    while waiting:
        value, depth = waiting.pop()
        left -= 1
        if depth > DEEPEST:
            raise UnreadableError(text.name, "is nested too deeply")
        if left < 0:
            raise UnreadableError(text.name, f"holds more than {_MOST} values")
        if isinstance(value, dict):
            for key in value:
                if not isinstance(key, str):
                    raise UnreadableError(text.name, f"has a key that is no text: {key!r}")
            waiting += [(each, depth + 1) for each in value.values()]
        elif isinstance(value, list):
            waiting += [(each, depth + 1) for each in value]
    return document
