"""Services kept by a real systemd, PID 1 of its machine: from the install to the last trace."""

from __future__ import annotations

import json
import re
import time
from typing import Any

import pytest

from tests.system.systemd.conftest import until

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.xdist_group("systemd"),
]

TICKING = """
[services.web]
description = "ticks"
exec = ["sh", "-c", "i=0; while true; do i=$((i+1)); echo tick $i; sleep 0.2; done"]
ready = "log:tick 3"
"""


def test_an_install_says_what_it_writes_and_then_writes_just_that(clean: Any) -> None:
    planned = json.loads(_json_plan(clean, "--dry-run"))
    before = clean.run("systemctl", "cat", "web.service", check=False)
    clean.apply(TICKING, "--no-start")

    acts = {act["target"]: act for act in planned["plan"][0]["acts"]}
    unit = clean.run("cat", "/etc/systemd/system/web.service").stdout
    assert before.returncode != 0
    assert acts["/etc/systemd/system/web.service"]["text"] == unit
    assert "systemctl daemon-reload" in acts
    assert clean.show("web", "UnitFileState") == "enabled"
    assert clean.show("web", "ActiveState") == "inactive"


def _json_plan(host: Any, *more: str) -> str:
    host.write("/srv/svcctl.toml", TICKING)
    said: str = host.run("svcctl", "apply", "/srv/svcctl.toml", "-o", "json", *more).stdout
    return said


def test_an_installed_service_is_unchanged_when_it_is_installed_again(clean: Any) -> None:
    clean.apply(TICKING)
    before = clean.status("web")

    said = clean.apply(TICKING)

    assert "no change" in said
    assert clean.status("web")["pid"] == before["pid"]


def test_a_start_comes_back_when_the_program_is_ready_and_systemd_knows(clean: Any) -> None:
    clean.apply(TICKING)

    status = clean.status("web")

    assert (status["phase"], status["ready"], status["manager"]) == ("running", True, "systemd")
    assert clean.show("web", "ActiveState") == "active"
    assert clean.show("web", "StatusText") == "running"
    assert "tick 3" in clean.svcctl("logs", "web")


def test_systemd_waits_for_a_program_that_is_not_ready(clean: Any) -> None:
    never = TICKING.replace("tick 3", "never said")
    clean.apply(never, "--no-wait")

    clean.await_phase("web", "starting")

    assert clean.show("web", "ActiveState") == "activating"


def test_a_program_that_runs_once_is_finished_every_time(clean: Any) -> None:
    text = "[services.once]\nexec = ['sh', '-c', 'echo ran >>/srv/once']\ntype = 'oneshot'\n"
    clean.apply(text + "start = 'manual'\n")

    first = clean.svcctl("start", "once")
    again = clean.svcctl("start", "once")

    assert "once is finished" in first
    assert "once is finished" in again
    assert clean.status("once")["exit_code"] == 0
    assert clean.sh("cat /srv/once; rm /srv/once").split() == ["ran", "ran"]


def test_people_may_restart_as_often_as_they_like(clean: Any) -> None:
    clean.apply("[services.web]\nexec = ['sleep', '1000']\n")

    for _ in range(12):
        clean.svcctl("restart", "web")

    assert clean.status("web")["phase"] == "running"


def test_a_delayed_service_waits_for_the_next_boot_or_for_a_start(clean: Any) -> None:
    clean.apply("[services.late]\nexec = ['sleep', '1000']\nstart = 'delayed'\n", "--no-start")

    timer = clean.show("late.timer", "UnitFileState"), clean.show("late.timer", "ActiveState")

    assert timer == ("enabled", "inactive")
    assert clean.status("late")["phase"] == "stopped"


def test_a_program_that_crashes_is_started_again_without_systemd(clean: Any) -> None:
    clean.apply(TICKING)
    before = clean.status("web")

    clean.svcctl("kill", "web")
    until(lambda: clean.status("web")["restarts"] == 1, what="it is started again")

    assert clean.await_phase("web", "running")["pid"] != before["pid"]
    assert clean.show("web", "NRestarts") == "0"


def test_what_gives_up_is_failed_and_left_alone_by_systemd(clean: Any) -> None:
    text = "[services.web]\nexec = ['sh', '-c', 'echo broken; exit 3']\n"
    text += "restart = {max = 2, delay = '50ms'}\n"

    clean.apply(text, status=1)
    status = clean.await_failed("web")

    assert "exit code 3" in status["reason"]
    assert clean.show("web", "ExecMainStatus") == "69"
    assert clean.show("web", "NRestarts") == "0"


