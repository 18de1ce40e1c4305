"""The group robots of WeCom, DingTalk and Feishu, which refuse with an HTTP status of 200."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import quote_plus

from svcctl.alert.channel import FEISHU_ROBOTS, ROBOTS, Rate
from svcctl.alert.channels.post import post
from svcctl.alert.wording import Message
from svcctl.errors import NotDelivered
from svcctl.ports import Clock

if TYPE_CHECKING:
    from svcctl.posting import Answer

_LONGEST = 2048  # bytes of a text that every one of them takes: WeCom takes the least


@dataclass(frozen=True, slots=True, kw_only=True)
class WeCom:
    """A robot of a WeCom group, by the *url* of its webhook.

    https://developer.work.weixin.qq.com/document/path/91770: 20 messages a minute; errcode 45009
    says that there were more.
    """

    url: str = field(repr=False)
    mention: tuple[str, ...] = ()
    rate: Rate = ROBOTS

    async def send(self, message: Message) -> None:
        """See :class:`svcctl.alert.channel.Channel`."""
        text: dict[str, object] = {"content": _text(message)}
        if self.mention:
            text["mentioned_list"] = list(self.mention)
        answer = await post(self.url, {"msgtype": "text", "text": text})
        _insist(answer, "WeCom", ("errcode",), too_many=frozenset({45009}))


@dataclass(frozen=True, slots=True, kw_only=True)
class DingTalk:
    """A robot of a DingTalk group; *secret* signs where the robot wants it signed.

    https://open.dingtalk.com/document/robots/custom-robot-access: 20 messages a minute; errcode
    410100 and 130101 say that there were more.
    """

    url: str = field(repr=False)
    clock: Clock
    secret: str = field(default="", repr=False)
    mention: tuple[str, ...] = ()
    rate: Rate = ROBOTS

    async def send(self, message: Message) -> None:
        """See :class:`svcctl.alert.channel.Channel`."""
        document = {
            "msgtype": "text",
            "text": {"content": _text(message)},
            "at": {"atMobiles": list(self.mention), "isAtAll": False},
        }
        answer = await post(self._signed(), document)
        _insist(answer, "DingTalk", ("errcode",), too_many=frozenset({410100, 130101}))

    def _signed(self) -> str:
        if not self.secret:
            return self.url
        at = round(self.clock.now() * 1000)
        digest = hmac.digest(self.secret.encode(), f"{at}\n{self.secret}".encode(), hashlib.sha256)
        sign = quote_plus(base64.b64encode(digest))
        return f"{self.url}&timestamp={at}&sign={sign}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Feishu:
    """A robot of a Feishu or Lark group; *secret* signs where the robot wants it signed.

    https://open.feishu.cn/document/client-docs/bot-v3/add-custom-bot: 100 messages a minute, 5 a
    second; code 9499 and 11232 say that there were more.
    """

    url: str = field(repr=False)
    clock: Clock
    secret: str = field(default="", repr=False)
    rate: Rate = FEISHU_ROBOTS

    async def send(self, message: Message) -> None:
        """See :class:`svcctl.alert.channel.Channel`."""
        document = {"msg_type": "text", "content": {"text": _text(message)}}
        answer = await post(self.url, {**self._signature(), **document})
        _insist(answer, "Feishu", ("code", "StatusCode"), too_many=frozenset({9499, 11232}))

    def _signature(self) -> Mapping[str, str]:
        if not self.secret:
            return {}
        at = str(int(self.clock.now()))
        digest = hmac.digest(f"{at}\n{self.secret}".encode(), b"", hashlib.sha256)
        return {"timestamp": at, "sign": base64.b64encode(digest).decode()}


def _insist(answer: Answer, who: str, names: tuple[str, ...], *, too_many: frozenset[int]) -> None:
    """Raise NotDelivered unless the code in the body says that it was taken."""
    found = answer.document
    body = found if isinstance(found, dict) else {}
    codes = [body[name] for name in names if name in body]
    if codes and all(code == 0 for code in codes):
        return
    code = next((each for each in codes if each != 0), "no code")
    said = str(body.get("errmsg") or body.get("msg") or body.get("StatusMessage") or "")[:200]
    again = code in too_many
    raise NotDelivered(
        f"{who} refused with {code}: {said or 'nothing said'}",
        hint="it is tried again" if again else "check the robot's keywords, secret and address",
        again=again,
        wait=60.0 if again else 0.0,
    )


def _text(message: Message) -> str:
    """Give all of it, cut where the robots would refuse it."""
    text = f"{message.title}\n{message.text}"
    if len(text.encode()) <= _LONGEST:
        return text
    return text.encode()[: _LONGEST - 3].decode(errors="ignore") + "…"
