"""Keys of hosts: what is signed with another, or for something else, is not believed."""

from __future__ import annotations

from base64 import b64encode
from dataclasses import replace

import pytest

from svcctl.app.statements import Statement
from svcctl.auth.sealing import Purpose, seal
from svcctl.auth.signing_keys import public_text
from svcctl.client.host_keys import HostKeys
from svcctl.errors import Unauthenticated, UsageError

_PRIVATE, _OTHER = bytes(range(32)), b"o" * 32


def _said(text: str = "done", *, private: bytes = _PRIVATE) -> Statement:
    return Statement(
        purpose=Purpose.REPLY,
        text=text,
        key=public_text(private),
        signature=seal(text, private, purpose=Purpose.REPLY),
    )


def test_what_a_host_signed_is_believed() -> None:
    HostKeys({"web1": public_text(_PRIVATE)}).insist(_said(), "web1")


@pytest.mark.parametrize(
    ("statement", "problem"),
    [
        (replace(_said(), key="", signature=""), "the reply of 'web1' is not signed"),
        (_said(private=_OTHER), "is signed with the key"),
        (replace(_said(), text="failed"), "does not hold"),
        (replace(_said(), signature=_said(private=_OTHER).signature), "does not hold"),
        (replace(_said(), signature="?"), "does not hold"),
        (replace(_said(), purpose=Purpose.EVENT), "the event of 'web1' does not hold"),
        (replace(_said(), signature=seal("done", _PRIVATE)), "does not hold"),
    ],
)
def test_what_it_did_not_sign_is_not(statement: Statement, problem: str) -> None:
    with pytest.raises(Unauthenticated, match=problem):
        HostKeys({"web1": public_text(_PRIVATE)}).insist(statement, "web1")


def test_a_host_whose_key_is_not_known_is_not_believed() -> None:
    with pytest.raises(Unauthenticated, match="the key of 'web2' is not known here") as caught:
        HostKeys({"web1": public_text(_PRIVATE)}).insist(_said(), "web2")

    assert "--show-key" in caught.value.hint


def test_the_first_key_is_learnt_where_that_is_wanted_and_no_other_is_taken_then() -> None:
    keys = HostKeys({}, learns=True)
    with pytest.raises(Unauthenticated):
        keys.insist(replace(_said(), text="altered"), "web1")
    assert keys.known == {}

    keys.insist(_said(), "web1")

    assert keys.known == {"web1": public_text(_PRIVATE)}
    with pytest.raises(Unauthenticated, match="not with its own"):
        keys.insist(_said(private=_OTHER), "web1")


@pytest.mark.parametrize("text", ["", "?", "AAAA", b64encode(b"x" * 33).decode()])
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="is no key of 'web1'"):
        HostKeys({"web1": text})
    with pytest.raises(Unauthenticated):
        HostKeys({}, learns=True).insist(replace(_said(), key=text), "web1")
