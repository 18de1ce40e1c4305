"""Services of native managers as first versions of definitions: nothing is dropped in silence."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.spec.convert import systemd_unit, windows_service
from svcctl.spec.convert.nssm import NssmSettings
from svcctl.spec.convert.windows_service import Found
from svcctl.spec.draft import Draft, render
from svcctl.spec.load import load_files
from svcctl.spec.service import ServiceSpec

UNIT = r"""
# /lib/systemd/system/web.service
[Unit]
Description=A web server
After=network.target

[Service]
Type=notify
Environment=A=1 "B=two words"
Environment=C=50%%
EnvironmentFile=-/etc/default/web
ExecStartPre=/usr/bin/test -e /etc/web.conf
ExecStart=
ExecStart=-/usr/sbin/web --root \
    "/srv/my site"
ExecReload=/bin/kill -HUP $MAINPID
Restart=on-failure
RestartSec=500ms
TimeoutStopSec=1min 30s
StartLimitBurst=4
KillSignal=SIGQUIT
KillMode=mixed
User=www
Group=www-data
UMask=0027
LimitNOFILE=4096:8192
MemoryMax=536870912
CPUQuota=150%
TasksMax=100
Nice=5
WatchdogSec=20
WorkingDirectory=/srv
PrivateTmp=yes

# /etc/systemd/system/web.service.d/ours.conf
[Service]
Nice=7