def test_a_reset_starts_what_gave_up(clean: Any) -> None:
    text = "[services.web]\nexec = ['sh', '-c', 'test -e /srv/mended && sleep 1000']\n"
    text += "restart = {max = 1, delay = '50ms'}\n"
    clean.apply(text, status=1)
    clean.await_failed("web")
    clean.write("/srv/mended", "")

    clean.svcctl("reset", "web")

    assert clean.status("web")["phase"] == "running"
    clean.run("rm", "/srv/mended")


def test_a_host_that_is_killed_is_started_again_by_systemd(clean: Any) -> None:
    clean.apply(TICKING)
    before = clean.show("web", "MainPID")

    clean.sh(f"kill -9 {before}")
    until(lambda: clean.show("web", "NRestarts") == "1", what="systemd starts it again")
    clean.await_phase("web", "running")

    assert clean.show("web", "MainPID") not in {before, "0"}
    count = "pgrep -fc '[e]cho tick'"  # a shell that is about to be `sleep` counts for a moment
    until(lambda: clean.sh(count, check=False).strip() == "1", what="there is one program")


def test_a_host_that_hangs_is_ended_by_the_watchdog(clean: Any) -> None:
    clean.apply(TICKING + '[services.web.systemd]\nservice = ["WatchdogSec=3s"]\n')
    before = clean.show("web", "MainPID")

    clean.sh(f"kill -STOP {before}")
    until(lambda: clean.show("web", "NRestarts") != "0", what="systemd starts it again")
    clean.await_phase("web", "running")

    assert clean.show("web", "MainPID") != before


def test_a_program_without_a_heartbeat_is_started_again(clean: Any) -> None:
    text = """
[services.web]
exec = ["python3", "-c", '''
import os, socket, time
door = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
door.connect(os.environ["NOTIFY_SOCKET"])
door.send(b"READY=1")
is_first = not os.path.exists("/srv/beaten")
if is_first:
    with open("/srv/beaten", "w") as file: file.write(str(os.getpid()))
while True:
    door.send(b"WATCHDOG=1"); time.sleep(1000 if is_first else 0.2)
''']
ready = "notify"
health = [{heartbeat = "3s", grace = "0s"}]
restart.delay = "100ms"
"""
    clean.run("rm", "-f", "/srv/beaten")
    clean.apply(text)

    until(lambda: clean.status("web")["restarts"] > 0, what="it is started again")

    assert clean.await_phase("web", "running")["pid"] != int(clean.run("cat", "/srv/beaten").stdout)


def test_a_reload_reaches_the_program_through_systemd(clean: Any) -> None:
    text = """
[services.web]
exec = ["sh", "-c", "trap 'echo read again' HUP; echo here; while true; do sleep 0.1; done"]
ready = "log:here"
reload.signal = "HUP"
"""
    clean.apply(text)

    clean.run("systemctl", "reload", "web")

    until(lambda: "read again" in clean.svcctl("logs", "web"), what="it is told")
    assert clean.show("web", "ActiveState") == "active"


def test_a_paused_service_stands_still_in_the_freezer(clean: Any) -> None:
    clean.apply(TICKING)

    clean.svcctl("pause", "web")
    frozen = clean.sh("find /sys/fs/cgroup -path '*web.service*' -name cgroup.freeze | xargs cat")
    until(lambda: _writes_nothing(clean), what="it writes no more")
    last = clean.svcctl("logs", "web", "-n", "1")
    phase = clean.status("web")["phase"]
    clean.svcctl("resume", "web")

    assert "1" in frozen.split()
    assert phase == "paused"
    until(lambda: clean.svcctl("logs", "web", "-n", "1") != last, what="it goes on")


def _writes_nothing(host: Any) -> bool:
    before = host.svcctl("logs", "web", "-n", "1")
    time.sleep(0.6)  # the program would have written three lines
    return bool(host.svcctl("logs", "web", "-n", "1") == before)


def test_a_stop_leaves_nothing_of_the_tree(clean: Any) -> None:
    text = "[services.web]\nexec = ['sh', '-c', 'sleep 4711 & setsid sleep 4711 & sleep 4711']\n"
    clean.apply(text)

    clean.svcctl("stop", "web")

    assert clean.show("web", "ActiveState") == "inactive"
    assert clean.sh("pgrep -fc '[s]leep 4711'", check=False).strip() == "0"


