"""Each channel speaks to a stand-in that answers as the real one does, signatures checked."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from bench.ports import free_port
from svcctl.alert.alert import Alert
from svcctl.alert.channel import Channel
from svcctl.alert.channels.chat import DingTalk, Feishu, WeCom
from svcctl.alert.channels.mail import Mail
from svcctl.alert.channels.many import Apprise
from svcctl.alert.channels.webhook import Alertmanager, Webhook
from svcctl.alert.group import Notice
from svcctl.alert.wording import Message, worded
from svcctl.errors import NotDelivered
from svcctl.spec.alert_policy import Priority
from svcctl.spec.alerting import Language
from svcctl.testing.fakes import FakeClock
from tests.flows.alert.standing import Asked, Reply, standing

pytestmark = pytest.mark.slow

SECRET = "hush"


def message(text: str = "3 probes failed") -> Message:
    alert = Alert(
        name="ServiceDown",
        labels={"service": "web"},
        priority=Priority.P0,
        summary="web does not answer",
        details=text,
        began=1000.0,
    )
    over = Alert(
        name="Slow",
        labels={"service": "web"},
        priority=Priority.P2,
        summary="web was slow",
        began=1.0,
        ended=2.0,
    )
    notice = Notice(key={"service": "web"}, at=1000.0, firing=(alert,), ended=(over,))
    return worded(notice, number="g@1 x", language=Language.ZH, zone=UTC)


@dataclass
class StandIn:
    """A server that answers everything alike."""

    url: str = ""
    answer: object = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    asked: list[Asked] = field(default_factory=list)


@contextmanager
def standing_in(**answer: Any) -> Iterator[StandIn]:
    stand_in = StandIn(**answer)

    def answering(asked: Asked) -> Reply:
        stand_in.asked.append(asked)
        return Reply(stand_in.status, stand_in.answer, stand_in.headers)

    with standing(answering) as address:
        stand_in.url = f"{address}/hook?key=k"
        yield stand_in


def send(channel: Channel, text: str = "3 probes failed") -> None:
    asyncio.run(channel.send(message(text)))


def refused(channel: Channel) -> NotDelivered:
    with pytest.raises(NotDelivered) as caught:
        send(channel)
    return caught.value


def test_wecom_is_sent_text_and_mentions() -> None:
    with standing_in(answer={"errcode": 0, "errmsg": "ok"}) as stand_in:
        send(WeCom(url=stand_in.url, mention=("ann",)))

    (asked,) = stand_in.asked
    assert asked.path == "/hook?key=k"
    assert asked.body["msgtype"] == "text"
    assert asked.body["text"]["content"].startswith("【P0】web：ServiceDown\nweb does not answer")
    assert asked.body["text"]["mentioned_list"] == ["ann"]


def test_dingtalk_is_sent_a_signature_that_the_robot_accepts() -> None:
    with standing_in(answer={"errcode": 0}) as stand_in:
        send(DingTalk(url=stand_in.url, secret=SECRET, clock=FakeClock(now=1_750_000_000.25)))

    (asked,) = stand_in.asked
    query = parse_qs(urlsplit(asked.path).query)
    signed = f"1750000000250\n{SECRET}".encode()
    expected = base64.b64encode(hmac.digest(SECRET.encode(), signed, hashlib.sha256)).decode()
    assert query["timestamp"] == ["1750000000250"]
    assert query["sign"] == [expected]
    assert asked.body["at"] == {"atMobiles": [], "isAtAll": False}


def test_feishu_is_sent_a_signature_that_the_robot_accepts() -> None:
    with standing_in(answer={"code": 0, "msg": "success"}) as stand_in:
        send(Feishu(url=stand_in.url, secret=SECRET, clock=FakeClock(now=1_750_000_000.9)))

    (asked,) = stand_in.asked
    key = f"1750000000\n{SECRET}".encode()
    expected = base64.b64encode(hmac.new(key, b"", hashlib.sha256).digest()).decode()
    assert (asked.body["timestamp"], asked.body["sign"]) == ("1750000000", expected)
    assert asked.body["content"]["text"].startswith("【P0】")


@pytest.mark.parametrize(
    ("answer", "again"),
    [
        ({"errcode": 310000, "errmsg": "sign not match"}, False),
        ({"errcode": 93000, "errmsg": "invalid webhook url"}, False),
        ({"errcode": 45009, "errmsg": "api freq out of limit"}, True),
        ({}, False),
        ("not what it should be", False),
    ],
)
def test_a_refusal_in_an_answer_of_200_is_a_refusal(answer: object, again: bool) -> None:
    with standing_in(answer=answer) as stand_in:
        error = refused(WeCom(url=stand_in.url))

    assert error.again is again
    assert "key=k" not in str(error)
    assert "key=k" not in repr(WeCom(url=stand_in.url))


def test_feishu_refuses_with_another_name_for_the_code() -> None:
    with standing_in(answer={"code": 19021, "msg": "sign match fail"}) as stand_in:
        error = refused(Feishu(url=stand_in.url, clock=FakeClock()))

    assert "19021: sign match fail" in error.problem


@pytest.mark.parametrize(
    ("status", "again"), [(301, False), (400, False), (404, False), (429, True), (503, True)]
)
def test_a_status_says_whether_it_is_worth_another_try(status: int, again: bool) -> None:
    with standing_in(status=status, headers={"Retry-After": "7"}) as stand_in:
        error = refused(Webhook(url=stand_in.url))

    assert (error.again, error.wait) == (again, 7.0)


def test_who_is_not_there_is_asked_again() -> None:
    with standing_in() as stand_in:
        pass

    assert refused(Webhook(url=stand_in.url)).again


def test_a_long_text_is_cut_where_robots_would_refuse_it() -> None:
    with standing_in(answer={"errcode": 0}) as stand_in:
        asyncio.run(WeCom(url=stand_in.url).send(message("故" * 5000)))

    content = stand_in.asked[0].body["text"]["content"]
    assert len(content.encode()) <= 2048
    assert content.endswith("…")


def test_a_webhook_is_sent_what_alertmanager_would_send_and_a_key() -> None:
    with standing_in() as stand_in:
        send(Webhook(url=stand_in.url, headers={"Authorization": "Bearer t"}))

    (asked,) = stand_in.asked
    assert asked.headers["idempotency-key"] == "g@1 x"
    assert asked.headers["authorization"] == "Bearer t"
    assert asked.body["status"] == "firing"
    firing, ended = asked.body["alerts"]
    assert firing["labels"] == {"alertname": "ServiceDown", "severity": "P0", "service": "web"}
    assert firing["startsAt"] == "1970-01-01T00:16:40Z"
    assert (ended["status"], ended["endsAt"]) == ("resolved", "1970-01-01T00:00:02Z")


def test_an_alertmanager_is_handed_the_alerts_themselves() -> None:
    with standing_in() as stand_in:
        send(Alertmanager(url=stand_in.url.partition("/hook")[0] + "/"))

    (asked,) = stand_in.asked
    assert asked.path == "/api/v2/alerts"
    assert [each["labels"]["alertname"] for each in asked.body] == ["ServiceDown", "Slow"]
    assert "status" not in asked.body[0]
    ends = [each["endsAt"] for each in asked.body]
    assert ends == ["1970-01-03T00:16:40Z", "1970-01-01T00:00:02Z"]


@pytest.mark.filterwarnings("ignore:.imghdr. is deprecated")  # apprise
def test_apprise_tells_the_rest_of_the_world() -> None:
    with standing_in() as stand_in:
        address = stand_in.url.replace("http://", "json://").partition("?")[0]
        send(Apprise(urls=(address,)))

    (asked,) = stand_in.asked
    assert asked.body["title"] == "【P0】web：ServiceDown"


@pytest.mark.filterwarnings("ignore:.imghdr. is deprecated")  # apprise
def test_an_address_apprise_does_not_know_is_refused_for_good() -> None:
    assert not refused(Apprise(urls=("nonsense://x",))).again


@contextmanager
def mail_server(refuse: str = "") -> Iterator[tuple[int, list[Any]]]:
    from aiosmtpd.controller import Controller

    letters: list[Any] = []

    class Receiving:
        async def handle_RCPT(  # noqa: N802 - as aiosmtpd wants it
            self, _: Any, __: Any, envelope: Any, to: str, *___: Any
        ) -> str:
            if refuse:
                return refuse
            envelope.rcpt_tos.append(to)
            return "250 OK"

        async def handle_DATA(self, _: Any, __: Any, envelope: Any) -> str:  # noqa: N802 - likewise
            letters.append(envelope)
            return "250 taken"

    port = free_port()
    controller = Controller(Receiving(), hostname="127.0.0.1", port=port)
    controller.start()
    try:
        yield port, letters
    finally:
        controller.stop()


def mail(port: int) -> Mail:
    return Mail(
        host="127.0.0.1",
        port=port,
        sender="svcctl@example.org",
        to=("ann@example.org", "bob@example.org"),
        security="none",
        clock=FakeClock(),
    )


def test_a_letter_is_taken_for_all_with_the_same_id_each_time() -> None:
    with mail_server() as (port, letters):
        send(mail(port))
        send(mail(port))

    first, second = (each.content.decode() for each in letters)
    (identity,) = (line for line in first.splitlines() if line.startswith("Message-ID"))
    assert identity in second
    assert letters[0].rcpt_tos == ["ann@example.org", "bob@example.org"]
    assert "Auto-Submitted: auto-generated" in first


@pytest.mark.parametrize(("code", "again"), [("550 no such user", False), ("450 busy", True)])
def test_a_server_that_refuses_says_whether_to_come_again(code: str, again: bool) -> None:
    with mail_server(code) as (port, _):
        error = refused(mail(port))

    assert error.again is again


def test_a_letter_is_not_sent_in_the_clear_where_it_should_not_be() -> None:
    with mail_server() as (port, letters):
        channel = Mail(
            host="127.0.0.1",
            port=port,
            sender="svcctl@example.org",
            to=("ann@example.org",),
            clock=FakeClock(),
        )
        refused(channel)

    assert letters == []