[Install]
WantedBy=multi-user.target
"""


def loaded(draft: Draft, tmp_path: Path) -> ServiceSpec:
    """Give the draft as the loader reads what is written of it."""
    path = tmp_path / "svcctl.toml"
    path.write_text(render([draft]), encoding="utf-8")
    (spec,) = load_files([path], environ={}).services.values()
    return spec


@pytest.mark.posix
def test_a_unit_is_taken_over_with_its_drop_ins(tmp_path: Path) -> None:
    found = systemd_unit.draft("web.service", UNIT)

    spec = loaded(found, tmp_path)

    assert spec.exec == ("/usr/sbin/web", "--root", "/srv/my site")
    assert spec.env == {"A": "1", "B": "two words", "C": "50%"}
    assert (spec.ready, spec.cwd, spec.user, spec.group) == ("notify", "/srv", "www", "www-data")
    assert (spec.restart.delay, spec.restart.max, spec.stop.timeout) == (0.5, 4, 90.0)
    assert (spec.stop.signal, str(spec.stop.tree), spec.umask) == ("QUIT", "mixed", 0o027)
    assert (spec.limits.nofile, spec.limits.memory, spec.limits.cpu) == (4096, 512 * 1024**2, 1.5)
    assert (spec.limits.tasks, spec.limits.nice, spec.reload.signal) == (100, 7, "HUP")
    assert spec.hook.pre_start == (("/usr/bin/test", "-e", "/etc/web.conf"),)
    assert spec.health[0].heartbeat == 20.0


def test_what_a_unit_says_beyond_that_is_named() -> None:
    found = systemd_unit.draft("web.service", UNIT)

    assert "not carried over: PrivateTmp=yes" in found.note
    assert "not carried over: After=network.target" in found.note
    assert "the marks before '/usr/sbin/web" in found.note


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("Type=oneshot", {"type": "oneshot"}),
        ("Type=forking\nPIDFile=/run/a.pid", {"type": "forking", "pid_file": "/run/a.pid"}),
        ("ExecReload=/usr/bin/a -s reload", {"reload.exec": ["/usr/bin/a", "-s", "reload"]}),
        ("ExecReload=/bin/kill -s USR1 $MAINPID", {"reload.signal": "USR1"}),
        ("ExecStop=/usr/bin/a stop", {"hook.pre_stop": [["/usr/bin/a", "stop"]]}),
        ("Restart=always", {"restart.policy": "always"}),
        ("", {"restart.policy": "never"}),
        ("KillMode=process", {"stop.tree": "main"}),
        ("RestartSec=3", {"restart.delay": "3s"}),
    ],
)
def test_each_line_has_its_option(lines: str, expected: dict[str, object]) -> None:
    found = systemd_unit.draft("a.service", f"[Service]\nExecStart=/usr/bin/a\n{lines}\n")

    assert expected.items() <= dict(found.options).items()


@pytest.mark.parametrize(
    ("line", "note"),
    [
        ("TimeoutStopSec=infinity", "not carried over: TimeoutStopSec=infinity"),
        ("Type=dbus", "Type=dbus became a plain service"),
        ("ExecStart=/usr/bin/b", "only the first ExecStart"),
        ("Environment=X=%i", "replace systemd's specifiers"),
    ],
)
def test_each_line_without_one_has_a_note(line: str, note: str) -> None:
    found = systemd_unit.draft("a.service", f"[Service]\nExecStart=/usr/bin/a\n{line}\n")

    assert note in found.note


NSSM = Found(
    name="My Service",
    command=r"C:\tools\nssm.exe",
    display_name="My Service",
    description="does things",
    start="delayed",
    account=r".\bob",
    dependencies=("Tcpip", "+NetworkProvider"),
    nssm=NssmSettings(
        parameters={
            "Application": r"C:\apps\my app\app.exe",
            "AppParameters": r'--port 8080 "--name=a b"',
            "AppDirectory": r"C:\apps\my app",
            "AppEnvironmentExtra": ["A=1", "B=x=y"],
            "AppRestartDelay": 2000,
            "AppThrottle": 1500,
            "AppStopMethodSkip": 4,
            "AppStopMethodConsole": 9000,
            "AppStdout": r"C:\logs\out.log",
            "AppStderr": r"C:\logs\out.log",
            "AppRotateFiles": 1,
            "AppRotateBytes": 1048576,
            "AppPriority": 0x4000,
            "AppAffinity": "0-1,3",
            "AppTimestampLog": 1,
        },
        exits={"": "Restart", "0": "Exit", "3": "Ignore", "4": "Restart", "five": "Exit"},
        events={"Start/Pre": r'"C:\apps\my app\check.exe" -v', "Rotate/Post": "mail.exe"},
    ),
)


def test_a_service_of_nssm_is_the_program_it_wraps(tmp_path: Path) -> None:
    found = windows_service.draft(NSSM, is_file=lambda _: False)

    spec = loaded(found, tmp_path)

    assert spec.name == "my-service"
    assert spec.exec == (r"C:\apps\my app\app.exe", "--port", "8080", "--name=a b")
    assert (spec.env, str(spec.start), spec.user) == ({"A": "1", "B": "x=y"}, "delayed", r".\bob")
    assert (str(spec.restart.policy), spec.restart.never_exit) == ("on-failure", (3,))
    assert (spec.restart.delay, spec.restart.max_delay, spec.restart.max) == (2.0, 2.0, 0)
    assert spec.hook.pre_start == ((r"C:\apps\my app\check.exe", "-v"),)
    assert [(each.signal, each.timeout) for each in spec.stop.steps()] == [
        ("CTRL_C", 9.0),
        ("WM_CLOSE", 1.5),
    ]
    assert (str(spec.log.stderr), spec.log.max_size) == ("merge", 1048576)
    assert (str(spec.windows.priority), spec.limits.affinity) == ("below-normal", (0, 1, 3))
    assert spec.windows.depends_on == ("Tcpip",)
    assert spec.windows.depends_on_groups == ("NetworkProvider",)


def test_what_nssm_does_beyond_that_is_named() -> None:
    found = windows_service.draft(NSSM, is_file=lambda _: False)

    for each in (
        "say where the password of .\\bob is, in windows.password",
        "not carried over: AppExit five = 'Exit'",
        "not carried over: AppEvents Rotate/Post = 'mail.exe'",
        "not carried over: AppTimestampLog = 1",
        r"output went to C:\logs\out.log",
    ):
        assert each in found.note


def test_a_service_that_speaks_to_the_scm_itself_says_so() -> None:
    plain = Found(
        name="Spooler", command=r"C:\Program Files\spool\spool.exe -k x", start="auto",
        account="LocalSystem",
    )  # fmt: skip

    found = windows_service.draft(
        plain, is_file=lambda path: path == r"C:\Program Files\spool\spool.exe"
    )

    assert found.exec == (r"C:\Program Files\spool\spool.exe", "-k", "x")
    assert found.options == {"start": "auto", "user": "LocalSystem"}
    assert "it speaks to the SCM itself" in found.note
