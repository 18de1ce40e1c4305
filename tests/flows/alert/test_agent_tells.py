"""A real agent tells real receivers, over kills and refusals, and keeps no secret."""

from __future__ import annotations

import socket
import sqlite3
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.flows.conftest import PATIENCE

pytestmark = pytest.mark.slow

FAILING = """
[services.web]
exec = ["sh", "-c", "test -e up && exec sleep 1000; exit 3"]
restart = {{ max = 1, delay = "100ms" }}
labels = {{ tier = "front" }}

[alerting.channels.hook]
kind = "webhook"
url = "{url}/hook"
[alerting.priorities.P0]
channels = ["hook"]
group_interval = "500ms"
[alerting.priorities.P1]
channels = ["hook"]
"""


def failing(box: Any, sink: Any, more: str = "") -> None:
    text = FAILING.format(url=sink.url)
    box.cli("apply", str(box.write(text + more)), "--yes")
    box.until_phase("web", "failed")


def test_what_fails_is_told_once_and_told_again_when_it_is_over(
    agent: Any, sink: Any, until: Any
) -> None:
    failing(agent, sink)
    until(lambda: sink.titles == ["[P0] web: service_down"], what="it is told")

    (agent.home / "up").touch()
    agent.ok("reset", "web")

    until(lambda: len(sink.titles) == 2, what="it is told that it is over")
    assert sink.titles[1] == "[OK] web: service_down"
    (labels,) = {str(each["alerts"][0]["labels"]) for each in sink.took}
    assert "'tier': 'front'" in labels
    until(lambda: alert_events(agent)[-2:] == ["AlertEnded", "AlertTold"], what="that is known")
    (row,) = [
        each
        for each in agent.ok("alerts", "--all", "-o", "json").json()["alerts"]
        if each["alert"] == "service_down"
    ]
    assert row["state"] == "ended"


def alert_events(agent: Any) -> list[str]:
    return [each["kind"] for each in agent.events() if each["kind"].startswith("Alert")]


def test_what_is_under_way_when_the_agent_is_killed_is_told_by_the_next(
    box: Any, sink: Any, until: Any
) -> None:
    box.start_agent()
    sink.status = 503
    failing(box, sink)
    until(lambda: sink.refused, what="the channel refuses")
    box.kill_agent()

    box.start_agent()
    until(lambda: len(sink.refused) > 1, what="the next agent tries too")
    box.kill_agent()
    sink.status = 200
    box.start_agent()

    until(lambda: "[P0] web: service_down" in sink.titles, what="it is told")
    assert sink.statuses("service_down") == ["firing"]
    assert sink.by_key[0][0] in sink.refused


def test_a_restart_of_the_agent_tells_nothing_twice(box: Any, sink: Any, until: Any) -> None:
    box.start_agent()
    failing(box, sink)
    until(lambda: len(sink.titles) == 1, what="it is told")
    until(lambda: box.events()[-1]["kind"] == "AlertTold", what="that is known")

    box.ok("agent", "stop", "--leave-services")
    box.agents[-1].wait(PATIENCE)
    box.start_agent()
    until(lambda: box.one("web")["phase"] == "failed", what="it is known to be down")

    (row,) = box.ok("alerts", "-o", "json").json()["alerts"]
    assert (row["alert"], row["state"]) == ("service_down", "firing")
    assert sink.titles == ["[P0] web: service_down"]


def test_a_lost_agent_is_told_of_by_the_next(box: Any, sink: Any, until: Any) -> None:
    box.start_agent()
    text = FAILING.format(url=sink.url) + 'group_wait = "100ms"\n'
    box.cli("apply", str(box.write(text)), "--yes", "--no-start")
    box.kill_agent()

    box.start_agent()

    until(lambda: sink.titles, what="it is told")
    assert sink.titles[0].startswith("[P1] ")
    assert sink.took[0]["alerts"][0]["labels"]["alertname"] == "agent_lost"


def test_what_needs_a_service_that_is_down_is_not_told_of(
    agent: Any, sink: Any, until: Any
) -> None:
    falling = """
[services.{name}]
exec = ["sh", "-c", "until test -e {name}; do sleep 0.05; done; exit 4"]
restart.policy = "never"
"""
    shop = falling.format(name="shop") + 'needs = { web = "started" }\n'
    failing(agent, sink, shop + falling.format(name="other"))
    until(lambda: sink.titles == ["[P0] web: service_down"], what="the cause is told")

    for name in ("shop", "other"):  # had shop been told of, that had come before the other
        (agent.home / name).touch()
        agent.until_phase(name, "failed")

    until(lambda: "[P0] other: service_down" in sink.titles, what="the other is told")
    assert sink.titles == ["[P0] web: service_down", "[P0] other: service_down"]


