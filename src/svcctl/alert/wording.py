"""Puts a notice into words, in the language of those who read it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, tzinfo
from string import Template

from svcctl.alert.alert import Alert
from svcctl.alert.group import Notice
from svcctl.spec.alert_policy import Happening
from svcctl.spec.alerting import Language
from svcctl.spec.notation import format_duration

_MOST_ALERTS, _MOST_SAMPLES = 10, 3


@dataclass(frozen=True, slots=True, kw_only=True)
class Message:
    """A notice in words: *title* is one line, *text* the rest, without markup.

    *number* is the same for the same notice, however often it is sent.
    """

    number: str
    title: str
    text: str
    notice: Notice


_WORDS: Mapping[Language, Mapping[str, str]] = {
    Language.EN: {
        "firing": "[$priority] $subject: $names",
        "over": "[OK] $subject: $names",
        "again": "$title (still)",
        "alert": "$summary ($since)",
        "since": "since $began",
        "lasted": "$summary: over after $lasted",
        "more": "and $count more",
    },
    Language.ZH: {
        "firing": "【$priority】$subject：$names",
        "over": "【已恢复】$subject：$names",
        "again": "$title（仍在持续）",
        "alert": "$summary（$since）",
        "since": "自 $began 起",
        "lasted": "$summary：持续 $lasted 后恢复",
        "more": "另有 $count 条",
    },
}


_NAMES: Mapping[Language, Mapping[str, str]] = {
    Language.EN: {},
    Language.ZH: {
        Happening.SERVICE_DOWN: "服务不可用",
        Happening.SERVICE_RESTARTING: "服务正在重启",
        Happening.SERVICE_FLAPPING: "服务反复重启",
        Happening.NOT_LIVE: "存活检查失败",
        Happening.NOT_READY: "就绪检查失败",
        Happening.CRASH: "程序崩溃",
        Happening.MEMORY: "内存超限",
        Happening.CAPTURE_PAUSED: "日志无法写入",
        Happening.AGENT_LOST: "代理异常退出",
        Happening.RULE: "规则告警",
        Happening.ERROR_RATIO: "错误率升高",
        Happening.LATENCY: "延迟升高",
        Happening.SILENCE: "日志静默",
        Happening.LEAK: "资源泄漏",
        Happening.BURST: "日志突增",
        Happening.DROP: "日志骤减",
        Happening.NEW_TEMPLATE: "出现新日志",
        Happening.SESSION: "异常会话",
        Happening.METRIC: "指标异常",
        Happening.UNHEALED: "未能自愈",
    },
}
"""What alerts are called where their names are not read."""


def worded(notice: Notice, *, number: str, language: Language, zone: tzinfo) -> Message:
    """Give *notice* in words, times being those of *zone*."""
    words = {name: Template(text) for name, text in _WORDS[language].items()}
    lines = [line for each in notice.firing[:_MOST_ALERTS] for line in _firing(each, words, zone)]
    lines += [_over(each, words) for each in notice.ended[:_MOST_ALERTS]]
    left = sum(max(0, len(each) - _MOST_ALERTS) for each in (notice.firing, notice.ended))
    if left:
        lines.append(words["more"].substitute(count=left))
    return Message(
        number=number,
        title=_title(notice, words, _NAMES[language]),
        text="\n".join(lines),
        notice=notice,
    )


def _title(notice: Notice, words: Mapping[str, Template], called: Mapping[str, str]) -> str:
    shown = notice.firing or notice.ended
    names = ", ".join(dict.fromkeys(called.get(each.name, each.name) for each in shown))
    subject = notice.key.get("service") or ", ".join(filter(None, notice.key.values())) or "svcctl"
    if not notice.firing:
        return words["over"].substitute(subject=subject, names=names)
    priority = min(each.priority for each in notice.firing)
    title = words["firing"].substitute(priority=priority, subject=subject, names=names)
    return words["again"].substitute(title=title) if notice.repeated else title


def _firing(alert: Alert, words: Mapping[str, Template], zone: tzinfo) -> list[str]:
    began = datetime.fromtimestamp(alert.began, zone).strftime("%Y-%m-%d %H:%M:%S %Z").rstrip()
    since = words["since"].substitute(began=began)
    lines = [words["alert"].substitute(summary=alert.summary, since=since)]
    lines += [alert.details] if alert.details else []
    return lines + [f"> {each}" for each in alert.samples[:_MOST_SAMPLES]]


def _over(alert: Alert, words: Mapping[str, Template]) -> str:
    lasted = format_duration(round(max(0.0, (alert.ended or alert.began) - alert.began)))
    return words["lasted"].substitute(summary=alert.summary, lasted=lasted)
