"""The units of a service, as text: whole ones beside files, single options by themselves."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from svcctl.spec.native import Sandbox, SystemdOptions
from svcctl.spec.policy import (
    Hooks,
    Limits,
    LogPolicy,
    LogTo,
    Overlap,
    ReloadPolicy,
    RestartPolicy,
    Schedule,
    StopPolicy,
    StopStep,
)
from svcctl.spec.probe import Probe, Purpose
from svcctl.spec.service import Need, SecretsAs, ServiceSpec, Start, Type
from svcctl.system.systemd.direct import direct_units
from svcctl.system.systemd.plain import lost, plain_unit
from svcctl.system.systemd.unit_file import Site, started_by, units

GOLDEN = Path(__file__).parent / "golden"

SITE = Site(
    argv=("/usr/bin/python3", "-I", "/opt/my svcctl/server/host.py", "--system", "web"),
    state="/var/lib/svcctl/hosts/web",
    run="/run/svcctl/h/0123456789ab",
    logs="/var/log/svcctl/web",
)

PLAIN = ServiceSpec(name="web", exec=("/usr/bin/web", "--port", "80"), cwd="/srv/web")

FULL = replace(
    PLAIN,
    description="the web, 100% of it",
    user="www",
    group="www-data",
    supplementary_groups=("ssl", "adm"),
    umask=0o027,
    no_new_privs=True,
    cap_bound=("net_bind_service", "chown"),
    needs={"db": Need.READY},
    after=("cache",),
    stop=StopPolicy(sequence=(StopStep(http="http://127.0.0.1/stop", timeout=5.0),
                              StopStep(signal="INT", timeout=20.0))),
    hook=Hooks(pre_start=(("/bin/check", "a b"),), post_stop=(("/bin/clean",),), timeout=7.0),
    limits=Limits(memory=512 * 1024**2, cpu=1.5, tasks=64, nofile=4096, nice=-5, affinity=(0, 2),
                  rlimit={"core": 0, "memlock": -1}),
    secrets={"TOKEN": "file:/etc/web/token"},
    sandbox=Sandbox.STRICT,
    systemd=SystemdOptions(unit=("Wants=chrony.service",), service=("Slice=web.slice",),
                           install=("Alias=www.service",)),
)  # fmt: skip

RICH = replace(
    FULL,
    env={"A": "1 $2", "B": "50%"},
    env_file=("/etc/web.env", "-/etc/more.env"),
    restart=RestartPolicy(delay=2.0, max=3, window=60.0, ok_exit=(0, 3), never_exit=(78,)),
    reload=ReloadPolicy(signal="HUP"),
    ready="notify",
    health=(
        Probe(heartbeat=30.0, purpose=Purpose.LIVE),
        Probe(http="http://127.0.0.1/health", purpose=Purpose.READY),
    ),
)

DIRECT = replace(
    PLAIN,
    exec=("/usr/bin/python3", "/srv/web/web.py", "run", "--config", "prod 1.toml"),
    host=False,
    env={"TZ": "UTC"},
    ready="notify",
    reload=ReloadPolicy(signal="HUP"),
    health=(Probe(heartbeat=30.0),),
)
DIRECT_SITE = replace(SITE, state="/var/lib/svcctl/services/web", logs="")


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("plain.service", lambda: units(PLAIN, SITE)["web.service"]),
        ("full.service", lambda: units(FULL, SITE)["web.service"]),
        (
            "user.service",
            lambda: units(PLAIN, replace(SITE, user_scope=True, state="/home/ann/s",
                                         run="/run/user/1/s", logs="/home/ann/l"))["web.service"],
        ),
        (
            "elsewhere.service",
            lambda: units(replace(PLAIN, user="www"), replace(SITE, state="/srv/s 1/hosts/web",
                          run="/srv/s 1/run", logs="/srv/s 1/logs/web"))["web.service"],
        ),
        (
            "job.timer",
            lambda: units(replace(PLAIN, schedule=Schedule(cron="*/5 3 * * mon-fri")), SITE)[
                "web.timer"
            ],
        ),
        ("direct.service", lambda: direct_units(DIRECT, DIRECT_SITE)["web.service"]),
        ("exported.service", lambda: plain_unit(PLAIN)),
        ("exported-rich.service", lambda: plain_unit(RICH)),
    ],
)  # fmt: skip
def test_a_unit_reads_as_the_one_beside_this_test(name: str, text: object) -> None:
    assert callable(text)

    assert text() == (GOLDEN / name).read_text()


def options(unit: str) -> dict[str, str]:
    """Give the options of a unit, the last of each name."""
    return dict(line.split("=", 1) for line in unit.splitlines() if "=" in line)


def test_a_systemd_that_can_waits_for_the_end_of_a_reload() -> None:
    site = replace(DIRECT_SITE, reloads_notified=True)

    found = options(direct_units(DIRECT, site)["web.service"])

    assert (found["Type"], found["NotifyAccess"]) == ("notify-reload", "main")
    assert "ExecReload" not in found


@pytest.mark.parametrize("changes", [{"ready": "exec", "health": ()}, {"reload": ReloadPolicy()}])
def test_who_does_not_speak_or_takes_no_signal_is_not_waited_for(changes: dict[str, Any]) -> None:
    site = replace(DIRECT_SITE, reloads_notified=True)

    found = options(direct_units(replace(DIRECT, **changes), site)["web.service"])

    assert found["Type"] != "notify-reload"


def test_a_folder_that_systemd_does_not_make_is_named_to_the_service() -> None:
    site = replace(DIRECT_SITE, state="/home/ann/s 1/web", user_scope=True)

    unit = direct_units(DIRECT, site)["web.service"]

    assert 'Environment="STATE_DIRECTORY=/home/ann/s 1/web"' in unit
    assert "WantedBy=default.target" in unit


def test_a_service_without_a_host_has_its_timer_all_the_same() -> None:
    spec = replace(DIRECT, schedule=Schedule(cron="0 3 * * *"))

    found = direct_units(spec, DIRECT_SITE)

    assert set(found) == {"web.service", "web.timer"}
    assert "[Install]" not in found["web.service"]


def test_a_delayed_service_is_started_by_a_timer_and_its_own_unit_is_not_installed() -> None:
    spec = replace(PLAIN, start=Start.DELAYED)

    found = units(spec, SITE)

    assert "OnBootSec=60s" in found["web.timer"]
    assert "[Install]" not in found["web.service"]
    assert started_by(spec) == "web.timer"


@pytest.mark.parametrize(
    "schedule",
    [
        Schedule(every=60.0, overlap=Overlap.QUEUE),
        Schedule(cron="0 0 L * *"),
        Schedule(cron="0 0 LW jul *"),
        Schedule(cron="0 0 * * 5#2"),
        Schedule(cron="0 0 * * 5L"),
    ],
)
def test_what_no_timer_can_do_is_left_to_the_host(schedule: Schedule) -> None:
    spec = replace(PLAIN, schedule=schedule)

    assert list(units(spec, SITE)) == ["web.service"]
    assert started_by(spec) == "web.service"


def test_names_of_months_and_days_are_no_last_days() -> None:
    spec = replace(PLAIN, schedule=Schedule(cron="0 0 * jul wed"))

    assert started_by(spec) == "web.timer"


def test_starts_by_the_clock_are_not_limited() -> None:
    spec = replace(PLAIN, schedule=Schedule(every=1.0))

    text = units(spec, SITE)["web.service"]

    assert "StartLimitIntervalSec=0\n" in text


def test_a_schedule_by_length_counts_from_the_start() -> None:
    timer = units(replace(PLAIN, schedule=Schedule(every=90.0)), SITE)["web.timer"]

    assert "OnActiveSec=90s\nOnUnitActiveSec=90s\n" in timer


@pytest.mark.parametrize(
    ("secrets_as", "user", "expected"),
    [
        (SecretsAs.FILE, None, True),
        (SecretsAs.FILE, "www", True),
        (SecretsAs.ENV, None, False),
        (SecretsAs.ENV, "www", True),
    ],
)
def test_a_secret_is_a_credential_where_the_host_may_not_read_it_or_need_not(
    secrets_as: SecretsAs, user: str | None, *, expected: bool
) -> None:
    spec = replace(PLAIN, secrets={"T": "file:/etc/t"}, secrets_as=secrets_as, user=user)

    text = units(spec, SITE)["web.service"]

    assert ("LoadCredential=T:/etc/t" in text) == expected


def test_what_a_person_wrote_comes_last_and_so_wins() -> None:
    spec = replace(PLAIN, systemd=SystemdOptions(service=("KillMode=process", "Nice = 3")))

    lines = units(spec, SITE)["web.service"].splitlines()

    assert lines.index("KillMode=mixed") < lines.index("KillMode=process")
    assert "Nice=3" in lines


def test_a_stop_gets_the_time_of_all_its_steps_and_hooks() -> None:
    text = units(FULL, SITE)["web.service"]

    assert "TimeoutStopSec=42s" in text  # 5 + 20 for the steps, 7 for a hook, 10 to spare


def test_homes_stay_readable_where_the_program_lives_in_one() -> None:
    at_home = replace(PLAIN, exec=("/home/ann/app",), sandbox=Sandbox.STRICT)
    elsewhere = replace(PLAIN, sandbox=Sandbox.STRICT)

    assert "ProtectHome=read-only" in units(at_home, SITE)["web.service"]
    assert "ProtectHome=yes" in units(elsewhere, SITE)["web.service"]


def test_an_export_says_what_systemd_alone_cannot_do() -> None:
    spec = replace(
        RICH,
        ready="port:80",
        instances=3,
        schedule=Schedule(every=1.0),
        limits=Limits(memory_restart=1),
        hook=Hooks(pause=("p",)),
        reload=ReloadPolicy(watch=("/etc/web.conf",)),
    )

    said = " ".join(lost(spec))

    for word in ("http probe", "port:80", "schedule", "3 instances", "memory_restart", "watch",
                 "grow", "HTTP", "pause"):  # fmt: skip
        assert word in said


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        (PLAIN, "Type=exec"),
        (replace(PLAIN, ready="notify"), "Type=notify"),
        (replace(PLAIN, type=Type.ONESHOT), "Type=oneshot"),
        (replace(PLAIN, type=Type.FORKING, pid_file="/run/w.pid"), "PIDFile=/run/w.pid"),
        (replace(PLAIN, shell=True, exec=("a | b",)), 'ExecStart=/bin/sh -c "a | b"'),
        (replace(PLAIN, start=Start.MANUAL), "[Service]"),
        (replace(PLAIN, exec=("./bin/web", "./x")), "ExecStart=/srv/web/bin/web ./x"),
        (replace(PLAIN, exec=("web",)), "ExecStart=web"),
        (replace(PLAIN, ready="port:80"), "Type=exec"),
        (replace(PLAIN, reload=ReloadPolicy(exec=("web", "-r"))), "ExecReload=web -r"),
        (replace(PLAIN, log=LogPolicy(to=LogTo.NULL)), "StandardOutput=null"),
        (replace(PLAIN, restart=RestartPolicy(max=0)), "StartLimitIntervalSec=0"),
        (replace(PLAIN, stdin="file:/etc/in"), "StandardInput=file:/etc/in"),
        (replace(PLAIN, python="a:B"), "Environment=SVCCTL_SERVICE=web"),
    ],
)
def test_an_export_maps_each_option(spec: ServiceSpec, expected: str) -> None:
    assert expected in plain_unit(spec).splitlines()