def test_nobody_is_told_while_a_silence_holds(agent: Any, sink: Any, until: Any) -> None:
    agent.ok("silence", "add", "service=web", "--for", "2h", "--reason", "new disks")
    failing(agent, sink)
    (row,) = agent.ok("alerts", "-o", "json").json()["alerts"]
    assert (row["state"], row["why_muted"][:9]) == ("muted", "silence 1")

    agent.ok("silence", "end", "1")

    until(lambda: sink.titles == ["[P0] web: service_down"], what="it is told now")
    assert agent.ok("silence", "list", "-o", "json").json() == []


def test_an_alert_somebody_takes_care_of_is_not_escalated(
    agent: Any, sink: Any, until: Any
) -> None:
    text = FAILING.format(url=sink.url).replace(
        'group_interval = "500ms"',
        'group_interval = "500ms"\nescalate = [{ after = "1s", channels = ["boss"] }]',
    )
    boss = f'[alerting.channels.boss]\nkind = "webhook"\nurl = "{sink.url}/boss"\n'
    agent.cli("apply", str(agent.write(text + boss)), "--yes")
    until(lambda: "/boss" in sink.paths, what="somebody else is told")

    (row,) = agent.ok("alerts", "-o", "json").json()["alerts"]
    ran = agent.ok("ack", row["id"][:8])

    assert ran.out.startswith("acknowledged: web: failed")
    (row,) = agent.ok("alerts", "-o", "json").json()["alerts"]
    assert row["state"] == "acknowledged"


def test_mail_and_robots_are_told_with_secrets_that_nobody_else_sees(
    agent: Any, sink: Any, mailbox: Any
) -> None:
    sink.answer = {"errcode": 0, "code": 0}
    (agent.home / "ding-url").write_text(f"{sink.url}/ding?access_token=hush-token\n")
    (agent.home / "ding-secret").write_text("hush-secret\n")
    agent.write(f"""
[alerting]
language = "zh"
[alerting.channels.ding]
kind = "dingtalk"
url = "file:ding-url"
secret = "file:ding-secret"
[alerting.channels.mail]
kind = "mail"
host = "127.0.0.1"
port = {mailbox.port}
security = "none"
sender = "svcctl@example.org"
to = ["ann@example.org"]
language = "en"
""")
    agent.ok("apply", "svcctl.toml", "--yes")

    tests = [agent.ok("alert", "test", name) for name in ("ding", "mail")]

    assert [each.out.partition(" ")[0] for each in tests] == ["ding", "mail"]
    assert sink.took[0]["text"]["content"].startswith("【P2】svcctl：test")
    assert "access_token=hush-token&timestamp=" in sink.paths[0]
    assert "svcctl alert test: nothing is wrong" in mailbox.letters[0]
    said = [agent.ok("alert", "show", *more).out for more in ([], ["-o", "json"])]
    assert not any("hush" in each for each in (*said, agent.said(), str(agent.events())))
    assert not any("hush" in row for row in state(agent.home))


def state(home: Path) -> list[str]:
    """Give all documents of the agent's state."""
    (path,) = home.rglob("state.db")
    with sqlite3.connect(path) as db:
        return [row for (row,) in db.execute("SELECT json FROM document")]


def test_a_channel_that_cannot_be_reached_says_why(agent: Any, sink: Any) -> None:
    sink.status = 404
    agent.write(f"""
[alerting.channels.gone]
kind = "webhook"
url = "{sink.url}"
[alerting.channels.unread]
kind = "wecom"
url = "file:no-such-file"
""")
    agent.ok("apply", "svcctl.toml", "--yes")

    gone, unread = (agent.cli("alert", "test", name) for name in ("gone", "unread"))

    assert (gone.status, unread.status) == (1, 1)
    assert "answered 404" in gone.err
    assert "cannot be read" in unread.err


def test_an_agent_that_tells_nobody_has_none_of_it_in_memory() -> None:
    asked = "import sys, svcctl.bootstrap.agent; print(*sys.modules)"

    ran = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)

    loaded = set(ran.stdout.split())
    assert "svcctl.app.alerting.desk" in loaded
    assert not {each for each in loaded if each.startswith("svcctl.alert")}
    assert "svcctl.spec.alerting" not in loaded


