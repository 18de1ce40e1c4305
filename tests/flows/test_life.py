"""The life of services under a real agent, seen from outside."""

from __future__ import annotations

import os
import re
import signal
from typing import Any

import pytest

pytestmark = pytest.mark.slow

WEB = """
version = 1
[services.web]
exec = ["sleep", "1000"]
restart.delay = "100ms"
"""


def test_apply_starts_what_the_file_defines_and_says_so(agent: Any) -> None:
    ran = agent.apply(WEB)

    web = agent.one("web")
    assert "web" in ran.out + ran.err
    assert (web["phase"], web["ready"], web["applied"]) == ("running", True, True)
    assert os.path.exists(f"/proc/{web['pid']}")


def test_status_tells_what_operators_and_programs_need(agent: Any) -> None:
    agent.apply(WEB)

    (web,) = agent.status()

    assert {
        *("service", "instance", "phase", "ready", "live", "pid", "started_at", "restarts"),
        *("exit_code", "manager", "spec_revision", "applied", "cpu", "memory_bytes"),
    } <= set(web)
    assert web["memory_bytes"] > 0
    assert web["manager"] == "agent"


def test_a_killed_program_runs_again_and_is_counted(agent: Any, until: Any) -> None:
    agent.apply(WEB)
    before = agent.one("web")

    os.kill(before["pid"], signal.SIGKILL)

    after = until(lambda: (w := agent.one("web"))["restarts"] == 1 and w["ready"] and w)
    assert after["pid"] != before["pid"]
    kinds = [each["kind"] for each in agent.events("web")]
    assert kinds[-5:] == [
        *("InstanceExited", "PhaseChanged", "PhaseChanged", "InstanceSpawned", "PhaseChanged"),
    ]


def test_stop_start_and_restart_wait_for_their_outcome(agent: Any, alive: Any) -> None:
    agent.apply(WEB)
    first = agent.one("web")["pid"]

    agent.ok("stop", "web")
    assert agent.one("web")["phase"] == "stopped"
    assert not alive(first)
    agent.ok("start", "web")
    second = agent.one("web")["pid"]
    agent.ok("restart", "web")
    third = agent.one("web")["pid"]

    assert len({first, second, third}) == 3
    assert alive(third)


def test_a_start_that_fails_shows_the_cause_and_the_last_lines(agent: Any) -> None:
    agent.write(
        """
        [services.bad]
        exec = ["sh", "-c", "echo no port; exit 3"]
        start = "manual"
        restart.policy = "never"
        """
    )
    agent.ok("apply", "svcctl.toml", "--yes")

    ran = agent.cli("start", "bad")

    assert ran.status == 1
    assert "exit code 3" in ran.out + ran.err
    assert "no port" in ran.out + ran.err


def test_a_crash_loop_ends_in_failed_and_reset_re_arms_it(agent: Any) -> None:
    agent.write(
        """
        [services.loop]
        exec = ["false"]
        restart = { delay = "10ms", max = 3, jitter = 0.0 }
        """
    )
    assert agent.cli("apply", "svcctl.toml", "--yes").status == 1

    failed = agent.until_phase("loop", "failed")

    assert failed["restarts"] == 3
    assert "gave up" in failed["reason"]
    assert agent.cli("reset", "loop").status == 1
    again = agent.until_phase("loop", "failed")
    assert again["restarts"] > 3


def test_exit_code_78_is_never_tried_again(agent: Any) -> None:
    agent.write('[services.conf]\nexec = ["sh", "-c", "exit 78"]\n')
    agent.cli("apply", "svcctl.toml", "--yes")

    found = agent.until_phase("conf", "failed")

    assert (found["exit_code"], found["restarts"]) == (78, 0)


def test_a_oneshot_finishes_and_what_needs_it_starts_then(agent: Any) -> None:
    agent.apply(
        """
        [services.migrate]
        type = "oneshot"
        exec = ["sh", "-c", "sleep 0.3; echo migrated"]
        [services.web]
        exec = ["sleep", "1000"]
        needs = { migrate = "done" }
        """
    )

    events = agent.events()

    finished = next(e["at"] for e in events if e["fields"].get("new") == "finished")
    spawned = next(
        e["at"] for e in events if e["kind"] == "InstanceSpawned" and e["service"] == "web"
    )
    assert agent.one("migrate")["phase"] == "finished"
    assert spawned >= finished


def test_a_whole_tree_is_stopped_double_forked_daemons_included(
    agent: Any, alive: Any, until: Any
) -> None:
    agent.apply(
        """
        [services.forks]
        exec = ["sh", "-c", "(setsid sleep 1001 &) ; sleep 1002 & exec sleep 1003"]
        """
    )
    main = agent.one("forks")["pid"]
    members = until(lambda: len(m := _tree_of(main)) == 3 and m)

    agent.ok("stop", "forks")

    assert not [pid for pid in members if alive(pid)]
    assert any(each["kind"] == "TreeKilled" for each in agent.events("forks"))


def _tree_of(main: int) -> list[int]:
    """Find the three sleeps by the token of their environment."""
    token = re.search(rb"SVCCTL_TOKEN=\w+", _environ(main))
    assert token
    return [
        int(name)
        for name in os.listdir("/proc")
        if name.isdigit()
        and token.group() in _environ(int(name))
        and b"sleep" in _cmdline(int(name))
    ]


