"""Units of all kinds become definitions that load, and nothing of them is lost in silence."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.spec.convert import systemd_unit
from svcctl.spec.draft import Draft, render
from svcctl.spec.load import load_files
from svcctl.spec.service import ServiceSpec

START = "[Service]\nExecStart=/usr/bin/app\n"
KEYS = (
    *("Type", "PIDFile", "ExecStartPre", "ExecStop", "ExecReload", "Restart", "RestartSec"),
    *("TimeoutStopSec", "StartLimitIntervalSec", "StartLimitBurst", "KillSignal", "KillMode"),
    *("User", "UMask", "LimitNOFILE", "MemoryMax", "TasksMax", "CPUQuota", "Nice"),
    *("WatchdogSec", "WorkingDirectory", "Environment", "EnvironmentFile", "Description"),
    *("PrivateTmp", "After"),
)
VALUES = st.one_of(
    st.sampled_from(
        (
            *("infinity", "0", "1", "-1", "5min 20s", "50%", "0%", "1G", "512M", "yes", "no"),
            *("notify", "forking", "oneshot", "dbus", "always", "on-success", "none", "mixed"),
            *("SIGTERM", "SIGRTMIN+3", "0022", "9", "/srv", "~", "-/srv", "A=1", "'a b=c'"),
            *("/bin/kill -HUP $MAINPID", "/bin/a ${B} $C %i", "-/bin/a '", "99999999999", "%h"),
        )
    ),
    st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S", "Z")), min_size=1),
)


def written(lines: str) -> Draft:
    return systemd_unit.draft("app.service", START + lines + "\n")


def loaded(draft: Draft, folder: Path) -> ServiceSpec:
    path = folder / "svcctl.toml"
    path.write_text(render([draft]), encoding="utf-8")
    (spec,) = load_files([path], environ={}).services.values()
    return spec


@pytest.mark.slow
@pytest.mark.posix
@given(st.lists(st.tuples(st.sampled_from(KEYS), VALUES), max_size=6))
def test_whatever_a_unit_says_its_draft_loads(lines: list[tuple[str, str]]) -> None:
    draft = written("\n".join(f"{key}={value}" for key, value in lines))

    with tempfile.TemporaryDirectory() as folder:
        spec = loaded(draft, Path(folder))

    assert spec.exec == ("/usr/bin/app",)


@pytest.mark.parametrize(
    "line",
    [
        *("KillMode=none", "Restart=on-success", "KillSignal=SIGRTMIN+3", "LimitNOFILE=infinity"),
        *("MemoryMax=infinity", "MemoryMax=50%", "TasksMax=50%", "CPUQuota=much", "Nice=low"),
        *("WatchdogSec=infinity", "WorkingDirectory=~", "UMask=9", "StartLimitBurst=many"),
        *("StartLimitIntervalSec=long", "Environment=a b=c", "PIDFile=/run/a.pid"),
        "EnvironmentFile=~/vars",
        *("ExecStartPre=/bin/a '", "ExecStop=- /bin/a", "After=network.target", "SomethingNew=1"),
    ],
)
def test_what_has_no_place_is_named(line: str) -> None:
    key, _, value = line.partition("=")
    quoted = f"{key}='{value}'" if key == "Environment" else line

    draft = written(quoted)

    assert f"not carried over: {line}" in draft.note


def test_a_key_said_twice_that_only_one_can_win_names_the_others() -> None:
    draft = written("ExecStart=/usr/bin/b\nExecReload=/bin/a\nExecReload=/bin/b")

    assert draft.options["reload.exec"] == ["/bin/b"]
    assert "not carried over: ExecStart=/usr/bin/b" in draft.note
    assert "not carried over: ExecReload=/bin/a" in draft.note


def test_a_forking_program_nobody_could_find_again_stays_a_plain_one() -> None:
    draft = written("Type=forking")

    assert "type" not in draft.options
    assert "Type=forking without PIDFile=" in draft.note


@pytest.mark.posix
def test_variables_in_a_command_are_left_to_a_shell(tmp_path: Path) -> None:
    unit = "[Service]\nExecStart=/usr/sbin/sshd -D $OPTS ${PORT}\nExecStop=/bin/kill ${MAINPID}\n"

    spec = loaded(systemd_unit.draft("ssh.service", unit), tmp_path)

    assert spec.shell
    assert spec.exec == ('exec "/usr/sbin/sshd" "-D" $OPTS "${PORT}"',)
    assert spec.hook.pre_stop == (("/bin/sh", "-c", 'exec "/bin/kill" "${MAINPID}"'),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        *(("90", "1m30s"), ("1min 30s", "1m30s"), ("2 hours", "2h"), ("1week 3days", "10d")),
        *(("500msec", "500ms"), ("2m", "2m"), ("1.5", "1s500ms")),
    ],
)
def test_lengths_of_time_are_read_as_systemd_writes_them(text: str, expected: str) -> None:
    assert written(f"RestartSec={text}").options["restart.delay"] == expected


def test_a_wait_never_grows_as_with_systemd() -> None:
    options = written("RestartSec=5min").options

    assert (options["restart.delay"], options["restart.max_delay"]) == ("5m", "5m")


def test_a_limit_of_starts_over_no_time_is_none() -> None:
    draft = written("StartLimitIntervalSec=0\nStartLimitBurst=3")

    assert draft.options["restart.max"] == 0
    assert "restart.window" not in draft.options


def test_percent_signs_are_doubled_in_units_and_nowhere_else() -> None:
    draft = written("Description=100%% sure\nEnvironment=A=5%%")

    assert (draft.options["description"], draft.env) == ("100% sure", {"A": "5%"})
