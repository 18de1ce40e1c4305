"""Documents become messages and messages arguments, whatever they hold."""

from __future__ import annotations

from contextlib import suppress
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.arguments import check
from svcctl.app.verbs import find
from svcctl.errors import UsageError
from svcctl.server.grpc.control import encoded, parsed, reply_of
from svcctl.server.grpc.descriptors import classes
from svcctl.server.grpc.interface import calls
from svcctl.server.grpc.shapes import Call
from svcctl.server.grpc.values import asked, fill
from svcctl.wire import Selection

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def _call(name: str) -> Call:
    (found,) = (call for call in calls() if call.name == name)
    return found


def _filled(name: str, document: dict[str, object]) -> Any:
    message: Any = classes().of[name]()
    fill(message, document)
    return message


def _asked(name: str, request: Any) -> tuple[Selection, dict[str, object]]:
    verb = find(_call(name).verb)
    assert verb is not None
    return asked(verb, request)


def test_what_is_not_known_is_left_out_and_what_nobody_asked_about_too() -> None:
    found = _filled("Instance", {"service": "web", "pid": None, "of_tomorrow": 1})

    assert found.service == "web"
    assert not found.HasField("pid")


def test_times_are_kept_to_the_microsecond() -> None:
    found = _filled("Event", {"at": 1_700_000_000.123456, "number": 2**40})

    assert found.at.ToJsonString() == "2023-11-14T22:13:20.123456Z"
    assert found.number == 2**40


def test_a_time_before_1970_is_one() -> None:
    assert _filled("Event", {"at": -0.5}).at.ToJsonString() == "1969-12-31T23:59:59.500Z"


def test_messages_lie_in_messages_by_number_and_by_name() -> None:
    tree = _filled("TreeReply", {"services": {"web": {"needs": {"db": "requires"}, "after": []}}})
    statistics = _filled("LogStatistics", {"levels": {"error": 3}, "templates": [{"count": 2}]})

    assert tree.services["web"].needs["db"] == "requires"
    assert statistics.levels["error"] == 3
    assert statistics.templates[0].count == 2


def test_what_has_no_shape_stays_as_it_is() -> None:
    document = {"a": [1.5, "x", None, True, {"b": {}}], "c": []}
    found = _filled("Event", {"fields": document})

    assert MessageToDict(found.fields) == document


def test_text_that_is_none_in_utf8_is_told_all_the_same() -> None:
    assert _filled("LogLine", {"text": "a\udcffb"}).text == "a?b"


def test_what_is_nested_too_deep_for_clients_is_told_as_text() -> None:
    document: object = "deep"
    for _ in range(60):
        document = [document]

    found = _filled("Answer", {"answer": document})

    assert type(found).FromString(found.SerializeToString()) == found


@given(st.sampled_from(calls()), JSON)
def test_whatever_a_verb_answers_is_a_reply(call: Call, result: object) -> None:
    reply: Any = classes().of[call.reply.name]
    reply.FromString(reply_of(call, result))


@given(st.data())
def test_whatever_the_fields_of_a_reply_hold_is_a_reply(data: st.DataObject) -> None:
    call = data.draw(st.sampled_from(calls()))
    names = [field.name for field in call.reply.fields]
    document = data.draw(st.fixed_dictionaries(dict.fromkeys(names, JSON)))

    reply: Any = classes().of[call.reply.name]
    reply.FromString(encoded(call, document))


@given(st.sampled_from(calls()), st.binary(max_size=200))
def test_whatever_bytes_come_are_a_request_or_a_mistake(call: Call, raw: bytes) -> None:
    verb = find(call.verb)
    assert verb is not None
    with suppress(UsageError):
        _, args = asked(verb, parsed(call, raw))
        check(verb, args)


def test_arguments_are_those_that_were_given() -> None:
    request: Any = classes().of["SetLogLevelRequest"]()
    request.selection.labels.append("tier=front")
    request.level = "debug"
    request.duration.FromMilliseconds(90_500)
    request.reset = False

    selection, args = _asked("SetLogLevel", request)

    assert selection == Selection(labels=("tier=front",))
    assert args == {"level": "debug", "for": 90.5, "reset": False}


def test_documents_are_as_they_were_written() -> None:
    request: Any = classes().of["FindingsRequest"]()
    services = request.services.list_value.values
    services.add().string_value = "web"
    services.add().number_value = 2
    services.add().null_value = 0
    services.add().struct_value.fields["a"].bool_value = True

    _, args = _asked("Findings", request)

    assert args == {"services": ["web", 2, None, {"a": True}]}


def test_a_document_that_is_nested_too_deep_is_a_mistake() -> None:
    request: Any = classes().of["FindingsRequest"]()
    value = request.services
    for _ in range(30):
        value = value.list_value.values.add()

    with pytest.raises(UsageError, match="too deep"):
        _asked("Findings", request)


def test_a_service_that_must_be_one_is_one() -> None:
    request: Any = classes().of["ScaleRequest"]()
    request.service, request.instances = "web", 3

    assert _asked("Scale", request) == (Selection(names=("web",)), {"instances": 3})
