"""What is said over the line arrives as it was meant, and nothing else does."""

from __future__ import annotations

import os

import pytest

from svcctl.ports import HostPhase
from svcctl.sdk.debug.call import VARIABLE, Call, called
from svcctl.sdk.debug.exchange import (
    Answered,
    Connected,
    Input,
    Reloading,
    Send,
    StatusSet,
    Told,
    Waited,
)
from svcctl.sdk.debug.words import dump, dump_order, load, load_order


@pytest.mark.parametrize(
    "message",
    [
        Told(phase=HostPhase.STOPPING, text="draining: waiting for 2 letters\n"),
        Reloading(over=True),
        Connected(),
        StatusSet(members=(16, 4, 269, 0, 0, 0, 0)),
        Answered(result=120),
    ],
)
def test_what_the_service_says_arrives_as_one_line(message: Input) -> None:
    line = dump(message)

    assert line.count(b"\n") == 1
    assert load(line) == message


def test_what_it_never_says_is_not_sent() -> None:
    with pytest.raises(ValueError, match="does not say"):
        dump(Waited())


@pytest.mark.parametrize(
    "line", [b"", b"{}", b"[]", b'{"told":"flying","text":""}', b'{"status":[1]}', b"\xff"]
)
def test_what_is_no_word_is_an_error(line: bytes) -> None:
    with pytest.raises(ValueError, match=r".*"):
        load(line)
    with pytest.raises(ValueError, match=r".*"):
        load_order(line)


def test_an_order_arrives() -> None:
    assert load_order(dump_order(Send(word="control", code=130))) == Send(word="control", code=130)


def test_a_call_is_for_the_process_that_reads_it_first_and_its_next_run() -> None:
    environ = {VARIABLE: str(Call(port=7, secret="s", scm=True))}

    first, again = called(environ), called(environ)
    environ[VARIABLE] = environ[VARIABLE].replace(str(os.getpid()), "1")

    assert first == Call(port=7, secret="s", scm=True)
    assert again == Call(port=7, secret="s", scm=True, pid=os.getpid())
    assert called(environ) is None


def test_its_secret_is_not_shown() -> None:
    assert "hunter2" not in repr(Call(port=7, secret="hunter2"))


def test_without_the_variable_nobody_calls() -> None:
    assert called({}) is None
