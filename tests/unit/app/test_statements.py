"""What hosts say over a queue: read as it was written, and nothing else is read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.statements import (
    LARGEST_STATEMENT,
    Reply,
    State,
    Statement,
    decode_event,
    decode_reply,
    decode_statement,
    event_text,
)
from svcctl.auth.sealing import Purpose
from svcctl.errors import Denied, UsageError

_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)


@pytest.mark.slow
@given(
    st.builds(
        Reply,
        id=st.text(),
        host=st.text(),
        digest=st.text(),
        at=st.floats(0, 2**40),
        state=st.sampled_from(State),
        result=_JSON,
        items=st.lists(_JSON, max_size=3).map(tuple),
    )
)
def test_a_reply_is_read_as_it_was_written(reply: Reply) -> None:
    assert decode_reply(reply.text()) == reply


@pytest.mark.slow
@given(
    st.builds(
        Statement,
        purpose=st.sampled_from([Purpose.REPLY, Purpose.EVENT]),
        text=st.text(min_size=1),
        key=st.text(min_size=1),
        signature=st.text(),
    )
)
def test_a_statement_is_read_as_it_was_written(statement: Statement) -> None:
    assert decode_statement(statement.encode(), statement.purpose) == statement


@pytest.mark.slow
@given(st.binary() | _JSON.map(lambda each: json.dumps(each).encode()))
def test_whatever_a_stranger_says_is_read_or_refused(body: bytes) -> None:
    with pytest.raises(UsageError):
        decode_statement(body, Purpose.REPLY)
    for read in (decode_reply, decode_event):
        with pytest.raises(UsageError):
            read(body.decode(errors="surrogateescape"))


@pytest.mark.parametrize(
    "message",
    [
        {},
        {"reply": ""},
        {"reply": {}},
        {"event": "{}"},
        {"reply": "{}", "event": "{}"},
        {"reply": "{}", "key": 1},
        {"reply": "{}", "more": ""},
    ],
)
def test_what_is_no_reply_and_its_proof_is_refused(message: dict[str, object]) -> None:
    with pytest.raises(UsageError, match="no reply and its proof"):
        decode_statement(json.dumps(message).encode(), Purpose.REPLY)


def test_a_statement_that_is_too_large_is_not_even_read() -> None:
    with pytest.raises(UsageError, match=f"more than {LARGEST_STATEMENT} bytes"):
        decode_statement(bytes(LARGEST_STATEMENT + 1), Purpose.REPLY)


def test_an_error_comes_out_of_a_reply_as_it_was_raised() -> None:
    error = Denied("not you", hint="ask Ann")
    reply = Reply(id="i", host="h", digest="d", at=1.0, state=State.FAILED, error=error)

    with pytest.raises(Denied, match="not you") as caught:
        decode_reply(reply.text()).value()

    assert caught.value.hint == "ask Ann"


def test_an_event_says_of_which_host_it_is() -> None:
    event = decode_event(event_text("web1", {"number": 3, "host": "liar"}))

    assert event == {"number": 3, "host": "web1"}
    with pytest.raises(UsageError, match="of no host"):
        decode_event("{}")
