"""The committed .proto says what is served, and what it once said it goes on to mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import grpc_tools
import pytest
from google.protobuf.descriptor_pb2 import DescriptorProto, FileDescriptorSet
from grpc_tools import protoc

from svcctl.app.goals import Outcome
from svcctl.app.verbs import VERBS
from svcctl.ports import InstanceStatus, Recorded
from svcctl.server.grpc.descriptors import file_descriptor
from svcctl.server.grpc.interface import calls, messages
from svcctl.server.grpc.messages_of_services import EVENT, INSTANCE, OUTCOME
from svcctl.server.grpc.numbers import COMMITTED, committed, numbered, read
from svcctl.server.grpc.proto_text import description, written
from svcctl.server.grpc.replies import FIELDS, LISTS
from svcctl.server.grpc.shapes import FILE, Message, text, whole


def test_the_committed_description_is_that_of_the_verb_table() -> None:
    hint = "write it anew: python -m svcctl.server.grpc.proto_text"
    assert COMMITTED.read_text(encoding="utf-8") == description(), hint


def test_what_is_served_is_what_protoc_makes_of_the_description(tmp_path: Path) -> None:
    made = tmp_path / "made"
    google = Path(grpc_tools.__file__).parent / "_proto"
    paths = [f"-I{COMMITTED.parent}", f"-I{google}"]

    status = protoc.main(["protoc", *paths, f"--descriptor_set_out={made}", FILE])

    assert status == 0
    (found,) = FileDescriptorSet.FromString(made.read_bytes()).file
    for each in found.message_type:
        _forget_json_names(each)
    assert found == file_descriptor()


def _forget_json_names(message: DescriptorProto) -> None:
    """They follow from the names."""
    for field in message.field:
        field.ClearField("json_name")
    for nested in message.nested_type:
        _forget_json_names(nested)


def test_no_two_messages_or_rpcs_share_a_name() -> None:
    names = [each.name for each in messages()]
    assert len(names) == len(set(names))
    assert len({call.path for call in calls()}) == len(calls())


def test_every_verb_that_is_answered_to_others_is_described_and_no_other() -> None:
    assert {call.verb for call in calls()} == {v.name for v in VERBS if not v.local_only}
    assert FIELDS.keys() <= {verb.name for verb in VERBS}
    assert LISTS.keys() <= FIELDS.keys()


@pytest.mark.parametrize(
    ("message", "documented"),
    [(INSTANCE, InstanceStatus), (OUTCOME, Outcome), (EVENT, Recorded)],
    ids=["status", "outcome", "event"],
)
def test_a_reply_tells_all_that_there_is(message: Message, documented: type) -> None:
    names = set(documented.__dataclass_fields__)  # type: ignore[attr-defined] # of dataclasses
    assert {field.name for field in message.fields} == names


BEFORE = Message(name="Old", doc="", fields=(text("a"), text("b"), whole("c")))


def _again(message: Message) -> dict[str, int]:
    """Give the numbers of *message*, where those of BEFORE were given already."""
    known = numbered([BEFORE], {})
    return dict(numbered([message], known)["Old"].of)


def test_fields_keep_their_numbers_in_whatever_order_they_stand() -> None:
    turned = replace(BEFORE, fields=BEFORE.fields[::-1])
    assert _again(turned) == {"a": 1, "b": 2, "c": 3}


def test_the_number_of_a_field_that_is_gone_is_given_to_no_other() -> None:
    changed = replace(BEFORE, fields=(text("a"), whole("c"), text("new")))
    numbers = numbered([changed], numbered([BEFORE], {}))

    assert numbers["Old"].of == {"a": 1, "c": 3, "new": 4}
    assert numbers["Old"].reserved == {"b": 2}
    again = written([changed], numbers)
    assert 'reserved 2; reserved "b";' in again
    assert read(again)["Old"] == numbers["Old"]


def test_the_last_of_a_message_leaves_its_number_too() -> None:
    without = replace(BEFORE, fields=BEFORE.fields[:2])
    known = read(written([without], numbered([without], numbered([BEFORE], {}))))

    new = replace(BEFORE, fields=(*without.fields, text("d")))

    assert numbered([new], known)["Old"].of["d"] == 4


def test_a_field_that_comes_back_has_its_number_again() -> None:
    without = replace(BEFORE, fields=(text("a"),))
    known = numbered([without], numbered([BEFORE], {}))

    assert numbered([BEFORE], known)["Old"].of == {"a": 1, "b": 2, "c": 3}


@pytest.mark.parametrize(
    ("message", "field", "number"),
    [
        ("Selection", "names", 1),
        ("Selection", "all", 3),
        ("StopRequest", "selection", 1),
        ("StopRequest", "timeout", 3),
        ("LogsRequest", "follow", 2),
        ("LogsReply", "cursor", 3),
        ("Instance", "phase", 3),
        ("Outcome", "ok", 3),
    ],
)
def test_numbers_are_as_they_were_published(message: str, field: str, number: int) -> None:
    assert committed()[message].of[field] == number
