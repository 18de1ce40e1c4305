"""Which connections of one place are too many: never those that were there first."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from svcctl.server.grpc.connection_cap import divided

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
