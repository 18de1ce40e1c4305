"""Sessions: how long they hold, what ends them, and what is kept of them."""

from __future__ import annotations

import json

import pytest

from svcctl.auth.identity import Identity, Proof, Way
from svcctl.server.web.sessions import IDLE, KIND, LONGEST, Sessions, csrf_of
from svcctl.testing.fakes import FakeClock, FakeStore


def ann(*, lasts: float | None = None, clock: FakeClock | None = None) -> Identity:
    expires = None if lasts is None or clock is None else clock.now() + lasts
    return Identity(
        actor="token:ann",
        way=Way.HTTP,
        proof=Proof.TOKEN,
        roles=("operator",),
        expires_at=expires,
        token_id="t1",
    )


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def store() -> FakeStore:
    return FakeStore()


def test_the_id_of_a_session_is_kept_nowhere(clock: FakeClock, store: FakeStore) -> None:
    session_id, session = Sessions(store, clock).begin(ann())

    kept = json.dumps(store.items(KIND))
    assert session_id not in kept
    assert session_id not in repr(session)
    assert csrf_of(session_id) not in kept
    assert len(session_id) == 43  # 256 bits


def test_ids_are_never_the_same(clock: FakeClock, store: FakeStore) -> None:
    sessions = Sessions(store, clock)

    found = {sessions.begin(ann())[0] for _ in range(100)}

    assert len(found) == 100


def test_a_session_is_over_once_nobody_used_it_for_long(clock: FakeClock, store: FakeStore) -> None:
    sessions = Sessions(store, clock)
    session_id, _ = sessions.begin(ann())

    clock.forward(IDLE - 1)
    assert sessions.find(session_id)
    clock.forward(IDLE - 1)
    assert sessions.find(session_id)
    clock.forward(IDLE + 1)
    assert sessions.find(session_id) is None
    assert store.items(KIND) == []


def test_a_session_with_an_open_stream_is_in_use(clock: FakeClock, store: FakeStore) -> None:
    sessions = Sessions(store, clock)
    session_id, session = sessions.begin(ann())

    hang_up = sessions.watch(session.label, lambda: None)
    clock.forward(3 * IDLE)
    assert sessions.find(session_id)
    hang_up()
    clock.forward(IDLE + 1)
    assert sessions.find(session_id) is None


def test_no_session_lasts_longer_than_what_was_shown(clock: FakeClock, store: FakeStore) -> None:
    sessions = Sessions(store, clock)
    session_id, session = sessions.begin(ann(lasts=60.0, clock=clock))

    assert session.ends_at == clock.now() + 60.0
    clock.forward(61.0)
    assert sessions.find(session_id) is None


def test_no_session_lasts_for_ever(clock: FakeClock, store: FakeStore) -> None:
    sessions = Sessions(store, clock)
    session_id, session = sessions.begin(ann())
    sessions.watch(session.label, lambda: None)

    clock.forward(LONGEST + 1)

    assert sessions.find(session_id) is None


def test_whoever_reads_it_back_goes_on(clock: FakeClock, store: FakeStore) -> None:
    session_id, session = Sessions(store, clock).begin(ann(lasts=600.0, clock=clock))

    found = Sessions(store, clock).find(session_id)

    assert found is not None
    assert found.identity == session.identity


def test_the_time_of_the_last_use_is_kept_now_and_then(clock: FakeClock, store: FakeStore) -> None:
    sessions = Sessions(store, clock)
    session_id, _ = sessions.begin(ann())
    for _ in range(3):
        clock.forward(IDLE / 2)
        sessions.find(session_id)

    assert Sessions(store, clock).find(session_id)


def test_what_another_version_wrote_is_forgotten(clock: FakeClock, store: FakeStore) -> None:
    store.put(KIND, "k", {"identity": {"name": "ann"}, "begun_at": 1.0, "used_at": 1.0})
    store.put(KIND, "l", {})

    assert Sessions(store, clock).all() == []
    assert store.items(KIND) == []


def test_nobody_has_more_than_twenty(clock: FakeClock, store: FakeStore) -> None:
    sessions = Sessions(store, clock)
    ids = []
    for _ in range(21):
        clock.forward(1.0)
        ids.append(sessions.begin(ann())[0])

    assert sessions.find(ids[0]) is None
    assert all(sessions.find(each) for each in ids[1:])


def test_what_is_open_in_a_session_is_told_once_that_it_ended(
    clock: FakeClock, store: FakeStore
) -> None:
    sessions = Sessions(store, clock)
    _, session = sessions.begin(ann())
    told: list[str] = []
    sessions.watch(session.label, lambda: told.append("first"))
    forget = sessions.watch(session.label, lambda: told.append("second"))
    forget()

    sessions.end(session.key)
    sessions.end(session.key)
    sessions.watch(session.label, lambda: told.append("late"))

    assert told == ["first", "late"]