def _environ(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return file.read()
    except OSError:
        return b""


def _cmdline(pid: int) -> bytes:
    try:
        with open(f"/proc/{pid}/cmdline", "rb") as file:
            return file.read()
    except OSError:
        return b""


def test_pause_freezes_and_resume_goes_on(agent: Any, until: Any) -> None:
    agent.apply(
        """
        [services.tick]
        exec = ["sh", "-c", "while :; do echo tick; sleep 0.05; done"]
        """
    )
    agent.ok("pause", "tick")
    frozen = agent.one("tick")

    agent.ok("resume", "tick")

    assert frozen["phase"] == "paused"
    until(lambda: agent.one("tick")["phase"] == "running")


def test_scale_adds_and_takes_away_instances_without_touching_the_first(agent: Any) -> None:
    agent.apply('[services.work]\nexec = ["sh", "-c", "echo I am ${INSTANCE}; exec sleep 1000"]\n')
    first = agent.one("work")["pid"]

    agent.ok("scale", "work", "3")
    grown = agent.status("work")
    agent.ok("scale", "work", "1")

    assert [each["instance"] for each in grown] == ["work", "work.2", "work.3"]
    assert all(each["ready"] for each in grown)
    assert [each["pid"] for each in agent.status("work")] == [first]


def test_one_instance_can_be_restarted_alone(agent: Any) -> None:
    agent.apply('[services.work]\nexec = ["sleep", "1000"]\ninstances = 2\n')
    before = {each["instance"]: each["pid"] for each in agent.status("work")}

    agent.ok("restart", "work.1")

    after = {each["instance"]: each["pid"] for each in agent.status("work")}
    assert after["work"] != before["work"]
    assert after["work.2"] == before["work.2"]


def test_apply_touches_only_what_changed(agent: Any) -> None:
    two = WEB + '[services.other]\nexec = ["sleep", "1000"]\n'
    agent.apply(two)
    before = {each["service"]: each["pid"] for each in agent.status()}

    agent.apply(two.replace('["sleep", "1000"]\nrestart', '["sleep", "2000"]\nrestart'))

    after = {each["service"]: each["pid"] for each in agent.status()}
    assert after["other"] == before["other"]
    assert after["web"] != before["web"]


def test_a_definition_that_clashes_changes_nothing_at_all(agent: Any) -> None:
    agent.write(
        """
        [defaults]
        exec = ["sleep", "1000"]
        [services.alpha]
        [services.web]
        instances = 2
        [services."web.2"]
        """
    )

    ran = agent.cli("apply", "svcctl.toml", "--yes")

    assert ran.status == 1
    assert "'web.2'" in ran.err
    assert agent.status() == []


def test_a_service_that_gave_up_is_tried_again_with_its_new_definition(agent: Any) -> None:
    agent.write('[services.web]\nexec = ["false"]\nrestart.policy = "never"\n')
    agent.cli("apply", "svcctl.toml", "--yes")
    agent.until_phase("web", "failed")

    agent.apply('[services.web]\nexec = ["sleep", "1000"]\nrestart.policy = "never"\n')

    assert agent.one("web")["phase"] == "running"


def test_a_change_that_a_running_program_need_not_notice_restarts_nothing(agent: Any) -> None:
    agent.apply(WEB)
    before = agent.one("web")["pid"]

    agent.apply(WEB.replace("100ms", "200ms"))

    assert agent.one("web")["pid"] == before
    assert agent.one("web")["applied"]


def test_a_file_changed_and_not_applied_is_told_of(agent: Any) -> None:
    agent.apply(WEB)

    agent.write(WEB.replace("1000", "2000"))

    assert agent.one("web")["applied"] is False
    assert agent.cli("diff", "svcctl.toml").status == 10


def test_prune_removes_what_the_file_no_longer_defines(agent: Any, alive: Any) -> None:
    agent.apply(WEB + '[services.old]\nexec = ["sleep", "1000"]\n')
    pid = agent.one("old")["pid"]

    agent.apply(WEB, "--prune")

    assert [each["service"] for each in agent.status()] == ["web"]
    assert not alive(pid)
    assert not list((agent.home / "run" / "pipes").glob("old.*"))


def test_what_a_program_wrote_is_read_back_in_order(agent: Any) -> None:
    agent.apply(
        """
        [services.say]
        type = "oneshot"
        exec = ["sh", "-c", "for i in 1 2 3; do echo line $i; done; echo oops >&2"]
        """
    )

    ran = agent.ok("logs", "say")

    lines = [line.split("line ")[-1] for line in ran.out.splitlines() if "line" in line]
    assert lines == ["1", "2", "3"]
    assert "oops" in ran.out


def test_a_run_begins_on_a_line_of_its_own_whatever_the_last_one_left(agent: Any) -> None:
    agent.write(
        """
        [services.say]
        exec = ["sh", "-c", "printf unfinished; exit 1"]
        restart = { delay = "10ms", max = 2 }
        """
    )
    agent.cli("apply", "svcctl.toml", "--yes")
    agent.until_phase("say", "failed")

    assert agent.ok("logs", "say").out.split() == ["unfinished"] * 3


def test_a_log_that_somebody_empties_goes_on_without_a_hole(agent: Any, until: Any) -> None:
    agent.apply(
        """
        [services.say]
        exec = ["sh", "-c", "while :; do echo a line; sleep 0.05; done"]
        """
    )
    path = agent.home / "logs" / "say" / "say" / "stdout.log"
    until(lambda: path.stat().st_size > 50)

    os.truncate(path, 0)

    until(lambda: path.stat().st_size > 20)
    assert set(path.read_bytes().splitlines()) == {b"a line"}


def test_unknown_services_and_unknown_verbs_have_exit_codes_of_their_own(agent: Any) -> None:
    agent.apply(WEB)

    unknown = agent.cli("stop", "wbe")

    assert unknown.status == 4
    assert "did you mean 'web'" in unknown.err
    assert agent.cli("frobnicate").status == 2


def test_without_an_agent_the_exit_code_is_5(box: Any) -> None:
    ran = box.cli("status")

    assert ran.status == 5
    assert "svcctl agent run" in ran.err
