"""What was revoked holds no more, at once, for open streams too, and after a restart."""

from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.auth.identity import Identity, Proof, Way, local
from svcctl.auth.revocation import KIND, Revocations
from svcctl.errors import Denied
from svcctl.testing.fakes import FakeStore

NOW = 1_790_000_000.0
CI = Identity(actor="token:ci", way=Way.HTTP, proof=Proof.TOKEN, expires_at=NOW + 60, token_id="a1")


def test_who_was_not_revoked_is_let_in() -> None:
    Revocations(FakeStore()).insist(CI, now=NOW)
    Revocations(FakeStore()).insist(local("uid:0"), now=NOW)


def test_who_was_revoked_is_denied_and_so_after_a_restart() -> None:
    store = FakeStore()
    revocations = Revocations(store)

    revocations.revoke("a1", until=NOW + 60, now=NOW)

    for each in (revocations, Revocations(store)):
        with pytest.raises(Denied, match="was revoked"):
            each.insist(CI, now=NOW)


def test_who_has_expired_meanwhile_is_denied() -> None:
    with pytest.raises(Denied, match="has expired"):
        Revocations(FakeStore()).insist(CI, now=NOW + 61)


def test_an_open_stream_is_told_before_the_revocation_returns() -> None:
    revocations = Revocations(FakeStore())
    told: list[str] = []
    revocations.watch(CI, lambda: told.append("one"))
    revocations.watch(CI, lambda: told.append("two"))
    revocations.watch(replace(CI, token_id="b2"), lambda: told.append("other"))

    revocations.revoke("a1", until=None, now=NOW)

    assert told == ["one", "two"]


def test_a_stream_that_has_ended_is_told_nothing_and_kept_nowhere() -> None:
    revocations = Revocations(FakeStore())
    told: list[str] = []
    cancel = revocations.watch(CI, lambda: told.append("one"))

    cancel()
    cancel()
    revocations.revoke("a1", until=None, now=NOW)
    cancel()

    assert told == []
    assert not revocations._watching


def test_a_stream_opened_after_the_revocation_is_told_at_once() -> None:
    revocations = Revocations(FakeStore())
    revocations.revoke("a1", until=None, now=NOW)
    told: list[str] = []

    revocations.watch(CI, lambda: told.append("one"))()

    assert told == ["one"]


def test_who_showed_nothing_that_can_be_revoked_is_never_told() -> None:
    revocations = Revocations(FakeStore())

    revocations.watch(local("uid:0"), lambda: pytest.fail("told"))()
    revocations.revoke("", until=None, now=NOW)


def test_what_has_long_expired_by_itself_is_forgotten() -> None:
    store = FakeStore()
    revocations = Revocations(store)
    revocations.revoke("a1", until=NOW + 60, now=NOW)
    revocations.revoke("b2", until=None, now=NOW)

    revocations.revoke("c3", until=NOW + 1e6, now=NOW + 1e5)

    assert [key for key, _ in store.items(KIND)] == ["b2", "c3"]
    assert revocations.is_revoked("b2")


def test_what_was_written_by_somebody_else_is_revoked_for_good() -> None:
    store = FakeStore()
    store.put(KIND, "a1", {})

    assert Revocations(store).is_revoked("a1")


def test_who_listens_is_told_once_it_is_known() -> None:
    revocations, told = Revocations(None), list[dict[str, float]]()
    revocations.listeners.add(lambda: told.append(revocations.known()))

    revocations.revoke("a1", until=NOW + 60, now=NOW)

    assert told == [{"a1": NOW + 60}]


def test_without_a_store_what_was_revoked_is_known_as_long_as_the_process_lives() -> None:
    revocations = Revocations(None)

    revocations.revoke("old", until=NOW - 7_200, now=NOW - 9_000)
    revocations.revoke("a1", until=None, now=NOW)

    assert revocations.is_revoked("a1")
    assert not revocations.is_revoked("old")
