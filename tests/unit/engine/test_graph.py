"""What comes before what: order and all that is needed."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from svcctl.engine.graph import Edges, closure, start_order

NAMES = st.sampled_from("abcdefgh")
some_edges = st.dictionaries(NAMES, st.frozensets(NAMES, max_size=4))


@st.composite
def acyclic_edges(draw: st.DrawFn) -> dict[str, frozenset[str]]:
    """Each name only after ones that come before it in a line drawn by lot."""
    line = draw(st.permutations("abcdefgh"))
    return {
        name: draw(st.frozensets(st.sampled_from(line[:place]), max_size=4)) if place else set()  # type: ignore[misc]
        for place, name in enumerate(line)
    }


# --- order


def test_what_needs_nothing_starts_in_one_wave_sorted() -> None:
    assert start_order(["c", "a", "b"], {}) == [["a", "b", "c"]]


def test_what_is_needed_starts_in_an_earlier_wave() -> None:
    edges = {"web": ["db", "cache"], "db": ["disk"]}

    assert start_order(["web", "db", "cache", "disk"], edges) == [
        ["cache", "disk"],
        ["db"],
        ["web"],
    ]


def test_an_order_holds_through_a_service_that_is_not_asked_for() -> None:
    edges = {"web": ["proxy"], "proxy": ["db"]}

    assert start_order(["web", "db"], edges) == [["db"], ["web"]]


def test_what_is_needed_but_not_asked_for_is_not_started() -> None:
    assert start_order(["web"], {"web": ["db"]}) == [["web"]]


def test_a_cycle_comes_last_and_together() -> None:
    edges = {"a": ["b"], "b": ["a"], "c": ["a"]}

    assert start_order(["a", "b", "c", "d"], edges) == [["d"], ["a", "b", "c"]]


def test_who_comes_after_itself_is_no_obstacle_to_itself() -> None:
    assert start_order(["a", "b"], {"a": ["a"], "b": ["a"]}) == [["a"], ["b"]]


def test_nothing_asked_for_is_no_wave() -> None:
    assert start_order([], {"a": ["b"]}) == []


@given(names=st.sets(NAMES), edges=some_edges)
def test_every_name_stands_in_exactly_one_wave(names: set[str], edges: Edges) -> None:
    waves = start_order(names, edges)

    assert sorted(name for wave in waves for name in wave) == sorted(names)


@given(names=st.sets(NAMES), edges=acyclic_edges())
def test_no_wave_needs_itself_or_a_later_one(names: set[str], edges: Edges) -> None:
    waves = start_order(names, edges)

    for place, wave in enumerate(waves):
        earlier = {name for before in waves[:place] for name in before}
        for name in wave:
            assert closure([name], edges) & names - {name} <= earlier


# --- closure


def test_all_that_is_needed_is_found_near_and_far() -> None:
    edges = {"web": ["db"], "db": ["disk"], "mail": ["queue"]}

    assert closure(["web"], edges) == {"web", "db", "disk"}


def test_a_closure_of_a_cycle_ends() -> None:
    assert closure(["a"], {"a": ["b"], "b": ["a"]}) == {"a", "b"}


@given(names=st.sets(NAMES), edges=some_edges)
def test_a_closure_needs_nothing_beyond_itself(names: set[str], edges: Edges) -> None:
    found = closure(names, edges)

    assert names <= found
    assert all(set(edges.get(name, ())) <= found for name in found)
