"""The HTTP interface as the unit that is handed out, beside an agent that systemd keeps too."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.system.systemd.conftest import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.timeout(300),
    pytest.mark.xdist_group("systemd"),
]

UNIT = Path(__file__).parents[3] / "deploy" / "http" / "svcctl-web.service"

LIBRARIES = "/usr/local/lib/python3.11/dist-packages"
"""What svcctl needs lies beside it in this machine, not where those who installed it have it."""

LET_IN = 'version = 1\n[access]\nfronts = ["uid:{uid}"]\n'

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

ASK = """
import json, sys, urllib.error, urllib.request
token = sys.argv[1]
for method, path, *body in json.loads(sys.argv[2]):
    said = json.dumps(*body).encode() if body else None
    asked = urllib.request.Request("http://127.0.0.1:7411" + path, method=method, data=said)
    asked.add_header("Content-Type", "application/json")
    asked.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(asked, timeout=60) as answer:
            said = answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        said = error.code, error.read().decode()
    print(json.dumps(said))
"""
"""Asks for one after the other, and prints what each got."""


COUNTS = """
import os, time
for number in range(10**6):
    print(os.getpid(), number, flush=True)
    time.sleep(0.02)
"""

FOLLOW = """
import json, urllib.request
asked = urllib.request.Request("http://127.0.0.1:7411/v1/logs?service=far-counts&follow=true&lines=10000")
asked.add_header("Authorization", "Bearer " + open("/srv/token").read())
asked.add_header("Accept", "text/event-stream")
for line in urllib.request.urlopen(asked):
    said = json.loads(line[6:]) if line.startswith(b"data: {") else {}
    if "text" in said:
        print(said["text"], flush=True)
