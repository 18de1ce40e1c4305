"""What is asked for over a queue: read as it was written, and nothing else is read."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.envelope import (
    LARGEST,
    Command,
    Sealed,
    decode_command,
    insist_on_host,
)
from svcctl.errors import SvcctlError, UsageError
from svcctl.wire import Selection

_JSON = st.recursive(st.none() | st.booleans() | st.integers() | st.text(), st.lists, max_leaves=5)
_COMMANDS = st.builds(
    Command,
    id=st.from_regex(r"[A-Za-z0-9_-]{16,64}", fullmatch=True),
    host=st.from_regex(r"[a-z0-9]([a-z0-9._-]{0,20}[a-z0-9])?", fullmatch=True),
    reply=st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True),
    verb=st.text(min_size=1, max_size=64),
    select=st.builds(
        Selection,
        names=st.lists(st.text(), max_size=3).map(tuple),
        labels=st.lists(st.text(), max_size=3).map(tuple),
        all=st.booleans(),
    ),
    args=st.dictionaries(st.text(), _JSON, max_size=3),
    issued_at=st.integers(0, 2**30),
    expires_at=st.integers(2**30, 2**40),
)
COMMAND = Command(
    id="0123456789abcdef", host="web1", reply="r", verb="stop", issued_at=1, expires_at=61
)


@pytest.mark.slow
@given(command=_COMMANDS, key=st.text(max_size=9), signature=st.text(max_size=9))
def test_a_command_is_read_as_it_was_written(command: Command, key: str, signature: str) -> None:
    sealed = Sealed(command=command, text=command.text(), key=key, signature=signature)

    found = decode_command(sealed.encode())

    assert found.command == command
    assert found.digest == sealed.digest
    assert (found.key, found.signature) == ((key, signature) if key else ("", ""))


@pytest.mark.slow
@given(st.binary() | _JSON.map(lambda each: json.dumps(each).encode()))
def test_whatever_a_stranger_sends_is_read_or_refused(body: bytes) -> None:
    with pytest.raises(UsageError):
        decode_command(body)


@pytest.mark.slow
@given(
    name=st.sampled_from(sorted(json.loads(COMMAND.text()))),
    value=_JSON | st.floats() | st.dictionaries(st.text(), _JSON),
)
def test_a_command_with_a_field_of_something_else_is_read_or_refused(
    name: str, value: object
) -> None:
    text = json.dumps(json.loads(COMMAND.text()) | {name: value})
    body = json.dumps({"command": text, "key": "ci", "signature": "x"}).encode()

    try:
        found = decode_command(body)
    except UsageError:
        return
    assert found.command.text()


@pytest.mark.parametrize(
    "text",
    [
        COMMAND.text().replace("}", ',"more":1}'),
        COMMAND.text().replace('"verb":"stop"', '"verb":"stop","verb":"start"'),
        COMMAND.text().replace('"expires_at":61', '"expires_at":0'),
        COMMAND.text().replace('"expires_at":61', '"expires_at":61.5'),
        COMMAND.text().replace('"expires_at":61', '"expires_at":NaN'),
        COMMAND.text().replace('"expires_at":61', '"expires_at":true'),
        COMMAND.text().replace('"expires_at":61', f'"expires_at":{2**50}'),
        COMMAND.text().replace("web1", "web1/#"),
        COMMAND.text().replace("0123456789abcdef", "short"),
        COMMAND.text().replace('"reply":"r"', '"reply":"r.#"'),
        COMMAND.text().replace('"all":false', '"names":"web"'),
        COMMAND.text().replace("stop", "\ud800"),
        "[" * 100_000,
        "{}",
    ],
)
def test_a_command_that_says_too_little_or_too_much_is_refused(text: str) -> None:
    body = json.dumps({"command": text, "key": "ci", "signature": "x"}).encode()

    with pytest.raises(UsageError):
        decode_command(body)


def test_a_message_that_is_too_large_is_not_even_read() -> None:
    with pytest.raises(UsageError, match=f"more than {LARGEST} bytes"):
        decode_command(b" " * (LARGEST + 1))


def test_a_token_is_shown_to_nobody() -> None:
    sealed = Sealed(command=COMMAND, text=COMMAND.text(), token="hush")

    assert "hush" not in repr(sealed)
    assert json.loads(sealed.encode())["token"] == "hush"


@pytest.mark.parametrize("name", ["", "-web", "Web", "web 1", "a" * 64, "web.*", "web.#", "ü"])
def test_no_host_is_called_so(name: str) -> None:
    with pytest.raises(SvcctlError, match="cannot name a host"):
        insist_on_host(name)