def test_what_one_service_needs_is_started_by_systemd(clean: Any) -> None:
    text = TICKING.replace("[services.web]", "[services.web]\nneeds = ['db']")
    text += "[services.db]\nexec = ['sleep', '1000']\nstart = 'manual'\n"
    clean.apply(text, "--no-start")

    clean.run("systemctl", "start", "web")

    assert clean.status("db")["phase"] == "running"
    assert clean.status("web")["phase"] == "running"


def test_limits_and_account_are_systemds_and_hold(clean: Any) -> None:
    clean.run("useradd", "--system", "--no-create-home", "websvc", check=False)
    text = """
[services.web]
exec = ["sh", "-c", "id -un; umask; ulimit -n; echo here; sleep 1000"]
ready = "log:here"
user = "websvc"
cwd = "/"
umask = "027"
limits = {memory = "200M", cpu = "50%", tasks = 20, nofile = 777, nice = 5}
sandbox = "strict"
"""
    clean.apply(text)

    said = clean.svcctl("logs", "web").split()
    shown = {name: clean.show("web", name) for name in ("MemoryMax", "TasksMax", "User", "Nice")}

    assert said[:3] == ["websvc", "0027", "777"]
    assert shown == {
        "MemoryMax": str(200 * 1024**2),
        "TasksMax": "28",
        "User": "websvc",
        "Nice": "5",
    }


def test_secrets_come_as_systemds_credentials(clean: Any) -> None:
    clean.write("/srv/token", "s3cret")
    text = """
[services.web]
exec = ["sh", "-c", "cat $CREDENTIALS_DIRECTORY/TOKEN; echo; echo here; sleep 1000"]
ready = "log:here"
secrets.TOKEN = "file:/srv/token"
"""
    clean.apply(text)

    assert "s3cret" in clean.svcctl("logs", "web")
    assert "s3cret" not in clean.run("systemctl", "cat", "web").stdout


def test_the_journal_takes_and_gives_the_output(clean: Any) -> None:
    text = "[services.web]\nexec = ['sh', '-c', 'echo to the journal; sleep 1000']\n"
    clean.apply(text + 'log.to = "journal"\n')

    until(lambda: "to the journal" in clean.svcctl("logs", "web"), what="it wrote")

    shown = clean.run("journalctl", "-u", "web", "-o", "cat", "--no-pager").stdout
    assert "to the journal" in shown


def test_the_journal_is_followed(clean: Any) -> None:
    script = "i=0; while true; do i=$((i+1)); echo line $i.; sleep 0.2; done"
    clean.apply(f"[services.web]\nexec = ['sh', '-c', '{script}']\nlog.to = 'journal'\n")
    until(lambda: "line 1." in clean.svcctl("logs", "web"), what="it wrote")

    followed = clean.sh("timeout 240 svcctl logs web --follow -n 1 | head -n 8", check=False)

    seen = [int(each) for each in re.findall(r"line (\d+)\.", followed)]
    assert seen == list(range(seen[0], seen[0] + 8))


def test_an_exported_unit_runs_the_program_without_svcctl(clean: Any) -> None:
    clean.write("/srv/plain.toml", '[services.plain]\nexec = ["sleep", "1000"]\ncwd = "/tmp"\n')

    clean.svcctl("export", "systemd", "plain", "-f", "/srv/plain.toml", "-o", "/run/plain.service")
    clean.sh("mv /run/plain.service /run/systemd/system/ && systemctl daemon-reload")
    clean.run("systemctl", "start", "plain")
    command = clean.sh("cat /proc/$(systemctl show plain --value -p MainPID)/comm").strip()
    clean.sh("systemctl stop plain; rm /run/systemd/system/plain.service; systemctl daemon-reload")

    assert command == "sleep"


def test_a_timer_starts_what_is_scheduled(clean: Any) -> None:
    text = "[services.job]\nexec = ['sh', '-c', 'echo ran >>/tmp/job-runs']\ntype = 'oneshot'\n"
    clean.sh("rm -f /tmp/job-runs")
    clean.apply(text + "schedule.every = '1s'\n")

    runs = "cat /tmp/job-runs 2>/dev/null | wc -l"
    until(lambda: int(clean.sh(runs, check=False)) >= 2, what="it runs again and again")

    until(  # on a busy machine it is due again as soon as it has run
        lambda: (now := clean.status("job"))["next_at"] or now["pid"], what="it is due, or runs"
    )
    assert clean.show("job.timer", "ActiveState") == "active"


