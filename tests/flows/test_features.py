"""What definitions can ask for, tried on real programs under a real agent."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

import pytest

from bench.ports import free_port

pytestmark = pytest.mark.slow

PYTHON = json.dumps(sys.executable)

SERVER = r"""
import http.server, pathlib, sys, time
flag = pathlib.Path(sys.argv[2])
class Answer(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if flag.exists() and flag.read_text() == "hang":
            time.sleep(60)
        self.send_response(200); self.end_headers(); self.wfile.write(b"fine")
    def log_message(self, *args):
        pass
time.sleep(0.2)
http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Answer).serve_forever()
"""

NOTIFY = r"""
import os, signal, socket, sys, time
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.connect(os.environ["NOTIFY_SOCKET"])
time.sleep(0.2)
s.send(b"READY=1\nSTATUS=serving 3 clients")
hang = []
signal.signal(signal.SIGUSR1, lambda *_: hang.append(1))
while True:
    if not hang:
        s.send(b"WATCHDOG=1")
    time.sleep(0.1)
"""


@pytest.fixture
def port() -> int:
    return free_port()


def test_a_hang_is_caught_by_the_live_probe_and_healed(agent: Any, until: Any, port: int) -> None:
    (agent.home / "server.py").write_text(SERVER)
    flag = agent.home / "flag"
    agent.apply(
        f"""
        [services.web]
        exec = [{PYTHON}, "server.py", "{port}", "{flag}"]
        ready = "port:{port}"
        restart.delay = "10ms"
        [[services.web.health]]
        http = "http://127.0.0.1:{port}/"
        interval = "100ms"
        timeout = "2s"
        grace = "0s"
        fails = 2
        """
    )
    until(lambda: agent.one("web")["live"] is True)
    assert not [each for each in agent.events("web") if each["kind"] == "ProbeFailed"]

    flag.write_text("hang")
    until(lambda: any(each["kind"] == "ProbeFailed" for each in agent.events("web")))
    flag.unlink()

    healed = until(lambda: (w := agent.one("web"))["restarts"] >= 1 and w["live"] and w)
    assert healed["phase"] == "running"


def test_dependents_wait_until_what_they_need_is_ready(agent: Any, port: int) -> None:
    (agent.home / "server.py").write_text(SERVER)
    agent.apply(
        f"""
        [services.db]
        exec = [{PYTHON}, "server.py", "{port}", "no-flag"]
        [[services.db.health]]
        tcp = "127.0.0.1:{port}"
        for = "ready"
        [services.web]
        exec = ["sleep", "1000"]
        needs = ["db"]
        """
    )

    events = agent.events()

    ready = next(e for e in events if e["service"] == "db" and e["fields"].get("new") == "running")
    spawned = next(e for e in events if e["service"] == "web" and e["kind"] == "InstanceSpawned")
    assert ready["number"] < spawned["number"]


def test_healthy_means_that_a_live_probe_has_said_so(agent: Any, port: int) -> None:
    (agent.home / "server.py").write_text(SERVER)
    agent.apply(
        f"""
        [services.db]
        exec = [{PYTHON}, "server.py", "{port}", "no-flag"]
        [[services.db.health]]
        tcp = "127.0.0.1:{port}"
        interval = "100ms"
        [services.web]
        exec = ["sleep", "1000"]
        needs = {{ db = "healthy" }}
        """
    )

    agent.ok("wait", "db", "--for", "healthy", "--timeout", "60s")

    events = agent.events()
    passed = next(e for e in events if e["service"] == "db" and e["kind"] == "ProbePassed")
    spawned = next(e for e in events if e["service"] == "web" and e["kind"] == "InstanceSpawned")
    assert passed["number"] < spawned["number"]


def test_sd_notify_tells_ready_status_and_heartbeat(agent: Any, until: Any) -> None:
    (agent.home / "notify.py").write_text(NOTIFY)
    agent.apply(
        f"""
        [services.app]
        exec = [{PYTHON}, "notify.py"]
        ready = "notify"
        restart.delay = "10ms"
        [[services.app.health]]
        heartbeat = "5s"
        """
    )
    before = agent.one("app")
    assert (before["phase"], before["status_text"]) == ("running", "serving 3 clients")

    agent.ok("kill", "-s", "USR1", "app")

    after = until(lambda: (a := agent.one("app"))["restarts"] >= 1 and a["ready"] and a)
    assert after["pid"] != before["pid"]


def test_a_log_line_makes_ready(agent: Any, until: Any) -> None:
    agent.apply(
        """
        [services.app]
        exec = ["sh", "-c", "echo up; until test -e go; do sleep 0.05; done; echo at 80; sleep 99"]
        ready = "log:at [0-9]+"
        """,
        "--no-wait",
    )
    until(lambda: "up" in agent.ok("logs", "app").out)
    before = agent.one("app")["phase"]

    (agent.home / "go").touch()

    agent.until_phase("app", "running")
    assert before == "starting"


def test_what_is_not_ready_in_time_is_a_failed_start(agent: Any) -> None:
    agent.write(
        """
        [services.app]
        exec = ["sleep", "1000"]
        ready = "log:never"
        ready_timeout = "300ms"
        restart.policy = "never"
        """
    )

    ran = agent.cli("apply", "svcctl.toml", "--yes")

    assert ran.status == 1
    assert "not ready in time" in ran.out + ran.err


def test_hooks_run_around_the_life_of_the_program(agent: Any) -> None:
    trace = agent.home / "trace"
    agent.apply(
        f"""
        [services.app]
        exec = ["sleep", "1000"]
        [services.app.hook]
        pre_start = [["sh", "-c", "echo pre_start >> {trace}"]]
        post_start = [["sh", "-c", "echo post_start $MAINPID >> {trace}"]]
        pre_stop = [["sh", "-c", "echo pre_stop >> {trace}"]]
        post_stop = [["sh", "-c", "echo post_stop $SVC_EXIT >> {trace}"]]
        """
    )
    pid = agent.one("app")["pid"]

    agent.ok("stop", "app")

    assert trace.read_text().splitlines() == [
        *("pre_start", f"post_start {pid}", "pre_stop", "post_stop TERM"),
    ]


def test_a_stop_is_taken_step_by_step_and_the_last_resort_is_told(agent: Any) -> None:
    agent.apply(
        """
        [services.stubborn]
        exec = ["sh", "-c", "trap '' TERM INT; while :; do sleep 0.05; done"]
        stop.sequence = [
          { signal = "INT", timeout = "200ms" },
          { signal = "TERM", timeout = "200ms" },
        ]
        """
    )

    agent.ok("stop", "stubborn")

    killed = [each for each in agent.events("stubborn") if each["kind"] == "TreeKilled"]
    assert killed
    assert agent.one("stubborn")["exit_signal"] == "KILL"


def test_a_stop_command_that_hangs_costs_the_next_step_nothing(agent: Any) -> None:
    agent.apply(
        """
        [services.tidy]
        exec = ["sh", "-c", "trap 'sleep 0.5; exit 0' TERM; echo up; while :; do sleep 0.05; done"]
        ready = "log:up"
        stop.sequence = [
          { exec = ["sleep", "60"], timeout = "200ms" },
          { signal = "TERM", timeout = "20s" },
        ]
        """
    )

    agent.ok("stop", "tidy")

    assert agent.one("tidy")["exit_code"] == 0


def test_reload_sends_the_signal_and_keeps_the_program(agent: Any, until: Any) -> None:
    agent.apply(
        """
        [services.app]
        exec = ["sh", "-c", "trap 'echo reloaded' HUP; echo up; while :; do sleep 0.05; done"]
        ready = "log:up"
        reload.signal = "HUP"
        """
    )
    pid = agent.one("app")["pid"]

    agent.ok("reload", "app")

    until(lambda: "reloaded" in agent.ok("logs", "app").out)
    assert agent.one("app")["pid"] == pid


def test_a_watched_file_that_changes_restarts(agent: Any, until: Any) -> None:
    conf = agent.home / "app.conf"
    conf.write_text("one")
    agent.apply(
        f"""
        [services.app]
        exec = ["sleep", "1000"]
        reload = {{ watch = ["{conf}"], on_change = "restart", debounce = "50ms" }}
        """
    )
    pid = agent.one("app")["pid"]

    conf.write_text("two, and longer")

    until(lambda: agent.one("app")["pid"] not in {pid, None})


def test_secrets_reach_the_program_as_files_and_nobody_else(agent: Any) -> None:
    (agent.home / "password").write_text("hunter2\n")
    agent.apply(
        """
        [services.app]
        type = "oneshot"
        exec = "cd $CREDENTIALS_DIRECTORY; wc -c < DB; stat -c %a DB"
        shell = true
        secrets = { DB = "file:password" }
        """
    )

    assert agent.ok("logs", "app").out.split()[-2:] == ["7", "400"]
    everything = agent.ok("show", "app", "-o", "json").out + agent.ok("events", "-o", "jsonl").out
    assert "hunter2" not in everything
    assert not list((agent.home / "run" / "credentials").glob("*/*"))


def test_a_schedule_runs_again_and_again(agent: Any, until: Any) -> None:
    agent.apply(
        """
        [services.job]
        type = "oneshot"
        exec = ["echo", "ran"]
        schedule.every = "300ms"
        """
    )

    until(lambda: agent.ok("logs", "job").out.count("ran") >= 3)
    job = agent.one("job")
    assert job["next_at"] is not None
    agent.ok("stop", "job")
    assert agent.one("job")["next_at"] is None


def test_groups_labels_and_globs_select(agent: Any) -> None:
    agent.apply(
        """
        [defaults]
        exec = ["sleep", "1000"]
        [services.web-a]
        groups = ["shop"]
        [services.web-b]
        labels = { tier = "front" }
        [services.db]
        """
    )

    agent.ok("stop", "@shop")
    agent.ok("stop", "-l", "tier=front")
    stopped = {each["service"] for each in agent.status() if each["phase"] == "stopped"}
    agent.ok("start", "web-*")

    assert stopped == {"web-a", "web-b"}
    assert all(each["phase"] == "running" for each in agent.status())


@pytest.mark.needs_root
def test_user_limits_and_mask_hold_from_the_first_instruction_on(agent: Any) -> None:
    if os.geteuid() != 0:
        pytest.skip("needs root")
    agent.home.chmod(0o755)
    agent.apply(
        """
        [services.app]
        type = "oneshot"
        cwd = "/"
        exec = "id -un; ulimit -n; umask; nice; echo $HOME; grep NoNewPrivs /proc/self/status"
        shell = true
        user = "nobody"
        umask = "027"
        no_new_privs = true
        limits = { nofile = 123, nice = 5 }
        """
    )

    said = agent.ok("logs", "app").out.split()

    assert said == ["nobody", "123", "0027", "5", "/nonexistent", "NoNewPrivs:", "1"]


def test_a_forking_program_is_followed_to_its_daemon(agent: Any, until: Any) -> None:
    agent.apply(
        f"""
        [services.daemon]
        type = "forking"
        exec = ["sh", "-c", "setsid sleep 1000 & echo $! > {agent.home}/pid; exit 0"]
        pid_file = "{agent.home}/pid"
        ready = "delay:300ms"
        restart.delay = "10ms"
        """
    )
    daemon = agent.one("daemon")["pid"]
    until(lambda: Path(f"/proc/{daemon}/comm").read_text() == "sleep\n")  # a shell at first

    os.kill(daemon, 9)

    again = until(lambda: (d := agent.one("daemon"))["restarts"] == 1 and d["ready"] and d)
    assert again["pid"] != daemon


def test_exec_runs_in_the_environment_of_the_service(agent: Any) -> None:
    agent.apply('[services.app]\nexec = ["sleep", "1000"]\nenv = { COLOUR = "blue" }\n')

    assert "COLOUR=blue" in agent.ok("exec", "app", "--", "env").out


def test_disable_is_remembered_and_stops_nothing(agent: Any) -> None:
    agent.apply('[services.app]\nexec = ["sleep", "1000"]\n')
    agent.ok("disable", "app")
    assert agent.one("app")["phase"] == "running"

    agent.ok("enable", "app")

    assert agent.one("app")["enabled"] is True
