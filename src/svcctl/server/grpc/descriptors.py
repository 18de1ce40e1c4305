"""Makes message classes of the interface when it is served: no code is generated, or shipped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from svcctl.server.grpc.interface import calls, messages
from svcctl.server.grpc.numbers import Numbers, committed, numbered
from svcctl.server.grpc.proto_text import imports
from svcctl.server.grpc.shapes import FILE, PACKAGE, SERVICE, Field, Form, Message

if TYPE_CHECKING:
    from google.protobuf.descriptor_pb2 import (
        DescriptorProto,
        FieldDescriptorProto,
        FileDescriptorProto,
    )
    from google.protobuf.descriptor_pool import DescriptorPool
    from google.protobuf.message import Message as Said


@dataclass(frozen=True, slots=True, kw_only=True)
class Classes:
    """Every message of the interface as a class, by name, and the pool that describes them."""

    pool: DescriptorPool
    of: Mapping[str, Callable[[], Said]]


@cache
def classes() -> Classes:
    """Give the classes; in a pool of their own, so that stubs of a user are not in the way."""
    from google.protobuf import (  # noqa: PLC0415 - an extra
        duration_pb2,
        message_factory,
        struct_pb2,
        timestamp_pb2,
    )
    from google.protobuf.descriptor_pool import DescriptorPool  # noqa: PLC0415
    from google.rpc import error_details_pb2  # noqa: PLC0415
    from grpc_health.v1 import health_pb2  # noqa: PLC0415

    pool = DescriptorPool()
    for known in (duration_pb2, struct_pb2, timestamp_pb2, health_pb2, error_details_pb2):
        pool.AddSerializedFile(known.DESCRIPTOR.serialized_pb)
    pool.AddSerializedFile(file_descriptor().SerializeToString())
    found = {
        each.name: message_factory.GetMessageClass(
            pool.FindMessageTypeByName(f"{PACKAGE}.{each.name}")
        )
        for each in messages()
    }
    return Classes(pool=pool, of=found)


def file_descriptor() -> FileDescriptorProto:
    """Give what protoc makes of the description."""
    from google.protobuf.descriptor_pb2 import FileDescriptorProto  # noqa: PLC0415 - an extra

    found = FileDescriptorProto(name=FILE, package=PACKAGE, syntax="proto3")
    found.dependency.extend(imports(messages()))
    numbers = numbered(messages(), committed())
    for each in messages():
        _describe(found.message_type.add(), each, numbers[each.name])
    service = found.service.add(name=SERVICE)
    for call in calls():
        method = service.method.add(name=call.name)
        method.input_type = f".{PACKAGE}.{call.request.name}"
        method.output_type = f".{PACKAGE}.{call.reply.name}"
        if call.streams:
            method.server_streaming = True
    return found


def _describe(descriptor: DescriptorProto, message: Message, numbers: Numbers) -> None:
    descriptor.name = message.name
    for each in message.fields:
        _add(descriptor, each, numbers.of[each.name], message.name)
    for name, number in numbers.reserved.items():
        descriptor.reserved_range.add(start=number, end=number + 1)
        descriptor.reserved_name.append(name)


def _add(descriptor: DescriptorProto, field: Field, number: int, message: str) -> None:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto  # noqa: PLC0415

    added = descriptor.field.add(name=field.name, number=number)
    added.label = Proto.LABEL_REPEATED if field.many or field.keyed else Proto.LABEL_OPTIONAL
    if field.keyed:
        entry = descriptor.nested_type.add(name=_entry(field.name))
        entry.options.map_entry = True
        key = entry.field.add(name="key", number=1, label=Proto.LABEL_OPTIONAL)
        key.type = Proto.TYPE_STRING
        value = entry.field.add(name="value", number=2, label=Proto.LABEL_OPTIONAL)
        _set_type(value, field.of)
        added.type = Proto.TYPE_MESSAGE
        added.type_name = f".{PACKAGE}.{message}.{entry.name}"
        return
    _set_type(added, field.of)
    if field.maybe and added.type != Proto.TYPE_MESSAGE:  # as optional in proto3 is described
        added.proto3_optional = True
        added.oneof_index = len(descriptor.oneof_decl)
        descriptor.oneof_decl.add(name=f"_{field.name}")


def _set_type(added: FieldDescriptorProto, of: Form | str) -> None:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Proto  # noqa: PLC0415

    scalars = {
        Form.TEXT: Proto.TYPE_STRING,
        Form.WHOLE: Proto.TYPE_INT64,
        Form.SMALL: Proto.TYPE_INT32,
        Form.NUMBER: Proto.TYPE_DOUBLE,
        Form.FLAG: Proto.TYPE_BOOL,
    }
    if isinstance(of, Form) and of in scalars:
        added.type = scalars[of]
        return
    added.type = Proto.TYPE_MESSAGE
    added.type_name = f".{of}" if isinstance(of, Form) else f".{PACKAGE}.{of}"


def _entry(name: str) -> str:
    return "".join(word.capitalize() for word in name.split("_")) + "Entry"
