"""Whatever takes JSON: any webhook, and an Alertmanager that does the rest itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from svcctl.alert.alert import Alert
from svcctl.alert.channel import MANY, Rate
from svcctl.alert.channels.post import post
from svcctl.alert.wording import Message

_HELD = 2 * 86_400.0  # seconds; longer than any repetition by default


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """Posts each notice as Alertmanager's webhooks do, with ``title`` and ``text`` beside.

    https://prometheus.io/docs/alerting/latest/configuration/#webhook_config, version 4; what tells
    repetitions apart is in the header ``Idempotency-Key``.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    rate: Rate = MANY

    async def send(self, message: Message) -> None:
        """See :class:`svcctl.alert.channel.Channel`."""
        notice = message.notice
        alerts = [*notice.firing, *notice.ended]
        document = {
            "version": "4",
            "groupKey": message.number,
            "status": "firing" if notice.firing else "resolved",
            "receiver": "svcctl",
            "groupLabels": dict(notice.key),
            "commonLabels": dict(notice.key),
            "commonAnnotations": {},
            "title": message.title,
            "text": message.text,
            "alerts": [_alert(each) for each in alerts],
        }
        # a number may hold what no header may
        key = message.number.encode("unicode_escape").decode()
        await post(self.url, document, headers={"Idempotency-Key": key, **self.headers})


@dataclass(frozen=True, slots=True, kw_only=True)
class Alertmanager:
    """Hands the alerts over to an Alertmanager at *url*, by its API v2: it groups them anew.

    What fires is said to end two days later, and again with each repetition: Alertmanager takes
    for resolved what has no end and is not heard of for its ``resolve_timeout`` of 5 minutes.
    """

    url: str = field(repr=False)
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
    rate: Rate = MANY

    async def send(self, message: Message) -> None:
        """See :class:`svcctl.alert.channel.Channel`."""
        held = {"endsAt": _stamp(message.notice.at + _HELD)}
        alerts = [*message.notice.firing, *message.notice.ended]
        document = [
            held | {name: value for name, value in _alert(each).items() if name != "status"}
            for each in alerts
        ]
        where = f"{self.url.rstrip('/')}/api/v2/alerts"
        await post(where, document, headers=self.headers)


def _alert(alert: Alert) -> dict[str, object]:
    ends = {} if alert.ended is None else {"endsAt": _stamp(alert.ended)}
    return {
        "status": "firing" if alert.fires else "resolved",
        "labels": {"alertname": alert.name, "severity": str(alert.priority), **alert.labels},
        "annotations": {
            "summary": alert.summary,
            "description": alert.details,
            "samples": "\n".join(alert.samples),
        },
        "startsAt": _stamp(alert.began),
        **ends,
    }


def _stamp(at: float) -> str:
    return datetime.fromtimestamp(at, UTC).isoformat().replace("+00:00", "Z")
