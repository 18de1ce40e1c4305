"""Texts, times and standings in systemd's words."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import Conflict, Denied, SystemFault
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.service import ServiceSpec
from svcctl.system.registrations import Registration
from svcctl.system.systemd.bus import refusal, version_number
from svcctl.system.systemd.calendar import on_calendar
from svcctl.system.systemd.quoting import command, value
from svcctl.system.systemd.standing import next_run, outside_view

REGISTRATION = Registration(
    applied=Applied(
        name="web", spec=canonical.dump(ServiceSpec(name="web", exec=("web",))), revision="r1"
    ),
    manager="systemd",
    enabled=True,
)


def read_back(line: str) -> list[str]:
    """Read a command line as systemd does, for the signs a shell would read the same."""
    return [
        each.replace("%%", "%").replace("$$", "$")
        for each in shlex.split(line.replace("\\n", "\n").replace("\\t", "\t"), posix=True)
    ]


@given(
    st.lists(
        st.text(alphabet=st.sampled_from("abc 019%$'\"\\/-=;|&<>()é中"), max_size=12), min_size=1
    )
)
def test_every_argument_is_one_word_again(argv: list[str]) -> None:
    assert read_back(command(argv)) == argv


@pytest.mark.parametrize(
    ("argv", "expected"),
    [
        (["/bin/a", "-b", "c=d"], "/bin/a -b c=d"),
        (["/bin/a", ""], '/bin/a ""'),
        (["/bin/a", "50% of $HOME"], '/bin/a "50%% of $$HOME"'),
        (["/bin/a", "x\ny\x01"], '/bin/a "x\\ny\\x01"'),
        (["/bin/a", ";"], '/bin/a ";"'),
    ],
)
def test_a_command_line_is_written_like_this(argv: list[str], expected: str) -> None:
    assert command(argv) == expected


def test_a_description_is_one_line() -> None:
    assert value("two\nlines, 100%") == "two lines, 100%%"


@pytest.mark.parametrize(
    ("cron", "expected"),
    [
        ("* * * * *", ("*-*-* *:*:00",)),
        ("*/5 * * * *", ("*-*-* *:0/5:00",)),
        ("0 3 * * mon", ("Mon *-*-* 3:0:00",)),
        ("0 3 * * 1-5", ("Mon,Tue,Wed,Thu,Fri *-*-* 3:0:00",)),
        ("0 3 * * 0,7", ("Sun *-*-* 3:0:00",)),
        ("0 3 * * 5-7", ("Fri,Sat,Sun *-*-* 3:0:00",)),
        ("0 3 * * 5/2", ("Fri,Sun *-*-* 3:0:00",)),
        ("0 3 * * */2", ("Tue,Thu,Sat,Sun *-*-* 3:0:00",)),
        ("0 3 * * 0-6", ("*-*-* 3:0:00",)),
        ("15,45 8-18/2 1 jan,7 *", ("*-1,7-1 8..18/2:15,45:00",)),
        ("0 0 */2 * *", ("*-*-1/2 0:0:00",)),
        ("0 0 */10 * fri", ("Fri *-*-1/10 0:0:00",)),
        ("0 0 13 * fri", ("*-*-13 0:0:00", "Fri *-*-* 0:0:00")),
    ],
)
def test_a_cron_line_is_the_same_time(cron: str, expected: tuple[str, ...]) -> None:
    assert on_calendar(cron) == expected


def view(**properties: str) -> object:
    found = outside_view(REGISTRATION, properties, timer={}, now=1000.0, monotonic=100.0)
    return found.phase, found.pid, found.reason


@pytest.mark.parametrize(
    ("properties", "expected"),
    [
        ({"ActiveState": "inactive"}, ("stopped", None, "")),
        ({"ActiveState": "activating", "MainPID": "7"}, ("starting", 7, "")),
        (
            {"ActiveState": "activating", "SubState": "auto-restart", "Result": "signal",
             "ExecMainStatus": "9"},
            ("backoff", None, "the host was killed by signal 9"),
        ),
        (
            {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "69"},
            ("failed", None, "svcctl gave up: it failed too often"),
        ),
        (
            {"ActiveState": "failed", "Result": "exit-code", "ExecMainStatus": "69",
             "StatusText": "exit code 3"},
            ("failed", None, "exit code 3"),
        ),
        (
            {"ActiveState": "failed", "Result": "watchdog"},
            ("failed", None, "the host gave no sign of life"),
        ),
        (
            {"ActiveState": "inactive", "LoadState": "not-found"},
            ("stopped", None, "its unit is gone: svcctl install it anew"),
        ),
        ({"ActiveState": "deactivating", "MainPID": "7"}, ("stopping", 7, "")),
    ],
)  # fmt: skip
def test_a_unit_stands_as_its_properties_say(
    properties: dict[str, str], expected: tuple[str, int | None, str]
) -> None:
    assert view(**properties) == expected


def test_a_start_is_given_in_the_time_of_clocks() -> None:
    properties = {
        "ActiveState": "active", "MainPID": "7", "ActiveEnterTimestampMonotonic": "40000000",
    }  # fmt: skip

    found = outside_view(REGISTRATION, properties, timer={}, now=1000.0, monotonic=100.0)

    assert found.started_at == 940.0


@pytest.mark.parametrize(
    ("timer", "expected"),
    [
        ({}, None),
        ({"ActiveState": "inactive", "NextElapseUSecRealtime": "5000000"}, None),
        ({"ActiveState": "active", "NextElapseUSecRealtime": "5000000"}, 5.0),
        ({"ActiveState": "active", "NextElapseUSecMonotonic": "101000000"}, 1001.0),
        ({"ActiveState": "active", "NextElapseUSecRealtime": "0"}, None),
    ],
)
def test_a_timer_says_when_it_elapses(timer: dict[str, str], expected: float | None) -> None:
    assert next_run(timer, now=1000.0, monotonic=100.0) == expected


def test_a_unit_that_was_changed_on_disk_is_not_applied() -> None:
    properties = {"ActiveState": "inactive", "NeedDaemonReload": "yes"}

    found = outside_view(
        replace(REGISTRATION, enabled=False), properties, timer={}, now=1.0, monotonic=1.0
    )

    assert (found.applied, found.enabled) == (False, False)


@pytest.mark.parametrize(
    ("said", "kind"),
    [
        ("Access denied", Denied),
        ("Interactive authentication required.", Denied),
        ("Unit web.service is masked.", Conflict),
        ("Failed to connect to bus: No medium found", SystemFault),
        ("", SystemFault),
    ],
)
def test_a_refusal_of_systemd_is_an_error_of_ours(said: str, kind: type[Exception]) -> None:
    found = refusal("start web.service", said)

    assert type(found) is kind
    assert "systemd refused to 'start web.service'" in found.problem
    assert not found.problem.endswith(".")


def test_what_ended_without_a_host_tells_how_it_ended_itself() -> None:
    spec = ServiceSpec(name="web", exec=("web",), host=False)
    applied = Applied(name="web", spec=canonical.dump(spec), revision="r1")
    properties = {
        "ActiveState": "failed",
        "Result": "exit-code",
        "ExecMainCode": "1",
        "ExecMainStatus": "78",
        "StatusText": "stopped",
    }

    found = outside_view(
        replace(REGISTRATION, applied=applied), properties, timer={}, now=0.0, monotonic=0.0
    )

    assert (found.phase, found.exit_code) == ("failed", 78)
    assert found.reason == "its configuration is bad"


@pytest.mark.parametrize(
    ("text", "number"), [("252.36-1~deb12u1", 252), ("v256", 256), ("", 0), ("unknown", 0)]
)
def test_the_version_of_systemd_is_its_first_number(text: str, number: int) -> None:
    assert version_number(text) == number
