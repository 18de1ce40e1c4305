"""Writes the interface as a .proto file, from which clients in any language are generated."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from textwrap import wrap

from svcctl.server.grpc.interface import calls, messages
from svcctl.server.grpc.numbers import COMMITTED, Numbers, committed, numbered
from svcctl.server.grpc.shapes import PACKAGE, SERVICE, Field, Form, Message

_HEAD = f"""\
// Everything svcctl can do with the services of one machine.
//
// Written from the verb table by python -m svcctl.server.grpc.proto_text; numbers stay.
//
// Every call shows who asks: a token as metadata "authorization: Bearer TOKEN", or a client
// certificate. "x-request-id" is echoed. A deadline is how long is waited for the outcome.
// What fails says why in a google.rpc.ErrorInfo: its reason is one of svcctl's codes.

syntax = "proto3";

package {PACKAGE};
"""
_WIDTH = 92


def description() -> str:
    """Give the description of everything that can be asked for."""
    return written(messages(), numbered(messages(), committed()))


def written(described: Iterable[Message], numbers: Mapping[str, Numbers]) -> str:
    """Give the description of *described*, and of every RPC."""
    listed = list(described)
    lines = [_HEAD, *_imports(listed), "", *_service()]
    for each in listed:
        lines += _message(each, numbers[each.name])
    return "\n".join(lines) + "\n"


def imports(described: Iterable[Message]) -> list[str]:
    """Give the files of Google's that *described* needs."""
    used = {
        field.of
        for message in described
        for field in message.fields
        if isinstance(field.of, Form) and field.of.is_message
    }
    names = {Form.TIME: "timestamp", Form.SPAN: "duration", Form.OBJECT: "struct"}
    names[Form.VALUE] = names[Form.OBJECT]
    return sorted({f"google/protobuf/{names[form]}.proto" for form in used})


def _imports(described: Iterable[Message]) -> Iterator[str]:
    for each in imports(described):
        yield f'import "{each}";'


def _service() -> Iterator[str]:
    yield f"service {SERVICE} {{"
    for number, call in enumerate(calls()):
        if number:
            yield ""
        yield from _comment(call.doc, indent="  ")
        streamed = "stream " if call.streams else ""
        yield f"  rpc {call.name}({call.request.name}) returns ({streamed}{call.reply.name});"
    yield "}"


def _message(message: Message, numbers: Numbers) -> Iterator[str]:
    yield ""
    yield from _comment(message.doc)
    yield f"message {message.name} {{"
    for each in message.fields:
        yield from _comment(each.doc, indent="  ")
        yield f"  {_type(each)} {each.name} = {numbers.of[each.name]};"
    for name, number in numbers.reserved.items():
        yield f'  reserved {number}; reserved "{name}";'
    yield "}"


def _type(field: Field) -> str:
    if field.keyed:
        return f"map<string, {field.of}>"
    if field.many:
        return f"repeated {field.of}"
    is_scalar = isinstance(field.of, Form) and not field.of.is_message
    return f"optional {field.of}" if field.maybe and is_scalar else str(field.of)


def _comment(doc: str, *, indent: str = "") -> Iterator[str]:
    for line in doc.splitlines():
        for piece in wrap(line, _WIDTH):
            yield f"{indent}// {piece}"


if __name__ == "__main__":
    COMMITTED.write_text(description(), encoding="utf-8")