def test_cron_lines_are_times_systemd_understands(clean: Any) -> None:
    text = "".join(
        f"[services.job{number}]\nexec = ['true']\ntype = 'oneshot'\nschedule.cron = '{cron}'\n"
        for number, cron in enumerate(
            ("*/5 * * * *", "0 3 * * mon-fri", "15,45 8-18/2 1 jan,jul *", "0 0 13 * 5")
        )
    )
    clean.apply(text)

    verified = clean.run(
        "sh", "-c", "systemd-analyze verify /etc/systemd/system/job*.timer", check=False
    )

    assert verified.returncode == 0, verified.stderr
    assert all(clean.status(f"job{number}")["next_at"] for number in range(4))


@pytest.mark.parametrize("sandbox", ["off", "basic", "strict"])
def test_units_are_what_systemd_would_have_written(clean: Any, sandbox: str) -> None:
    text = TICKING + f'sandbox = "{sandbox}"\n'
    clean.apply(text)

    verified = clean.run("systemd-analyze", "verify", "web.service", check=False)
    score = clean.run("systemd-analyze", "security", "--no-pager", "web.service").stdout
    worst = {"off": 10.0, "basic": 8.0, "strict": 3.0}[sandbox]

    assert (verified.returncode, verified.stderr) == (0, "")
    assert float(score.splitlines()[-1].split(":")[1].split()[0]) <= worst
    assert clean.status("web")["phase"] == "running"


def test_a_drop_in_of_the_administrator_is_respected(clean: Any) -> None:
    clean.apply(TICKING)
    clean.write("/etc/systemd/system/web.service.d/ours.conf", "[Service]\nNice=7\n")

    said = clean.apply(TICKING.replace('"ticks"', '"ticks on"'))
    clean.svcctl("restart", "web")

    assert "change" in said
    assert clean.show("web", "Nice") == "7"
    assert clean.show("web", "Description") == "ticks on"
    assert "changed by /etc/systemd/system/web.service.d/ours.conf" in clean.status("web")["reason"]
    clean.run("rm", "-r", "/etc/systemd/system/web.service.d")


def test_a_unit_of_somebody_else_is_not_touched(clean: Any) -> None:
    unit = "[Service]\nExecStart=/bin/sleep 1000\n"
    clean.write("/etc/systemd/system/web.service", unit)
    clean.run("systemctl", "daemon-reload")

    said = clean.apply(TICKING, status=1)

    assert "is not a unit of svcctl" in said
    assert "import-native web" in said
    assert clean.run("cat", "/etc/systemd/system/web.service").stdout == unit
    clean.sh("rm /etc/systemd/system/web.service; systemctl daemon-reload")


def _old_unit(clean: Any, command: str = "exec sleep 1000") -> None:
    unit = f"[Service]\nExecStart=/bin/sh -c '{command}'\n[Install]\nWantedBy=multi-user.target\n"
    clean.write("/etc/systemd/system/old.service", unit)
    clean.sh("systemctl daemon-reload; systemctl enable --now old.service")


def _forget_old_unit(clean: Any) -> None:
    clean.sh(
        "systemctl disable --now old.service; rm /etc/systemd/system/old.service; "
        "systemctl daemon-reload"
    )


def test_a_unit_of_somebody_else_is_taken_over(clean: Any) -> None:
    _old_unit(clean)

    clean.svcctl("import-native", "old", "--take-over", "--yes")

    assert clean.await_phase("old-svcctl", "running")["enabled"]
    assert clean.show("old", "ActiveState") == "inactive"
    assert clean.show("old", "UnitFileState") == "disabled"
    _forget_old_unit(clean)


def test_a_take_over_that_fails_leaves_the_old_unit_as_it_was(clean: Any) -> None:
    _old_unit(clean, 'test -z "$$SVCCTL_SERVICE" && exec sleep 1000')

    done = clean.run("svcctl", "import-native", "old", "--take-over", "--yes", check=False)

    assert done.returncode == 1
    assert "nothing is taken over" in done.stderr
    assert clean.show("old", "ActiveState") == "active"
    assert clean.show("old", "UnitFileState") == "enabled"
    assert clean.run("systemctl", "cat", "old-svcctl.service", check=False).returncode != 0
    _forget_old_unit(clean)


def test_enabled_services_start_with_the_machine_and_others_do_not(clean: Any) -> None:
    off = "[services.off]\nexec = ['sleep', '1000']\nstart = 'manual'\n"
    clean.apply(TICKING + off)
    clean.apply(TICKING + off + "[services.late]\nexec = ['sleep', '1000']\n")
    clean.svcctl("disable", "late")

    clean.reboot()

    assert clean.await_phase("web", "running")["enabled"]
    assert clean.status("off")["phase"] == "stopped"
    assert clean.status("late")["phase"] == "stopped"


