"""A real agent sends what services write, over kills, refusals and restarts of the receiver."""

from __future__ import annotations

import json
from typing import Any

import pytest

pytestmark = pytest.mark.slow

COUNTING = """
[services.{name}]
exec = ["sh", "-c", "i=0; while [ $i -lt {count} ]; do i=$((i+1)); echo {name} $i; done; sleep 999"]
"""
LAKE = """
[shipping.lake]
kind = "loki"
url = "{url}"
batch = {{ count = 100, wait = "50ms" }}
"""


def counted(name: str, count: int) -> list[str]:
    return [f"{name} {number}" for number in range(1, count + 1)]


def shipping(box: Any, name: str = "lake") -> dict[str, Any]:
    rows = box.ok("shipping", "-o", "json").json()
    (found,) = [each for each in rows if each["receiver"] == name]
    return dict(found)


def test_every_line_of_every_service_arrives_in_its_order(
    agent: Any, open_stand: Any, until: Any
) -> None:
    stand = open_stand("loki")
    services = COUNTING.format(name="web", count=500) + COUNTING.format(name="db", count=300)
    agent.apply(services + LAKE.format(url=stand.url))

    until(lambda: len(stand.taken) >= 800, within=60, what="all of it arrives")
    until(lambda: shipping(agent)["lag_lines"] == 0, within=60, what="nothing waits")

    assert stand.wrong == []
    for name, count in (("web", 500), ("db", 300)):
        mine = [each["text"] for each in stand.taken if each["labels"]["service"] == name]
        assert mine == counted(name, count)
    row = shipping(agent)
    assert (row["state"], row["sent"], row["lost"], row["repeated"]) == ("idle", 800, 0, 0)
    page = agent.ok("metrics").out
    assert 'svcctl_shipping_records_total{receiver="lake",result="sent"} 800' in page
    assert 'svcctl_shipping_lag_lines{receiver="lake"} 0' in page


def test_a_service_that_comes_later_is_sent_too(agent: Any, open_stand: Any, until: Any) -> None:
    stand = open_stand("loki")
    agent.apply(LAKE.format(url=stand.url))

    agent.apply(COUNTING.format(name="late", count=3) + LAKE.format(url=stand.url))

    until(lambda: stand.texts == counted("late", 3), within=60, what="it arrives")


def test_what_is_written_while_the_receiver_is_down_arrives_and_is_told_once(
    agent: Any, open_stand: Any, until: Any
) -> None:
    stand = open_stand("loki", status=503)
    agent.apply(COUNTING.format(name="web", count=50) + LAKE.format(url=stand.url))
    until(lambda: shipping(agent)["tries"] >= 2, within=60, what="it is tried again")
    until(lambda: shipping(agent)["lag_lines"] == 50, within=60, what="all of it waits")
    failing = shipping(agent)
    shown = agent.ok("shipping")

    stand.status = 200

    until(lambda: stand.texts == counted("web", 50), within=60, what="it arrives")
    until(lambda: shipping(agent)["state"] == "idle", within=60, what="it is over")
    assert failing["state"] == "failing"
    assert failing["lag_lines"] == 50
    assert "answered 503" in failing["problem"]
    assert "lake fails" in shown.err
    kinds = [each["kind"] for each in agent.events()]
    assert kinds.count("ShippingFailed") == kinds.count("ShippingRecovered") == 1
    assert "lake takes logs again" in agent.ok("events").out


def test_a_killed_agent_goes_on_where_it_was(box: Any, open_stand: Any, until: Any) -> None:
    stand = open_stand("elasticsearch", status=503)
    text = LAKE.format(url=stand.url).replace("loki", "elasticsearch")
    box.start_agent()
    box.apply(COUNTING.format(name="web", count=300) + text)
    until(lambda: shipping(box)["lag_lines"] == 300, within=60, what="it waits on disk")
    box.kill_agent()
    stand.status = 200

    box.start_agent()

    until(lambda: len(stand.taken) >= 300, within=60, what="it arrives")
    assert [each["text"] for each in stand.taken] == counted("web", 300)
    assert stand.wrong == []


def test_a_crash_report_goes_the_same_way(agent: Any, open_stand: Any, until: Any) -> None:
    stand = open_stand("loki")
    (agent.home / "mailer.py").write_text(
        "import svcctl\n"
        "class Mailer(svcctl.Service):\n"
        "    name = 'mailer'\n"
        "    async def run(self, ctx):\n"
        "        raise ValueError('no such box')\n"
    )
    service = '[services.mailer]\npython = "mailer:Mailer"\nrestart.policy = "never"\n'
    agent.cli("apply", str(agent.write(service + LAKE.format(url=stand.url))), "--yes")

    def reports() -> list[dict[str, Any]]:
        return [each for each in stand.taken if each["labels"]["stream"] == "crash"]

    until(reports, within=60, what="the report arrives")
    report = json.loads(reports()[0]["text"])
    assert report["error"]["kind"] == "ValueError"
    assert reports()[0]["labels"]["level"] == "critical"


def test_what_is_said_of_it_is_planned_shown_and_taken_back(agent: Any, open_stand: Any) -> None:
    stand = open_stand("loki")
    first = agent.write(LAKE.format(url=stand.url))

    planned = agent.ok("apply", str(first)).out
    shown = agent.ok("shipping", "show").out
    other = LAKE.format(url=stand.url) + 'level = "error"\ntoken = "env:HUSH"\n'
    changed = agent.cli("diff", str(agent.write(other)))
    agent.ok("apply", str(agent.write(other)))
    agent.apply(COUNTING.format(name="web", count=1), "--prune")

    assert planned == "+ [shipping.lake]: take over\n"
    assert "loki" in shown
    assert "level" in changed.out
    assert agent.ok("shipping", "-o", "json").json() == []


def test_a_receiver_can_be_tried(agent: Any, open_stand: Any) -> None:
    stand = open_stand("loki")
    agent.apply(LAKE.format(url=stand.url))

    took = agent.ok("shipping", "test", "lake")
    stand.status = 401
    refused = agent.cli("shipping", "test", "lake", "-o", "json")
    unknown = agent.cli("shipping", "test", "lakke")

    assert took.out.startswith("lake took it within ")
    assert stand.texts == ["svcctl shipping test: nothing is wrong"]
    assert refused.status == 1
    assert "answered 401" in refused.json()["problem"]
    assert unknown.status == 4
    assert "'lake'" in unknown.err


def test_secrets_are_read_when_they_are_used_and_shown_to_nobody(
    agent: Any, open_stand: Any, until: Any
) -> None:
    stand = open_stand("loki")
    (agent.home / "token").write_text("hush-one\n")
    text = LAKE.format(url=stand.url) + 'token = "file:token"\ntenant = "shop"\n'
    agent.apply(COUNTING.format(name="web", count=1) + text)
    until(lambda: stand.headers, within=60, what="it is asked")

    said = agent.ok("shipping", "show", "-o", "json").out + agent.ok("shipping", "-o", "json").out

    assert stand.headers[0]["authorization"] == "Bearer hush-one"
    assert stand.headers[0]["x-scope-orgid"] == "shop"
    assert "hush" not in said
    assert b"hush" not in b"".join(
        each.read_bytes() for each in agent.home.rglob("*.db*") if each.is_file()
    )
