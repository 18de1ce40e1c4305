"""What is measured of metrics, and when a promise is kept."""

from __future__ import annotations

import pytest

from bench.metrics import Figure, history, least, rendering


def test_a_promise_is_kept_up_to_what_was_promised() -> None:
    assert Figure(name="page", milliseconds=10.0, most=10.0).kept
    assert not Figure(name="page", milliseconds=10.1, most=10.0).kept
    assert Figure(name="peer", milliseconds=10_000.0).kept


def test_the_least_of_all_rounds_is_taken() -> None:
    lengths = iter((200_000, 0, 100_000))

    taken = least(lambda: sum(range(next(lengths))), rounds=3)

    assert 0.0 <= taken < least(lambda: sum(range(100_000)), rounds=1)


@pytest.mark.slow
def test_ours_and_the_peer_print_as_many_samples() -> None:
    ours, peer = rendering(1)

    assert ours.name in peer.name
    assert min(ours.milliseconds, peer.milliseconds) > 0.0


def test_a_history_is_measured_in_a_folder_of_its_own() -> None:
    assert [each.milliseconds > 0.0 for each in history(1)] == [True, True]
