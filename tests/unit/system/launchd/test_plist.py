"""Property lists have documented keys of documented types, whatever the service is."""

from __future__ import annotations

import plistlib
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.spec.handover import to_launchd_host
from svcctl.spec.policy import (
    Hooks,
    Limits,
    LogPolicy,
    LogTo,
    Overlap,
    RestartPolicy,
    RestartWhen,
    Schedule,
    StopPolicy,
    StopStep,
)
from svcctl.spec.probe import Probe
from svcctl.spec.service import Scope, ServiceSpec, Start, Type
from svcctl.system.launchd.ending import exit_status
from svcctl.system.launchd.plist import Site, host_plist, label, lost, plain_plist

SITE = Site(argv=("/usr/bin/python3", "-I", "host.py", "web"), output="/var/lib/host.log")
WEB = ServiceSpec(name="web", exec=("/usr/bin/app", "--serve"), cwd="/srv")


def is_limits(value: object) -> bool:
    known = {
        *("Core", "CPU", "Data", "FileSize", "MemoryLock", "NumberOfFiles"),
        *("NumberOfProcesses", "ResidentSetSize", "Stack"),
    }
    return isinstance(value, dict) and value.keys() <= known and all(map(is_count, value.values()))


def is_count(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def is_calendar(value: object) -> bool:
    ranges = {
        "Minute": range(60),
        "Hour": range(24),
        "Day": range(1, 32),
        "Weekday": range(8),
        "Month": range(1, 13),
    }
    if not isinstance(value, list):
        return False
    entries: list[dict[str, int]] = value
    return all(each[key] in ranges[key] for each in entries for key in each)


def is_keep_alive(value: object) -> bool:
    if isinstance(value, dict):
        allowed = value.keys() <= {"SuccessfulExit", "Crashed"}
        return allowed and all(isinstance(each, bool) for each in value.values())
    return isinstance(value, bool)


def is_text(value: object) -> bool:
    return isinstance(value, str) and value != ""


def is_texts(value: object) -> bool:
    return isinstance(value, list) and bool(value) and all(isinstance(each, str) for each in value)


def is_flag(value: object) -> bool:
    return isinstance(value, bool)


DOCUMENTED: dict[str, Callable[[object], bool]] = {
    "Label": is_text,
    "ProgramArguments": is_texts,
    "RunAtLoad": is_flag,
    "KeepAlive": is_keep_alive,
    "ThrottleInterval": is_count,
    "StartInterval": lambda value: is_count(value) and value != 0,
    "StartCalendarInterval": is_calendar,
    "WorkingDirectory": is_text,
    "EnvironmentVariables": lambda value: isinstance(value, dict),
    "UserName": is_text,
    "GroupName": is_text,
    "Umask": is_count,
    "Nice": lambda value: isinstance(value, int) and -20 <= value <= 20,
    "SoftResourceLimits": is_limits,
    "HardResourceLimits": is_limits,
    "ExitTimeOut": is_count,
    "ProcessType": lambda value: value in {"Background", "Standard", "Adaptive", "Interactive"},
    "StandardInPath": is_text,
    "StandardOutPath": is_text,
    "StandardErrorPath": is_text,
}
"""The keys of launchd.plist(5) that we write, each with what its value must be."""

specs = st.builds(
    ServiceSpec,
    name=st.from_regex(r"[a-z0-9][a-z0-9._-]{0,20}", fullmatch=True),
    exec=st.tuples(st.just("/usr/bin/app"), st.text("ab -'\"<&>é", min_size=1)),
    shell=st.booleans(),
    cwd=st.sampled_from(("", "/srv", "/srv/a b")),
    env=st.dictionaries(st.sampled_from(("A", "B")), st.text("x<&]>-$", max_size=4)),
    user=st.sampled_from((None, "app")),
    group=st.sampled_from((None, "app")),
    umask=st.sampled_from((None, 0, 0o27)),
    stdin=st.sampled_from(("null", "open", "file:/in")),
    start=st.sampled_from(Start),
    scope=st.sampled_from(Scope),
    type=st.sampled_from(Type),
    ready=st.sampled_from(("exec", "log:--->", "health")),
    restart=st.builds(
        RestartPolicy,
        policy=st.sampled_from(RestartWhen),
        delay=st.floats(0, 1e6),
        max_delay=st.floats(0, 1e6),
    ),
    stop=st.builds(StopPolicy, signal=st.sampled_from(("TERM", "INT")), timeout=st.floats(0, 1e6)),
    limits=st.builds(
        Limits,
        nofile=st.none() | st.integers(1, 9999),
        rlimit=st.dictionaries(
            st.sampled_from(("as", "core", "memlock", "nproc")), st.integers(-1, 2**63 - 1)
        ),
        nice=st.integers(-20, 19),
    ),
    log=st.builds(LogPolicy, to=st.sampled_from(LogTo)),
    schedule=st.none()
    | st.builds(Schedule, every=st.floats(0.001, 1e7))
    | st.builds(
        Schedule,
        cron=st.sampled_from(("* * * * *", "*/15 3 * * mon", "0 0 1,15 1-6 *", "5 4 1 * fri")),
    ),
)


def document(written: bytes) -> dict[str, object]:
    found: dict[str, object] = plistlib.loads(written)
    return found


def undocumented(written: bytes) -> dict[str, object]:
    return {
        key: value
        for key, value in document(written).items()
        if key not in DOCUMENTED or not DOCUMENTED[key](value)
    }


@given(specs)
def test_every_key_of_a_host_is_documented_and_of_its_type(spec: ServiceSpec) -> None:
    assert undocumented(host_plist(spec, SITE)) == {}


@given(specs)
def test_every_key_of_a_plain_list_is_documented_and_of_its_type(spec: ServiceSpec) -> None:
    written = plain_plist(spec)

    assert undocumented(written) == {}
    assert document(written)["ProgramArguments"] == [
        *(("/bin/sh", "-c") if spec.shell else ()),
        *spec.exec,
    ]


def test_the_host_starts_at_load_and_is_kept_alive_while_it_fails() -> None:
    assert document(host_plist(WEB, SITE)) == {
        "Label": "org.svcctl.web",
        "ProgramArguments": ["/usr/bin/python3", "-I", "host.py", "web"],
        "RunAtLoad": True,
        "KeepAlive": {"SuccessfulExit": False},
        "ThrottleInterval": 10,
        "ExitTimeOut": 25,
        "ProcessType": "Interactive",
        "StandardOutPath": "/var/lib/host.log",
        "StandardErrorPath": "/var/lib/host.log",
    }


@pytest.mark.parametrize(
    ("name", "spec"),
    [
        ("host", WEB),
        ("host-as-user", replace(WEB, user="app", group="staff")),
        ("host-daily", replace(WEB, user="app", schedule=Schedule(cron="30 3 * * *"))),
    ],
)
def test_a_list_is_written_to_the_letter(name: str, spec: ServiceSpec) -> None:
    golden = Path(__file__).parent / "golden" / f"{name}.plist"

    assert host_plist(spec, SITE) == golden.read_bytes()


def test_the_host_is_the_user_the_service_runs_as() -> None:
    found = document(host_plist(replace(WEB, user="app", group="staff"), SITE))

    assert (found["UserName"], found["GroupName"]) == ("app", "staff")


@pytest.mark.parametrize(
    "changes",
    [
        {"secrets": {"TOKEN": "file:/etc/token"}},
        {"limits": Limits(nofile=100_000)},
        {"limits": Limits(rlimit={"core": -1})},
        {"limits": Limits(nice=-5)},
        {"supplementary_groups": ("tls",)},
        {"user": "501"},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_the_host_is_root_for_what_only_root_can_do(changes: dict[str, Any]) -> None:
    spec = replace(WEB, **{"user": "app", **changes})

    assert "UserName" not in document(host_plist(spec, SITE))
    assert to_launchd_host(spec).user == spec.user


def test_who_the_host_is_the_program_need_not_become() -> None:
    assert to_launchd_host(replace(WEB, user="app", group="staff")).user is None


def test_a_user_s_own_host_is_that_user_anyway() -> None:
    spec = replace(WEB, scope=Scope.USER)

    assert "UserName" not in document(host_plist(spec, SITE))


@pytest.mark.parametrize(
    ("status", "label_told", "expected"),
    [
        (69, "org.svcctl.web", 0),
        (78, "org.svcctl.web", 0),
        (1, "org.svcctl.web", 1),
        (0, "org.svcctl.web", 0),
        (69, "org.svcctl.other", 69),
        (69, "", 69),
    ],
)
def test_a_host_that_gave_up_is_not_started_for_ever(
    status: int, label_told: str, expected: int
) -> None:
    assert exit_status(status, "web", {"XPC_SERVICE_NAME": label_told}) == expected


def test_what_does_not_start_by_itself_is_not_kept_alive_in_a_way_that_starts_it() -> None:
    found = document(host_plist(WEB, replace(SITE, enabled=False)))

    assert (found["RunAtLoad"], found["KeepAlive"]) == (False, {"Crashed": True})


def test_a_schedule_starts_the_host_instead_of_the_load() -> None:
    spec = replace(WEB, schedule=Schedule(every=90.0))

    found = document(host_plist(spec, SITE))

    assert (found["StartInterval"], found["RunAtLoad"]) == (90, False)
    assert found["KeepAlive"] == {"Crashed": True}


def test_runs_that_overlap_are_refused_for_a_host_and_told_of_in_a_plain_list() -> None:
    spec = replace(WEB, schedule=Schedule(every=90.0, overlap=Overlap.QUEUE))

    with pytest.raises(SpecError, match="cannot queue"):
        host_plist(spec, SITE)

    assert "the schedule: service 'web': launchd skips" in plain_plist(spec).decode()


def test_the_time_for_a_stop_covers_its_steps_and_hooks() -> None:
    spec = replace(
        WEB,
        stop=StopPolicy(sequence=(StopStep(signal="INT", timeout=5.0), StopStep(exec=("a",)))),
        hook=Hooks(pre_stop=(("b",),), timeout=7.5),
    )

    assert document(host_plist(spec, SITE))["ExitTimeOut"] == 5 + 15 + 8 + 10


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        (RestartWhen.ALWAYS, True),
        (RestartWhen.ON_FAILURE, {"SuccessfulExit": False}),
        (RestartWhen.ON_ABNORMAL, {"Crashed": True}),
        (RestartWhen.NEVER, None),
    ],
)
def test_a_plain_list_restarts_as_the_service_does(policy: RestartWhen, expected: object) -> None:
    spec = replace(WEB, restart=RestartPolicy(policy=policy))

    assert document(plain_plist(spec)).get("KeepAlive") == expected


def test_a_plain_list_has_the_program_s_own_surroundings() -> None:
    spec = replace(
        WEB,
        env={"A": "1"},
        user="app",
        group="staff",
        umask=0o27,
        limits=Limits(nofile=100, rlimit={"core": 0, "memlock": -1}, nice=5),
    )

    found = document(plain_plist(spec))

    assert found["Label"] == "local.web"
    assert found["WorkingDirectory"] == "/srv"
    assert found["EnvironmentVariables"] == {"A": "1"}
    assert (found["UserName"], found["GroupName"], found["Umask"]) == ("app", "staff", 0o27)
    assert found["SoftResourceLimits"] == {"Core": 0, "NumberOfFiles": 100}
    assert found["Nice"] == 5
    assert found["StandardOutPath"] == "/var/log/web.log"


def test_what_a_plain_list_cannot_do_is_told_in_a_comment_that_is_good_xml() -> None:
    spec = replace(WEB, ready="log:--->", health=(Probe(tcp="127.0.0.1:80"),), instances=2)

    written = plain_plist(spec)

    assert "the tcp probe (live)" in lost(spec)
    assert "2 instances" in lost(spec)
    comment = written.partition(b"<!--\n")[2].partition(b"-->\n<plist")[0]
    assert b"--" not in comment
    assert document(written)["Label"] == "local.web"


def test_a_service_that_needs_nothing_more_loses_nothing() -> None:
    spec = replace(WEB, restart=RestartPolicy(factor=1.0, max=0))

    assert lost(spec) == []
    assert b"<!--" not in plain_plist(spec)


def test_labels_are_names_turned_round() -> None:
    assert label("web") == "org.svcctl.web"
