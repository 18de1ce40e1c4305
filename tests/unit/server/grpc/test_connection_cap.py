"""Which connections of one place are too many: never those that were there first."""

from __future__ import annotations

from contextlib import ExitStack

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from svcctl.errors import LimitReached
from svcctl.server.grpc.connection_cap import Connections, divided

NUMBERS = st.integers(0, 20)


def test_who_comes_later_is_cut() -> None:
    stay, beyond = divided([7, 8], {9: "a", 8: "a", 7: "a", 6: "b"}, 2)

    assert stay == [7, 8, 6]
    assert beyond == {9: "a"}


def test_who_is_gone_leaves_a_place() -> None:
    stay, beyond = divided([7, 8], {8: "a", 9: "a"}, 2)

    assert stay == [8, 9]
    assert not beyond


@settings(max_examples=50)
@given(known=st.lists(NUMBERS, unique=True), places=st.dictionaries(NUMBERS, st.sampled_from("ab")))
def test_each_place_keeps_as_many_as_it_may_have(known: list[int], places: dict[int, str]) -> None:
    stay, beyond = divided(known, places, 3)

    assert {*stay, *beyond} == {*places}
    for place in "ab":
        here = [each for each in places if places[each] == place]
        kept = [each for each in stay if places[each] == place]
        assert len(kept) == min(3, len(here))


def test_a_place_asks_over_so_many_connections_at_once_and_others_too() -> None:
    connections = Connections(1)
    with ExitStack() as stack:
        for peer in ("ipv4:192.0.2.7:1", "ipv4:192.0.2.7:1", "ipv4:192.0.2.8:1"):
            stack.enter_context(connections.asking(peer))
        stack.enter_context(connections.asking("ipv6:%5B2001:db8::1%5D:1"))

        for peer in ("ipv4:192.0.2.7:2", "ipv6:%5B2001:db8::2%5D:1"):
            with pytest.raises(LimitReached), connections.asking(peer):
                pass

    with connections.asking("ipv4:192.0.2.7:2"):
        pass


@given(peers=st.lists(st.sampled_from(["ipv4:192.0.2.7:1", "ipv4:192.0.2.7:2"]), max_size=9))
def test_what_is_over_is_not_counted(peers: list[str]) -> None:
    connections = Connections(2)
    for peer in peers:
        with connections.asking(peer), connections.asking(peer):
            pass

    assert not connections._asking
