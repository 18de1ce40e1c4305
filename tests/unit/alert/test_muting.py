"""Nobody is told of what is silenced, follows from something else, or flaps."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.alert.alert import Alert
from svcctl.alert.flapping import Bounds, Flapping, observed, weighted
from svcctl.alert.silences import Inhibition, Silence, silenced
from svcctl.errors import SpecError
from svcctl.spec.alert_policy import Priority
from svcctl.spec.matching import Matcher, fit, parse_matcher


def alert(name: str = "slow", *, ended: float | None = None, **labels: str) -> Alert:
    return Alert(
        name=name,
        labels=labels,
        priority=Priority.P2,
        summary="",
        began=0.0,
        ended=ended,
    )


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("service=web", True),
        ('service="web"', True),
        ("service != db", True),
        ("service=~w.*", True),
        ("service=~w", False),
        ('service!~"d.*"', True),
        ("alert=slow", True),
        ("priority=P2", True),
        ("host=", True),
        ("host=a", False),
    ],
)
def test_a_condition_is_read_and_compared(text: str, fits: bool) -> None:
    assert parse_matcher(text).fits(alert(service="web")) is fits


@pytest.mark.parametrize("text", ["", "service", "=web", "a b=c", "host=~("])
def test_what_is_no_condition_is_told(text: str) -> None:
    with pytest.raises(SpecError):
        parse_matcher(text)


@given(st.from_regex(r"[a-z_]+(=|!=)[a-z0-9 .]*", fullmatch=True))
def test_what_is_printed_is_read_again(text: str) -> None:
    matcher = parse_matcher(text)

    assert parse_matcher(str(matcher)) == matcher


def silence(text: str, *, begins: float, ends: float, every: float | None = None) -> Silence:
    return Silence(
        number=1,
        matchers=(parse_matcher(text),),
        begins=begins,
        ends=ends,
        who="ann",
        every=every,
    )


def test_a_silence_covers_what_fits_while_it_holds() -> None:
    found = silence("service=web", begins=10, ends=20)

    assert silenced(alert(service="web"), [found], now=10) is found
    assert silenced(alert(service="db"), [found], now=10) is None
    assert silenced(alert(service="web"), [found], now=20) is None
    assert found.is_over(20)


def test_a_maintenance_window_comes_again() -> None:
    window = silence("service=web", begins=100, ends=160, every=1000)

    assert [window.holds(now) for now in (99, 100, 159, 160, 1099, 1100, 2159, 2160)] == [
        False,
        True,
        True,
        False,
        False,
        True,
        True,
        False,
    ]
    assert not window.is_over(10_000)


DOWN_HIDES_SLOW = Inhibition(
    sources=(parse_matcher("alert=down"),),
    targets=(parse_matcher("alert=~slow|down"), parse_matcher("alert!=gone")),
    equal=("service",),
)


def test_what_follows_from_something_else_is_not_told() -> None:
    hidden = Inhibition(
        sources=(parse_matcher("alert=down"),),
        targets=(parse_matcher("alert=slow"),),
        equal=("service",),
    )

    assert hidden.mutes(alert(service="web"), [alert("down", service="web")])
    assert not hidden.mutes(alert(service="web"), [alert("down", service="db")])
    assert not hidden.mutes(alert(service="web"), [alert("down", service="web", ended=1.0)])
    assert not hidden.mutes(alert("full", service="web"), [alert("down", service="web")])


def test_nothing_hides_itself() -> None:
    down = alert("down", service="web")

    assert not DOWN_HIDES_SLOW.mutes(down, [down])


def test_all_conditions_must_be_fulfilled() -> None:
    matchers: list[Matcher] = [parse_matcher("service=web"), parse_matcher("host=a")]

    assert fit(matchers, alert(service="web", host="a"))
    assert not fit(matchers, alert(service="web", host="b"))


def after(*changes: bool, flapping: Flapping | None = None) -> Flapping:
    found = flapping or Flapping()
    for each in changes:
        found = observed(found, Bounds(), changed=each)
    return found


def test_what_changes_with_every_look_flaps_until_it_is_quiet_for_a_while() -> None:
    wild = after(*[True] * 20)
    calmer = after(*[False] * 10, flapping=wild)
    calm = after(*[False] * 10, flapping=calmer)

    assert wild.flaps
    assert calmer.flaps
    assert not calm.flaps


def test_one_change_now_and_then_is_no_flapping() -> None:
    assert not after(*([True] + [False] * 4) * 10).flaps


@given(st.lists(st.booleans(), max_size=20))
def test_the_share_is_one_and_newer_changes_weigh_more(changes: list[bool]) -> None:
    share = weighted(tuple(changes))

    assert 0 <= share <= 1 + 1e-9
    assert weighted((*[False] * 19, True)) > weighted((True, *[False] * 19))


@pytest.mark.parametrize("text", ["(a+)+", "(a|aa)+b", "(.*)*", "((a*)*)*"])
def test_an_expression_that_could_take_for_ever_is_refused(text: str) -> None:
    with pytest.raises(SpecError, match="may take very long"):
        parse_matcher(f"service=~{text}")


@pytest.mark.parametrize("text", ["web.*", "db-[0-9]+", "web|db|.*-api", ".*-.*", "[a-z]{1,60}x"])
def test_an_expression_as_people_write_them_is_taken(text: str) -> None:
    assert parse_matcher(f"service=~{text}").value == text