def test_a_plan_says_what_becomes_of_who_is_told(agent: Any, sink: Any) -> None:
    failing(agent, sink)
    assert agent.cli("diff", "svcctl.toml").status == 0

    agent.write(FAILING.format(url=sink.url).replace("500ms", "2s"))
    changed = agent.cli("diff", "svcctl.toml")
    agent.write(FAILING.format(url=sink.url).partition("[alerting")[0])
    pruned = agent.ok("apply", "svcctl.toml", "--prune", "--yes", "--no-wait")

    assert changed.status == 10
    assert "~ [alerting]: change" in changed.out
    assert "- [alerting]: remove" in pruned.out
    assert "channels" not in agent.ok("alert", "show", "-o", "json").json()["origins"]


def test_a_channel_that_never_comes_to_an_end_does_not_keep_the_agent_from_its_own(
    agent: Any, until: Any
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        called = threading.Event()
        dripping = threading.Thread(target=_drip, args=(listener, called), daemon=True)
        dripping.start()
        failing(agent, SimpleNamespace(url=f"http://127.0.0.1:{listener.getsockname()[1]}"))
        until(called.is_set, what="it is under way")

        agent.ok("agent", "stop")

        agent.agents[-1].wait(PATIENCE)
        dripping.join()


def _drip(listener: socket.socket, called: threading.Event) -> None:
    """Answer one caller a byte at a time, until it is gone."""
    caller, _ = listener.accept()
    called.set()
    with caller, suppress(OSError):
        caller.sendall(b"HTTP/1.1 200 ")
        while True:
            caller.sendall(b"x")
            time.sleep(0.5)


def test_a_rule_over_a_log_is_told_with_its_severity_and_its_lines(
    agent: Any, sink: Any, until: Any
) -> None:
    agent.write(f"""
[services.web]
exec = ["sh", "-c", "while sleep 0.2; do test -e well || echo ERROR no answer from db; done"]
[[services.web.rules]]
name = "no answer"
match = "ERROR no answer"
count = 3
within = "1s"
cooldown = "1s"
severity = "P0"
[alerting.channels.hook]
kind = "webhook"
url = "{sink.url}/hook"
[alerting.priorities.P0]
channels = ["hook"]
group_interval = "500ms"
""")
    agent.ok("apply", "svcctl.toml", "--yes")
    until(lambda: sink.titles, what="it is told")

    (agent.home / "well").touch()

    until(lambda: sink.titles[-1] == "[OK] web: rule", what="it is over")
    assert sink.titles[0] == "[P0] web: rule"
    (alert,) = sink.took[0]["alerts"]
    assert "no answer" in alert["annotations"]["summary"]
    assert "ERROR no answer from db" in alert["annotations"]["samples"]


def test_an_agent_killed_again_and_again_tells_everything_and_nothing_anew(
    box: Any, sink: Any, until: Any
) -> None:
    sink.moody = True
    services = "".join(
        f"[services.s{number}]\n"
        f'exec = ["sh", "-c", "test -e up{number} && exec sleep 1000; exit 3"]\n'
        'restart = { max = 1, delay = "50ms" }\n'
        for number in range(3)
    )
    box.write(f"""
[alerting.channels.hook]
kind = "webhook"
url = "{sink.url}/hook"
[alerting.priorities.P0]
channels = ["hook"]
group_interval = "300ms"
{services}""")
    box.start_agent()
    box.cli("apply", "svcctl.toml", "--yes", "--no-wait")

    for number, name in enumerate(("s0", "s1", "s2")):
        until(partial(is_down, box, name), what=f"{name} is down")
        box.kill_agent()
        box.start_agent()
        (box.home / f"up{number}").touch()
        box.cli("reset", name, "--no-wait")
        box.kill_agent()
        box.start_agent()

    # killed as it arrives, it comes again
    until(lambda: len(dict(sink.by_key)) == 6, within=60, what="all is told")
    assert sorted(asked.body["title"] for asked in dict(sink.by_key).values()) == sorted(
        f"[{what}] {name}: service_down" for name in ("s0", "s1", "s2") for what in ("P0", "OK")
    )


def is_down(box: Any, name: str) -> bool:
    return bool(box.one(name)["phase"] == "failed")
