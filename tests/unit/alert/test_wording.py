"""A notice is put into the words of whoever reads it."""

from __future__ import annotations

from datetime import UTC

import pytest

from svcctl.alert.alert import Alert
from svcctl.alert.group import Notice
from svcctl.alert.wording import Message, worded
from svcctl.spec.alert_policy import Happening, Priority
from svcctl.spec.alerting import Language


def alert(name: str = "ServiceDown", *, ended: float | None = None, samples: int = 0) -> Alert:
    return Alert(
        name=name,
        labels={"service": "web"},
        priority=Priority.P0,
        summary="web does not answer",
        details="3 probes failed",
        began=0.0,
        ended=ended,
        samples=tuple(f"line {each}" for each in range(samples)),
    )


def words(*alerts: Alert, language: Language = Language.EN, repeated: bool = False) -> Message:
    notice = Notice(
        key={"service": "web"},
        at=0.0,
        firing=tuple(each for each in alerts if each.fires),
        ended=tuple(each for each in alerts if not each.fires),
        repeated=repeated,
    )
    return worded(notice, number="1", language=language, zone=UTC)


def test_what_fires_is_told_with_its_reason_and_what_shows_it() -> None:
    message = words(alert(samples=5))

    assert message.title == "[P0] web: ServiceDown"
    assert message.text.splitlines() == [
        "web does not answer (since 1970-01-01 00:00:00 UTC)",
        "3 probes failed",
        "> line 0",
        "> line 1",
        "> line 2",
    ]


def test_its_end_is_told_with_how_long_it_lasted() -> None:
    message = words(alert(ended=90.0))

    assert message.title == "[OK] web: ServiceDown"
    assert message.text == "web does not answer: over after 1m30s"


def test_what_is_told_again_says_so() -> None:
    assert words(alert(), repeated=True).title == "[P0] web: ServiceDown (still)"


def test_of_many_some_are_told_and_the_rest_counted() -> None:
    message = words(*(alert(f"Rule{each}") for each in range(13)))

    assert message.text.splitlines()[-1] == "and 3 more"


@pytest.mark.parametrize(
    ("found", "title", "last"),
    [
        (alert(), "【P0】web：ServiceDown", "3 probes failed"),
        (alert(ended=5.0), "【已恢复】web：ServiceDown", "web does not answer：持续 5s 后恢复"),
    ],
)
def test_it_is_told_in_chinese_too(found: Alert, title: str, last: str) -> None:
    message = words(found, language=Language.ZH)

    assert (message.title, message.text.splitlines()[-1]) == (title, last)


@pytest.mark.parametrize("happening", Happening)
def test_everything_has_a_name_in_chinese(happening: Happening) -> None:
    alert = Alert(name=happening, labels={}, priority=Priority.P1, summary="web: it is", began=0.0)
    notice = Notice(key={"service": "web"}, at=0.0, firing=(alert,), ended=())

    title = worded(notice, number="1", language=Language.ZH, zone=UTC).title

    assert title.startswith("【P1】web：")
    assert happening not in title
