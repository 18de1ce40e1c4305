"""Alerts that belong together are told in one notice, and no oftener than it helps."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from svcctl.alert.alert import Alert
from svcctl.alert.group import (
    Group,
    Notice,
    Pace,
    acknowledged,
    begun,
    looked_at,
    with_alert,
)
from svcctl.spec.alert_policy import Priority

PACE = Pace(group_wait=30, group_interval=300, repeat_interval=3600)
KEY = {"service": "web"}


def alert(name: str = "down", *, began: float = 0.0, ended: float | None = None) -> Alert:
    return Alert(
        name=name,
        labels={"service": "web"},
        priority=Priority.P1,
        summary=f"{name} it is",
        began=began,
        ended=ended,
    )


def turn(
    group: Group | None, now: float, pace: Pace = PACE, muted: bool = False
) -> tuple[Group | None, Notice | None]:
    assert group is not None
    return looked_at(group, pace, now=now, muted=lambda _: muted)


def told(notice: Notice | None) -> tuple[list[str], list[str]]:
    assert notice is not None
    return [each.name for each in notice.firing], [each.name for each in notice.ended]


def first() -> Group:
    """A group that was told of at 30, and is looked at again at 330."""
    group, notice = turn(with_alert(begun(KEY, PACE, now=0), alert()), 30)
    assert notice is not None
    assert group is not None
    return group


def test_what_comes_together_is_told_together_after_a_wait() -> None:
    group = begun(KEY, PACE, now=0)

    after, notice = turn(with_alert(with_alert(group, alert("down")), alert("slow", began=5)), 30)

    assert group.due == 30
    assert told(notice) == (["down", "slow"], [])
    assert after is not None
    assert after.due == 330


def test_nothing_new_is_told_again_only_after_the_repeat_interval() -> None:
    group = first()

    after, notice = turn(group, 330)
    assert notice is None
    _, repeated = turn(after, 3630)

    assert repeated is not None
    assert repeated.repeated


def test_a_new_one_is_told_with_those_that_still_fire() -> None:
    _, notice = turn(with_alert(first(), alert("slow", began=40)), 330)

    assert told(notice) == (["down", "slow"], [])


def test_the_end_of_all_is_told_and_the_group_forgotten() -> None:
    after, notice = turn(with_alert(first(), alert(ended=100)), 330)

    assert told(notice) == ([], ["down"])
    assert after is None


def test_an_end_nobody_wants_to_hear_of_is_not_told() -> None:
    after, notice = turn(with_alert(first(), alert(ended=100)), 330, replace(PACE, ended=False))

    assert (after, notice) == (None, None)


def test_what_ended_before_anybody_heard_of_it_is_never_told() -> None:
    group = with_alert(with_alert(begun(KEY, PACE, now=0), alert()), alert(ended=10))

    assert turn(group, 30) == (None, None)


def test_an_end_without_a_beginning_changes_nothing() -> None:
    group = begun(KEY, PACE, now=0)

    assert with_alert(group, alert(ended=10)) is group


def test_one_that_comes_again_in_time_is_not_told_to_have_ended() -> None:
    group = with_alert(with_alert(first(), alert(ended=100)), alert(began=120))

    after, notice = turn(group, 330)

    assert notice is None
    assert after is not None


def test_one_that_is_told_anew_keeps_the_time_it_began() -> None:
    group = with_alert(first(), alert(began=200))

    assert [each.began for each in group.alerts.values()] == [0.0]


def test_what_is_muted_is_not_told_and_is_once_it_no_longer_is() -> None:
    group = with_alert(begun(KEY, PACE, now=0), alert())

    silent, notice = turn(group, 30, muted=True)
    assert notice is None
    _, notice = turn(silent, 330)

    assert told(notice) == (["down"], [])


def test_what_is_acknowledged_is_not_repeated_but_news_are() -> None:
    group = acknowledged(first())

    after, notice = turn(group, 3630)
    assert notice is None
    assert after is not None
    assert after.since is None
    _, notice = turn(with_alert(after, alert("slow", began=3700)), 3930)

    assert told(notice) == (["down", "slow"], [])


def test_it_is_known_since_when_nobody_has_heeded_it() -> None:
    group = first()
    later, _ = turn(group, 330)

    assert group.since == 30
    assert later is not None
    assert later.since == 30


@given(
    st.lists(st.tuples(st.sampled_from(["a", "b", "c"]), st.booleans(), st.booleans()), max_size=40)
)
def test_whoever_reads_all_notices_knows_what_fires(happened: list[tuple[str, bool, bool]]) -> None:
    pace, now, group = Pace(group_wait=0, group_interval=10, repeat_interval=100), 0.0, None
    firing: dict[str, Alert] = {}
    believed: set[str] = set()
    for name, fires, looked in happened:
        now += 10
        one = alert(name, began=now, ended=None if fires else now)
        group = with_alert(group or begun(KEY, pace, now=now), one)
        firing.pop(name, None)
        if fires:
            firing[name] = one
        if looked and group is not None:
            group, notice = looked_at(group, pace, now=now, muted=lambda _: False)
            if notice is not None:
                believed = {each.name for each in notice.firing}
            assert believed == set(firing)
