"""What is asked and answered comes out at the other end as it went in; noise is refused."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from svcctl.errors import Denied, Mistake, SpecError, SvcctlError, UsageError, tree
from svcctl.wire import (
    Request,
    Selection,
    answers_to_all,
    decode_request,
    encode,
    encode_request,
    error_document,
    for_all,
    to_error,
)

some_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=9),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=9), inner),
    max_leaves=9,
)
some_texts = st.lists(st.text(), max_size=3).map(tuple)
some_request = st.builds(
    Request,
    verb=st.text(),
    select=st.builds(Selection, names=some_texts, labels=some_texts, all=st.booleans()),
    args=st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.text()),
    id=st.integers(),
)


@given(request=some_request)
def test_a_request_is_read_as_it_was_asked(request: Request) -> None:
    line = encode_request(request)

    assert line.count(b"\n") == 1
    assert line.endswith(b"\n")
    assert decode_request(line) == request


@given(line=st.binary(max_size=200))
def test_no_bytes_are_more_than_an_expected_mistake(line: bytes) -> None:
    with pytest.raises(UsageError):
        decode_request(line)


@given(document=some_json)
def test_no_document_is_more_than_an_expected_mistake(document: object) -> None:
    try:
        decode_request(encode(document))
    except UsageError:
        return
    pytest.fail("not even a verb was named")


@given(
    damage=st.dictionaries(st.sampled_from(["id", "verb", "select", "args"]), some_json, min_size=1)
)
@example(damage={"args": [[None, None]]})
def test_no_damage_to_a_request_is_more_than_an_expected_mistake(
    damage: dict[str, object],
) -> None:
    whole = json.loads(encode_request(Request(verb="status", select=Selection(names=("web",)))))

    try:
        request = decode_request(encode(whole | damage))
    except UsageError:
        return
    assert isinstance(request.verb, str)
    assert all(isinstance(name, str) for name in (*request.select.names, *request.args))


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"\n",
        b"[]",
        b"null",
        b"7",
        b'"status"',
        b"{}",
        b"\xff\xfe",
        b'{"verb": "x", "id": "y"}',
        b'{"verb": "x", "id": Infinity}',
        b'{"verb": "x", "id": ' + b"9" * 5000 + b"}",
        b'{"verb": "x", "args": [1]}',
        b'{"verb": "x", "select": {"names": "web"}}',
        b'{"verb": "x", "select": {"names": [1]}}',
        b'{"verb": "x", "select": []' + b"}",
        b'{"verb": "x", "select": {"names": ["*"' + b', "*"' * 10_000 + b"]}}",
        b"[" * 100_000,
    ],
    ids=lambda line: repr(line[:40]),
)
def test_a_line_that_is_no_request_is_refused(line: bytes) -> None:
    if line == b'{"verb": "x", "select": []}':
        assert decode_request(line).select.empty
        return
    with pytest.raises(UsageError, match="not a request"):
        decode_request(line)


def test_what_is_left_out_of_a_request_has_its_default() -> None:
    assert decode_request(b'{"verb": "status"}') == Request(verb="status")


@pytest.mark.parametrize("kind", tree(), ids=lambda kind: kind.__name__)
def test_every_error_arrives_as_what_it_is(kind: type[SvcctlError]) -> None:
    sent = json.loads(encode(error_document(kind("it broke", hint="mend it"))))

    found = to_error(cast("dict[str, object]", sent))

    assert type(found) is kind
    assert (found.problem, found.hint) == ("it broke", "mend it")


def test_every_mistake_arrives_with_its_place() -> None:
    mistake = Mistake(problem="no", hint="yes", file="a.toml", line=3, column=4)
    sent = json.loads(encode(error_document(SpecError("wrong", mistakes=[mistake]))))

    found = to_error(sent)

    assert isinstance(found, SpecError)
    assert found.mistakes == (mistake,)


@pytest.mark.parametrize(
    "document",
    [{}, {"code": "SVC-9999"}, {"code": None}, {"code": ["SVC-1100"]}],
    ids=str,
)
def test_an_error_of_a_later_agent_is_an_error_all_the_same(document: dict[str, object]) -> None:
    assert type(to_error(document | {"problem": "odd"})) is SvcctlError


def test_mistakes_of_a_later_agent_are_read_as_far_as_known() -> None:
    found = to_error(
        {
            "code": "SVC-1100",
            "problem": "wrong",
            "mistakes": [{"problem": "no", "severity": "high"}, "noise", {"hint": "no problem"}],
        }
    )

    assert isinstance(found, SpecError)
    assert found.mistakes == (Mistake(problem="no"),)


@given(text=st.text())
def test_any_text_is_one_line(text: str) -> None:
    line = encode({"item": text})

    assert line.count(b"\n") == 1
    assert json.loads(line) == {"item": text}


def test_half_a_character_does_not_stop_an_answer() -> None:
    line = encode({"item": "name \udcff"})

    assert json.loads(line) == {"item": "name \udcff"}


@given(
    st.lists(
        st.one_of(
            st.sampled_from([0, 1, 2]),
            st.builds(lambda problem: Denied(problem, hint="h"), st.text(max_size=9)),
        ),
        max_size=9,
    )
)
def test_what_several_are_answered_comes_to_each_as_it_was_meant(answers: list[object]) -> None:
    looked = [{"a": 1}, {"a": 1}, []]
    meant = [looked[each] if isinstance(each, int) else each for each in answers]

    said = json.loads(json.dumps(for_all(meant)))
    found = answers_to_all(said, len(meant))

    assert len(said["found"]) == len({each for each in answers if isinstance(each, int)})
    for one, other in zip(meant, found, strict=True):
        if isinstance(one, Denied):
            assert isinstance(other, Denied)
            assert (one.problem, one.hint) == (other.problem, other.hint)
        else:
            assert one == other


@pytest.mark.parametrize(
    "said",
    [
        None,
        [],
        {"found": [], "each": []},
        {"found": [1], "each": [1]},
        {"found": [1], "each": [-1]},
        {"found": [1], "each": ["0"]},
        {"found": [1], "each": [0, 0]},
    ],
)
def test_what_is_no_answer_to_all_is_refused(said: object) -> None:
    with pytest.raises(UsageError):
        answers_to_all(said, 1)
