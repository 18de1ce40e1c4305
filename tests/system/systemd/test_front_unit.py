"""The HTTP interface as systemd keeps it: without rights, whatever becomes of it and the agent."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from tests.system.systemd.conftest import until
from tests.system.systemd.remote import UNIT, Served, serving

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.xdist_group("systemd"),
]

NAMES = ["far-own", "far-plain", "far-web"]
"""Of one test alone: the journal keeps what they write."""

SPEC = """
[services.far-web]
exec = ["sh", "-c", "echo web is up; exec sleep 1000"]

[services.far-plain]
exec = ["sh", "-c", "echo plain is up; exec sleep 1000"]
host = false

[services.far-own]
exec = ["sh", "-c", "echo own is up; exec sleep 1000"]
manager = "agent"
"""

COUNTS = """
import os, time
for number in range(10**6):
    print(os.getpid(), number, flush=True)
    time.sleep(0.02)
"""


def rights_of(host: Any, pid: str) -> dict[str, str]:
    """Give what the kernel says a process may do."""
    said = host.sh(f"cat /proc/{pid}/status")
    rows = (line.split(":", 1) for line in said.splitlines())
    return {name: value.strip() for name, value in rows}


def test_it_serves_without_rights_and_goes_on_over_reload_restart_and_kill(served: Served) -> None:
    admin = served.token("me", "--roles", "admin")
    pid = served.host.show(UNIT.name, "MainPID")
    rights = rights_of(served.host, pid)
    served.host.run("systemctl", "reload", UNIT.name)
    reloaded = served.ask(admin, ("GET", "/status"))
    served.host.svcctl("agent", "upgrade")
    upgraded = served.ask(admin, ("GET", "/status"))
    kept = served.host.show(UNIT.name, "MainPID")
    served.host.run("kill", "-9", pid)
    until(
        lambda: served.host.show(UNIT.name, "MainPID") not in {"0", pid}, what="it is started anew"
    )
    until(lambda: served.host.show(UNIT.name, "ActiveState") == "active", what="it serves again")

    assert rights["Uid"].split()[0] != "0"
    assert int(rights["CapEff"], 16) == 0
    assert (rights["NoNewPrivs"], rights["Seccomp"]) == ("1", "2")
    assert [reloaded[0][0], upgraded[0][0], kept] == [200, 200, pid]
    assert served.ask("no.such.token", ("GET", "/status"))[0][0] == 401
    assert served.ask(admin, ("GET", "/status"))[0][0] == 200


def test_as_a_service_of_root_it_becomes_who_it_is_to_be(served: Served) -> None:
    served.host.run("systemctl", "stop", UNIT.name)
    served.host.run("rm", f"/etc/systemd/system/{UNIT.name}")
    served.host.run("systemctl", "daemon-reload")
    uid = served.host.run("id", "-u", "svcctl-web").stdout.strip()
    served.host.apply(UNIT.with_suffix(".toml").read_text().replace("998", uid))
    admin = served.token("me", "--roles", "admin")
    rights = rights_of(served.host, str(served.host.status("svcctl-web")["pid"]))
    looked = served.ask(admin, ("GET", "/status"))
    served.host.svcctl("remove", "svcctl-web", "--yes")

    assert set(rights["Uid"].split()) == {uid}
    assert int(rights["CapEff"], 16) == 0
    assert looked[0][0] == 200


def test_services_of_systemd_are_asked_for_from_elsewhere_as_those_of_the_agent(
    served: Served,
) -> None:
    admin = served.token("me", "--roles", "admin")
    served.host.apply(SPEC)
    for name in NAMES:
        until(partial(_has_written, served, name), what=f"{name} wrote")
    before = served.host.status("far-web")["pid"], served.host.status("far-plain")["pid"]
    listed, logs, restarted, tree, unknown, itself = served.ask(
        admin,
        ("GET", "/v1/services"),
        ("GET", "/v1/logs?service=far-web&service=far-plain&service=far-own"),
        ("POST", "/v1/restart", {"service": ["far-web", "far-plain"], "timeout": "240s"}),
        ("GET", "/v1/tree"),
        ("POST", "/v1/services/nothing/restart", {}),
        ("POST", "/v1/services/svcctl-agent/stop", {}),
    )
    after = served.host.status("far-web")["pid"], served.host.status("far-plain")["pid"]

    assert [each["service"] for each in listed[1]["result"]] == NAMES
    lines = logs[1]["items"]
    assert sorted(each["text"] for each in lines) == ["own is up", "plain is up", "web is up"]
    assert lines == sorted(lines, key=lambda each: each["at"])
    assert restarted[0] == 200, restarted
    assert not set(before) & set(after)
    assert sorted(tree[1]["result"]["services"]) == NAMES
    assert (unknown[0], itself[0]) == (404, 404)
    rows = served.host.json("audit", "--verb", "restart", "--service", "far-plain")
    assert {each["actor"] for each in rows} == {"token:me"}


def _has_written(served: Served, name: str) -> bool:
    return "is up" in served.host.svcctl("logs", name)


def _same_events(served: Served, shown: str, name: str) -> bool:
    """Say whether the events of a service are the same here and from elsewhere, in one order."""
    here = served.host.json("events", name)
    ((_, there),) = served.ask(shown, ("GET", f"/v1/events?service={name}"))
    found, known = ([(e["at"], e["kind"]) for e in each] for each in (there["items"], here))
    return found == known


def test_who_follows_services_of_systemd_misses_nothing_over_restarts(served: Served) -> None:
    admin = served.token("me", "--roles", "admin")
    served.host.write("/srv/counts.py", COUNTS)
    served.host.apply('[services.far-counts]\nexec = ["python3", "/srv/counts.py"]\n')
    served.follow(admin, "service=far-counts&lines=10000", into="/srv/followed")

    def lines(pid: int) -> list[int]:
        """Give what one life of the program is known to have written."""
        said = (served.host.root / "srv/followed").read_text()
        whole = (each.split() for each in said.splitlines(keepends=True) if each.endswith("\n"))
        return [int(number) for each, number in whole if int(each) == pid]

    first = served.host.status("far-counts")["pid"]
    until(lambda: len(lines(first)) > 20, what="lines come")
    served.host.svcctl("restart", "far-counts")
    second = served.host.status("far-counts")["pid"]
    until(lambda: len(lines(second)) > 20, what="lines come again")
    written = served.host.svcctl("logs", "far-counts", "-n", "10000").splitlines()

    for pid in (first, second):
        assert lines(pid) == list(range(len(lines(pid))))
    assert len(lines(first)) == sum(each.startswith(f"{first} ") for each in written)
    until(partial(_same_events, served, admin, "far-counts"), what="the agent has heard its host")
    here = served.host.json("events", "far-counts")
    known = [(each["at"], each["kind"]) for each in here]
    assert len(set(known)) == len(known)
    phases = [each["fields"]["new"] for each in here if each["kind"] == "PhaseChanged"]
    assert phases == ["starting", "running", "stopping", "stopped", "starting", "running"]


def test_what_happened_before_there_was_an_agent_is_told_from_elsewhere(clean: Any) -> None:
    clean.apply('[services.far-before]\nexec = ["sleep", "1000"]\nmanager = "systemd"\n')
    clean.svcctl("restart", "far-before")
    clean.svcctl("stop", "far-before")
    before = clean.json("events", "far-before")

    with serving(clean) as served:
        viewer = served.token("looks", "--roles", "viewer")
        until(partial(_same_events, served, viewer, "far-before"), what="the agent has read it")
        after = clean.json("events", "far-before")

    assert [each["kind"] for each in before].count("InstanceSpawned") == 2
    assert after == before
