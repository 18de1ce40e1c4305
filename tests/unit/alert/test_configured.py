"""A configured channel reads its secrets when it sends, and shows them to nobody."""

from __future__ import annotations

import asyncio
from datetime import UTC
from pathlib import Path
from typing import Any

import pytest

from svcctl.alert.alert import Alert
from svcctl.alert.channels.chat import DingTalk, Feishu, WeCom
from svcctl.alert.channels.mail import Mail
from svcctl.alert.channels.many import Apprise
from svcctl.alert.channels.webhook import Alertmanager, Webhook
from svcctl.alert.group import Notice
from svcctl.alert.wording import worded
from svcctl.bootstrap.alerting import channel_of, ways
from svcctl.errors import NotDelivered
from svcctl.spec.alert_policy import Priority
from svcctl.spec.alerting import AlertingSpec, ChannelKind, ChannelSpec, Language
from svcctl.testing.fakes import FakeClock

CLOCK = FakeClock()


def spec(kind: str, **more: Any) -> ChannelSpec:
    return ChannelSpec(kind=ChannelKind(kind), **more)


def read(reference: str) -> str:
    return f"<{reference}>"


@pytest.mark.parametrize(
    ("configured", "expected"),
    [
        (spec("wecom", url="env:U", mention=("a",)), WeCom(url="<env:U>", mention=("a",))),
        (
            spec("dingtalk", url="env:U", secret="env:S"),
            DingTalk(url="<env:U>", secret="<env:S>", clock=CLOCK),
        ),
        (spec("feishu", url="env:U"), Feishu(url="<env:U>", clock=CLOCK)),
        (
            spec("webhook", url="env:U", headers={"A": "env:H"}),
            Webhook(url="<env:U>", headers={"A": "<env:H>"}),
        ),
        (spec("alertmanager", url="env:U"), Alertmanager(url="<env:U>")),
        (spec("apprise", urls=("env:U",)), Apprise(urls=("<env:U>",))),
        (
            spec("mail", host="h", sender="s", to=("t",), user="u", password="env:P"),
            Mail(host="h", sender="s", to=("t",), user="u", password="<env:P>", clock=CLOCK),
        ),
    ],
    ids=lambda each: str(each.kind) if isinstance(each, ChannelSpec) else "",
)
def test_each_kind_is_made_with_its_secrets(configured: ChannelSpec, expected: object) -> None:
    made = channel_of(configured, clock=CLOCK, read=read)

    assert made == expected
    assert "<env:" not in repr(made)


@pytest.mark.parametrize("kind", ChannelKind)
def test_how_much_a_channel_takes_is_known_before_it_is_made(kind: ChannelKind) -> None:
    way = ways(AlertingSpec(channels={"a": ChannelSpec(kind=kind)}), clock=CLOCK, environ={})["a"]

    made = channel_of(ChannelSpec(kind=kind), clock=CLOCK, read=read)

    assert way.channel.rate == made.rate


def test_a_way_shows_nothing_of_the_environment() -> None:
    alerting = AlertingSpec(channels={"a": spec("wecom", url="env:U")})

    found = ways(alerting, clock=CLOCK, environ={"U": "hush"})

    assert "hush" not in repr(found)


def test_a_way_has_the_language_of_all_unless_it_has_its_own() -> None:
    alerting = AlertingSpec(
        language=Language.ZH,
        channels={
            "a": spec("wecom", fallback="b", patience=5.0),
            "b": spec("wecom", language=Language.EN),
        },
    )

    found = ways(alerting, clock=CLOCK, environ={})

    assert [each.language for each in found.values()] == [Language.ZH, Language.EN]
    assert (found["a"].fallback, found["a"].patience) == ("b", 5.0)


def refused(configured: ChannelSpec, **environ: str) -> NotDelivered:
    alert = Alert(name="a", labels={}, priority=Priority.P2, summary="", began=0.0)
    notice = Notice(key={}, at=0.0, firing=(alert,), ended=())
    message = worded(notice, number="1", language=Language.EN, zone=UTC)
    alerting = AlertingSpec(channels={"ops": configured})

    with pytest.raises(NotDelivered) as caught:
        asyncio.run(ways(alerting, clock=CLOCK, environ=environ)["ops"].channel.send(message))
    return caught.value


@pytest.mark.parametrize("reference", ["env:GONE", "file:/no/such/file"])
def test_a_secret_that_is_not_there_yet_is_asked_for_again(reference: str) -> None:
    error = refused(spec("wecom", url=reference))

    assert "alerting.channels.ops" in error.problem
    assert error.again


@pytest.mark.parametrize(
    ("configured", "secret"),
    [
        (spec("webhook", url="env:S"), "http://127.0.0.1:hush/"),
        (spec("webhook", url="env:S"), "hush"),
        (spec("webhook", url="http://127.0.0.1:9", headers={"A": "env:S"}), "hush\r\nB: c"),
        (spec("webhook", url="http://127.0.0.1:9", headers={"A": "env:S"}), "h\u4e00"),
        (spec("mail", host="127.0.0.1", port=9, sender="a\nb", to=("t",)), ""),
    ],
)
def test_what_cannot_be_used_harms_nobody_and_shows_no_secret(
    configured: ChannelSpec, secret: str
) -> None:
    error = refused(configured, S=secret)

    assert error.again
    assert "hush" not in error.problem + error.hint


def test_a_secret_that_was_replaced_is_read_anew(tmp_path: Path) -> None:
    file = tmp_path / "url"
    alerting = AlertingSpec(channels={"ops": spec("webhook", url=f"file:{file}")})
    channel: Any = ways(alerting, clock=CLOCK, environ={})["ops"].channel
    file.write_text("http://one\n")
    first = channel_of(channel.spec, clock=CLOCK, read=channel.read)

    file.write_text("http://two\n")

    assert first == Webhook(url="http://one")
    assert channel_of(channel.spec, clock=CLOCK, read=channel.read) == Webhook(url="http://two")