def test_what_is_uninstalled_leaves_no_trace(clean: Any) -> None:
    text = TICKING.replace("web", "tracer") + "schedule.every = '1h'\n"
    clean.apply(text)
    clean.svcctl("start", "tracer")

    clean.svcctl("remove", "tracer", "--yes", "--logs")

    clean.await_without_traces("tracer")
    assert clean.run("systemctl", "status", "tracer", check=False).returncode == 4
    units = ("systemctl", "list-units", "--all", "--no-pager")
    until(lambda: "tracer" not in clean.run(*units).stdout, what="systemd has forgotten it")


def test_a_user_keeps_services_of_their_own(ann: Any) -> None:
    ann.write(TICKING.replace("ready", 'scope = "user"\nready'))

    ann("svcctl", "apply", "/home/ann/svcctl.toml", "--yes")
    status = ann("svcctl", "status", "web", "-o", "wide")
    logs = ann("svcctl", "logs", "web")
    active = ann("systemctl", "--user", "is-active", "web")
    ann("svcctl", "remove", "web", "--yes", "--logs")

    assert "systemd" in status
    assert "linger" not in status
    assert "tick 3" in logs
    assert active.strip() == "active"
    assert "web" not in ann.host.sh("find /home/ann -name '*web*'")


def test_a_user_reads_their_part_of_the_journal(ann: Any) -> None:
    ann.write("[services.web]\nscope = 'user'\nlog.to = 'journal'\n"
              "exec = ['sh', '-c', 'echo here I am; sleep 1000']\n")  # fmt: skip

    ann("svcctl", "apply", "/home/ann/svcctl.toml", "--yes")

    until(lambda: "here I am" in ann("svcctl", "logs", "web"), what="it wrote")


def test_a_user_is_told_what_starts_at_their_log_in_only(ann: Any) -> None:
    ann.write("[services.web]\nscope = 'user'\nexec = ['sleep', '1000']\n")
    ann("svcctl", "apply", "/home/ann/svcctl.toml", "--yes")

    ann.host.run("rm", "/var/lib/systemd/linger/ann")
    status = ann("svcctl", "status", "web")
    ann.host.run("touch", "/var/lib/systemd/linger/ann")

    assert "to start it at boot: loginctl enable-linger" in status


@pytest.mark.parametrize("reloaded", ["systemctl daemon-reload", "true"])
def test_a_service_whose_unit_somebody_deleted_can_be_removed(clean: Any, reloaded: str) -> None:
    text = "[services.bereft]\nexec = ['sleep', '1000']\n"
    clean.apply(text + "[services.bereft.schedule]\nevery = '1h'\n")
    folder = "/etc/systemd/system"
    clean.sh(f"systemctl stop bereft.timer bereft; rm {folder}/bereft.*; {reloaded}")

    clean.svcctl("remove", "bereft", "--yes", "--logs")

    clean.await_without_traces("bereft")


def test_the_agent_is_a_service_and_its_services_outlive_it(clean: Any) -> None:
    clean.svcctl("agent", "install")
    clean.apply('[services.kept]\nexec = ["sleep", "1000"]\nmanager = "agent"\n')
    before = clean.status("kept")["pid"]
    agent = clean.show("svcctl-agent", "MainPID")

    clean.sh(f"kill -9 {agent}")
    until(
        lambda: clean.show("svcctl-agent", "MainPID") not in {agent, "0"}, what="it is started anew"
    )
    status = ("svcctl", "agent", "status")
    until(lambda: clean.run(*status, check=False).returncode == 0, what="it answers")

    assert clean.status("kept")["pid"] == before
    clean.svcctl("remove", "kept", "--yes")
    said = clean.svcctl("agent", "uninstall")
    assert "svcctl-agent" in said
    assert clean.show("svcctl-agent", "LoadState") == "not-found"


def test_without_the_library_for_dbus_everything_goes_through_systemctl(clean: Any) -> None:
    clean.run("mv", "/opt/site/jeepney", "/opt/jeepney")
    try:
        clean.apply(TICKING + "[services.job]\nexec = ['true']\nschedule.every = '1h'\n")
        status = clean.status("web")
        due = clean.status("job")["next_at"]
        clean.svcctl("restart", "web")
        clean.svcctl("disable", "web")
        clean.svcctl("remove", "web", "job", "--yes")
    finally:
        clean.run("mv", "/opt/jeepney", "/opt/site/jeepney")

    assert status["phase"] == "running"
    assert due is not None
