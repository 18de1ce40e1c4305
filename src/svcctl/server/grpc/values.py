"""From documents, as the agent speaks, to messages and back."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from math import inf, isfinite
from typing import TYPE_CHECKING, Any

from svcctl.app.verb import Kind, Selects, Verb
from svcctl.errors import UsageError
from svcctl.server.grpc.interface import args_of, field_of
from svcctl.server.grpc.shapes import KEYS, Form
from svcctl.wire import Selection

if TYPE_CHECKING:
    from google.protobuf.descriptor import Descriptor, FieldDescriptor
    from google.protobuf.message import Message

Fill = Callable[[Any, object], None]
"""Puts what a document says into a message."""

_DEEPEST = 25
"""Levels of a document without a shape; clients refuse messages that are nested 100 deep."""
_NANO = 1_000_000_000


def fill(message: Message, document: Mapping[str, object]) -> None:
    """Put *document* into *message*; what has no field, or is None, is left out."""
    _fill(message, document)


def asked(verb: Verb, request: Message) -> tuple[Selection, dict[str, object]]:
    """Give which services, and with which arguments; raises UsageError."""
    said: Any = request  # its fields are those of the verb
    args: dict[str, object] = {}
    for arg in args_of(verb):
        name = field_of(arg)
        if said.HasField(name):
            args[arg.name] = _READ[arg.kind](getattr(said, name))
    match verb.selects:
        case Selects.NONE:
            return Selection(), args
        case Selects.ONE:
            return Selection(names=(said.service,) if said.service else ()), args
        case Selects.SOME | Selects.ANY:
            named = said.selection
            return (
                Selection(names=tuple(named.names), labels=tuple(named.labels), all=named.all),
                args,
            )


def _seconds(span: Any) -> float:  # noqa: ANN401 - a google.protobuf.Duration
    return float(span.seconds) + float(span.nanos) / _NANO


def _plain(value: Any, depth: int = 0) -> object:  # noqa: ANN401 - a google.protobuf.Value
    if depth > _DEEPEST:
        raise UsageError("an argument is nested too deep")
    match value.WhichOneof("kind"):
        case "struct_value":
            return {
                name: _plain(each, depth + 1) for name, each in value.struct_value.fields.items()
            }
        case "list_value":
            return [_plain(each, depth + 1) for each in value.list_value.values]
        case "number_value":
            found: float = value.number_value
            return int(found) if found.is_integer() else found
        case "string_value" | "bool_value" as kind:
            return getattr(value, kind)
        case _:
            return None


def _same(value: object) -> object:
    return value


_READ: Mapping[Kind, Callable[[Any], object]] = {
    Kind.TEXT: _same,
    Kind.INTEGER: _same,
    Kind.FLAG: _same,
    Kind.DURATION: _seconds,
    Kind.DOCUMENT: _plain,
}


def _fill(message: Any, document: object) -> None:  # noqa: ANN401 - of any type
    if not isinstance(document, Mapping):
        return
    for key, put in _fields(message.DESCRIPTOR):
        value = document.get(key)
        if value is not None:
            put(message, value)


@cache
def _fields(descriptor: Descriptor) -> tuple[tuple[str, Fill], ...]:
    """Give what puts each field of a message there, by its key in documents; made once."""
    return tuple((KEYS.get(each.name, each.name), _put(each)) for each in descriptor.fields)


def _put(field: FieldDescriptor) -> Fill:
    name = field.name
    if field.is_repeated:
        return _put_keyed(field) if _is_keyed(field) else _put_many(field)
    if field.message_type is None:
        as_scalar = _scalar(field)

        def put(message: Any, value: object) -> None:  # noqa: ANN401
            setattr(message, name, as_scalar(value))
    else:
        fill_one = _filling(field.message_type)

        def put(message: Any, value: object) -> None:  # noqa: ANN401
            part = getattr(message, name)
            fill_one(part, value)
            part.SetInParent()

    return put


def _put_many(field: FieldDescriptor) -> Fill:
    name = field.name
    if field.message_type is None:
        as_scalar = _scalar(field)

        def put(message: Any, value: object) -> None:  # noqa: ANN401
            getattr(message, name).extend(map(as_scalar, _listed(value)))
    else:
        fill_one = _filling(field.message_type)

        def put(message: Any, value: object) -> None:  # noqa: ANN401
            added = getattr(message, name)
            for each in _listed(value):
                fill_one(added.add(), each)

    return put


def _put_keyed(field: FieldDescriptor) -> Fill:
    name, entry = field.name, field.message_type
    assert entry is not None
    held = entry.fields_by_name["value"]
    if held.message_type is None:
        as_scalar = _scalar(held)

        def put(message: Any, value: object) -> None:  # noqa: ANN401
            added = getattr(message, name)
            for key, each in _named(value):
                added[_text(key)] = as_scalar(each)
    else:
        fill_one = _filling(held.message_type)

        def put(message: Any, value: object) -> None:  # noqa: ANN401
            added = getattr(message, name)
            for key, each in _named(value):
                fill_one(added[_text(key)], each)

    return put


def _is_keyed(field: FieldDescriptor) -> bool:
    return field.message_type is not None and field.message_type.GetOptions().map_entry


def _scalar(field: FieldDescriptor) -> Callable[[object], object]:
    if field.type in {field.TYPE_INT64, field.TYPE_INT32}:
        return _whole
    if field.type == field.TYPE_DOUBLE:
        return _number
    return bool if field.type == field.TYPE_BOOL else _text


def _filling(descriptor: Descriptor) -> Fill:
    return _GOOGLE.get(descriptor.full_name, _fill)


def _fill_time(message: Any, value: object) -> None:  # noqa: ANN401
    micros = _whole(_number(value) * 1_000_000)  # a float holds no more
    message.seconds, message.nanos = divmod(micros * 1_000, _NANO)


def _fill_object(message: Any, value: object, depth: int = 0) -> None:  # noqa: ANN401
    for key, each in _named(value):
        _fill_value(message.fields[_text(key)], each, depth + 1)


def _fill_value(message: Any, value: object, depth: int = 0) -> None:  # noqa: ANN401
    match value:
        case None:
            message.null_value = 0
        case bool():
            message.bool_value = value
        case int() | float():
            message.number_value = _number(value)
        case str():
            message.string_value = _text(value)
        case _ if depth >= _DEEPEST:
            message.string_value = json.dumps(value)
        case Mapping():
            message.struct_value.SetInParent()
            _fill_object(message.struct_value, value, depth + 1)
        case _:
            message.list_value.SetInParent()
            for each in _listed(value):
                _fill_value(message.list_value.values.add(), each, depth + 1)


_GOOGLE: Mapping[str, Fill] = {
    Form.TIME.value: _fill_time,
    Form.OBJECT.value: _fill_object,
    Form.VALUE.value: _fill_value,
}


def _listed(value: object) -> Iterable[object]:
    return value if isinstance(value, list | tuple) else ()


def _named(value: object) -> Iterable[tuple[object, object]]:
    return value.items() if isinstance(value, Mapping) else ()


def _whole(value: object) -> int:
    """Give the nearest number that the field can hold."""
    if isinstance(value, float):
        value = round(value) if isfinite(value) else 0
    found = int(value) if isinstance(value, int) else 0
    return max(-(2**63), min(found, 2**63 - 1))


def _number(value: object) -> float:
    try:
        return float(value) if isinstance(value, int | float) else 0.0
    except OverflowError:  # a whole number of hundreds of digits
        return inf


def _text(value: object) -> str:
    """Give a text that is one in UTF-8 too: names of files and output need not be."""
    found = value if isinstance(value, str) else json.dumps(value)
    return found if found.isascii() else found.encode(errors="replace").decode()