"""


@pytest.fixture
def served(clean: Any) -> Iterator[Any]:
    """Give the machine with an agent and its HTTP interface, both kept by systemd."""
    clean.run("useradd", "--system", "--shell", "/usr/sbin/nologin", "svcctl-web", check=False)
    uid = clean.run("id", "-u", "svcctl-web").stdout.strip()
    clean.write("/srv/ask.py", ASK)
    clean.write(f"/etc/systemd/system/{UNIT.name}", UNIT.read_text())
    clean.sh(f"rmdir {LIBRARIES} && ln -s /opt/site {LIBRARIES}")
    try:
        clean.svcctl("agent", "install")
        clean.apply(LET_IN.format(uid=uid))
        clean.run("systemctl", "daemon-reload")
        clean.run("systemctl", "start", UNIT.name)
        yield clean
    finally:
        clean.run("systemctl", "stop", UNIT.name, check=False)
        clean.run("rm", "-f", f"/etc/systemd/system/{UNIT.name}", LIBRARIES)
        clean.run("mkdir", LIBRARIES)
        clean.run("systemctl", "daemon-reload")
        clean.svcctl("agent", "uninstall")


def token(host: Any, *words: str) -> str:
    """Issue a token in there."""
    return str(host.json("auth", "token", "issue", *words)["token"])


def ask(host: Any, shown: str, *asked: tuple[object, ...]) -> list[tuple[int, Any]]:
    """Ask the interface from within the machine; give the status and the body of each answer."""
    said = host.run("python3", "/srv/ask.py", shown, json.dumps(asked)).stdout
    return [(status, json.loads(body)) for status, body in map(json.loads, said.splitlines())]


def rights_of(host: Any, pid: str) -> dict[str, str]:
    """Give what the kernel says a process may do."""
    said = host.sh(f"cat /proc/{pid}/status")
    rows = (line.split(":", 1) for line in said.splitlines())
    return {name: value.strip() for name, value in rows}


def test_it_serves_without_rights_and_goes_on_over_reload_restart_and_kill(served: Any) -> None:
    admin = token(served, "me", "--roles", "admin")
    pid = served.show(UNIT.name, "MainPID")
    rights = rights_of(served, pid)
    served.run("systemctl", "reload", UNIT.name)
    reloaded = ask(served, admin, ("GET", "/status"))
    served.svcctl("agent", "upgrade")
    upgraded = ask(served, admin, ("GET", "/status"))
    kept = served.show(UNIT.name, "MainPID")
    served.run("kill", "-9", pid)
    until(lambda: served.show(UNIT.name, "MainPID") not in {"0", pid}, what="it is started anew")
    until(lambda: served.show(UNIT.name, "ActiveState") == "active", what="it serves again")

    assert rights["Uid"].split()[0] != "0"
    assert int(rights["CapEff"], 16) == 0
    assert (rights["NoNewPrivs"], rights["Seccomp"]) == ("1", "2")
    assert [reloaded[0][0], upgraded[0][0], kept] == [200, 200, pid]
    assert ask(served, "no.such.token", ("GET", "/status"))[0][0] == 401
    assert ask(served, admin, ("GET", "/status"))[0][0] == 200


def test_as_a_service_of_root_it_becomes_who_it_is_to_be(served: Any) -> None:
    served.run("systemctl", "stop", UNIT.name)
    served.run("rm", f"/etc/systemd/system/{UNIT.name}")
    served.run("systemctl", "daemon-reload")
    uid = served.run("id", "-u", "svcctl-web").stdout.strip()
    served.apply(UNIT.with_suffix(".toml").read_text().replace("998", uid))
    admin = token(served, "me", "--roles", "admin")
    rights = rights_of(served, str(served.status("svcctl-web")["pid"]))
    looked = ask(served, admin, ("GET", "/status"))
    served.svcctl("remove", "svcctl-web", "--yes")

    assert set(rights["Uid"].split()) == {uid}
    assert int(rights["CapEff"], 16) == 0
    assert looked[0][0] == 200


def test_services_of_systemd_are_asked_for_from_elsewhere_as_those_of_the_agent(
    served: Any,
) -> None:
    admin = token(served, "me", "--roles", "admin")
    served.apply(SPEC)
    before = served.status("far-web")["pid"], served.status("far-plain")["pid"]
    listed, logs, restarted, tree, unknown, itself = ask(
        served,
        admin,
        ("GET", "/v1/services"),
        ("GET", "/v1/logs?service=far-web&service=far-plain&service=far-own"),
        ("POST", "/v1/restart", {"service": ["far-web", "far-plain"], "timeout": "60s"}),
        ("GET", "/v1/tree"),
        ("POST", "/v1/services/nothing/restart", {}),
        ("POST", "/v1/services/svcctl-agent/stop", {}),
    )
    after = served.status("far-web")["pid"], served.status("far-plain")["pid"]

    assert [each["service"] for each in listed[1]["result"]] == NAMES
    lines = logs[1]["items"]
    assert sorted(each["text"] for each in lines) == ["own is up", "plain is up", "web is up"]
    assert lines == sorted(lines, key=lambda each: each["at"])
    assert restarted[0] == 200, restarted
    assert not set(before) & set(after)
    assert sorted(tree[1]["result"]["services"]) == NAMES
    assert (unknown[0], itself[0]) == (404, 404)
    rows = served.json("audit", "--verb", "restart", "--service", "far-plain")
    assert {each["actor"] for each in rows} == {"token:me"}


def test_who_follows_services_of_systemd_misses_nothing_over_restarts(served: Any) -> None:
    admin = token(served, "me", "--roles", "admin")
    served.write("/srv/counts.py", COUNTS)
    served.write("/srv/follow.py", FOLLOW)
    served.apply('[services.far-counts]\nexec = ["python3", "/srv/counts.py"]\n')
    served.write("/srv/token", admin)
    output = "StandardOutput=file:/srv/followed"
    served.run("systemd-run", "-p", output, "python3", "/srv/follow.py")

    def lines(pid: int) -> list[int]:
        """Give what one life of the program is known to have written."""
        said = (served.root / "srv/followed").read_text()
        whole = (each.split() for each in said.splitlines(keepends=True) if each.endswith("\n"))
        return [int(number) for each, number in whole if int(each) == pid]

    first = served.status("far-counts")["pid"]
    until(lambda: len(lines(first)) > 20, what="lines come")
    served.svcctl("restart", "far-counts")
    second = served.status("far-counts")["pid"]
    until(lambda: len(lines(second)) > 20, what="lines come again")
    written = served.svcctl("logs", "far-counts", "-n", "10000").splitlines()

    for pid in (first, second):
        assert lines(pid) == list(range(len(lines(pid))))
    assert len(lines(first)) == sum(each.startswith(f"{first} ") for each in written)
    here = served.json("events", "far-counts")
    ((_, there),) = ask(served, admin, ("GET", "/v1/events?service=far-counts"))
    known = [(each["at"], each["kind"]) for each in here]
    assert sorted((each["at"], each["kind"]) for each in there["items"]) == known
    assert len(set(known)) == len(known)
    phases = [each["fields"]["new"] for each in here if each["kind"] == "PhaseChanged"]
    assert phases == ["starting", "running", "stopping", "stopped", "starting", "running"]
