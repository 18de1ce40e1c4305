"""Both ways to systemd, before the same tests."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.errors import Conflict, SystemFault
from svcctl.system.systemd.bus import Systemctl, SystemdBus
from tests.system.systemd.inside.conftest import UNITS, state, until

Write = Callable[[str, str], str]

SLEEP = "[Service]\nExecStart=/bin/sleep 1000\n\n[Install]\nWantedBy=multi-user.target\n"
FAILS = "[Service]\nType=oneshot\nExecStart=/bin/false\n"
SAME = ("ActiveState", "SubState", "Result", "MainPID", "ExecMainStatus", "ExecMainCode",
        "NRestarts", "LoadState", "UnitFileState", "StatusText", "FragmentPath", "DropInPaths",
        "NeedDaemonReload", "ActiveEnterTimestampMonotonic")  # fmt: skip


def test_a_unit_is_started_restarted_and_stopped(bus: SystemdBus, unit: Write) -> None:
    name = unit("bus.service", SLEEP)

    bus.start(name)
    until(lambda: state(bus, name) == "active")
    first = bus.properties([name])[name]["MainPID"]
    bus.restart(name)
    until(lambda: bus.properties([name])[name]["MainPID"] not in {first, "0"})
    bus.stop(name)

    until(lambda: state(bus, name) == "inactive")


def test_both_ways_say_the_same_of_units(bus: SystemdBus, unit: Write) -> None:
    names = [unit("bus.service", SLEEP), unit("fails.service", FAILS), "no-such.service"]
    drop_in = UNITS / "bus.service.d" / "more.conf"
    drop_in.parent.mkdir()
    drop_in.write_text("[Service]\nNice=3\n")
    bus.reload_units()
    bus.start(names[0])
    bus.start(names[1])
    until(lambda: (state(bus, names[0]), state(bus, names[1])) == ("active", "failed"))

    found, other = bus.properties(names), Systemctl().properties(names)
    drop_in.unlink()
    drop_in.parent.rmdir()

    for name in names:
        assert {key: found[name].get(key, "") for key in SAME} == {
            key: other[name].get(key, "") for key in SAME
        }
    assert found["no-such.service"]["LoadState"] == "not-found"
    assert found["bus.service"]["DropInPaths"] == str(drop_in)


def test_many_units_are_told_of_as_each_is_alone(bus: SystemdBus, unit: Write) -> None:
    name = unit("bus.service", SLEEP)
    names = [name, *(f"no-such-{number}.service" for number in range(10))]
    bus.start(name)
    until(lambda: state(bus, name) == "active")

    found = bus.properties(names)

    assert list(found) == names
    for each in (name, names[-1]):
        alone = bus.properties([each])[each]
        assert {key: found[each].get(key, "") for key in SAME} == {
            key: alone.get(key, "") for key in SAME
        }


def test_no_units_have_no_properties(bus: SystemdBus) -> None:
    assert bus.properties([]) == {}


def test_a_unit_is_enabled_and_disabled(bus: SystemdBus, unit: Write) -> None:
    name = unit("bus.service", SLEEP)

    bus.enable([name])
    bus.reload_units()
    enabled = bus.properties([name])[name]["UnitFileState"]
    bus.disable([name])
    bus.reload_units()

    assert enabled == "enabled"
    assert bus.properties([name])[name]["UnitFileState"] == "disabled"


def test_a_failure_is_forgotten(bus: SystemdBus, unit: Write) -> None:
    name = unit("fails.service", FAILS)
    bus.start(name)
    until(lambda: state(bus, name) == "failed")

    bus.reset_failed(name)

    assert state(bus, name) == "inactive"


def test_there_is_nothing_to_forget_of_what_is_not_loaded(bus: SystemdBus) -> None:
    bus.reset_failed("no-such.service")

    assert bus.properties(["no-such.service"])["no-such.service"]["LoadState"] == "not-found"


def test_starts_are_counted_anew_when_failures_are_forgotten(bus: SystemdBus, unit: Write) -> None:
    text = "[Unit]\nStartLimitIntervalSec=1h\nStartLimitBurst=2\n" + SLEEP
    name = unit("bus.service", text)

    for _ in range(4):
        bus.reset_failed(name)
        bus.restart(name)
        until(lambda: state(bus, name) == "active")

    assert bus.properties([name])[name]["Result"] == "success"


def test_an_unknown_unit_cannot_be_started(bus: SystemdBus) -> None:
    with pytest.raises(SystemFault, match="not found"):
        bus.start("no-such.service")


def test_a_masked_unit_cannot_be_started(bus: SystemdBus) -> None:
    mask = Path("/run/systemd/system/masked.service")
    mask.symlink_to("/dev/null")
    bus.reload_units()
    try:
        with pytest.raises(Conflict, match="masked") as caught:
            bus.start("masked.service")
    finally:
        mask.unlink()
        bus.reload_units()

    assert caught.value.hint == "systemctl unmask masked.service"


def test_a_timer_says_when_it_is_due(bus: SystemdBus, unit: Write) -> None:
    unit("due.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n")
    name = unit("due.timer", "[Timer]\nOnCalendar=2099-01-01 00:00:00 UTC\n")
    bus.start(name)
    until(lambda: state(bus, name) == "active")

    assert bus.properties([name])[name]["NextElapseUSecRealtime"] == "4070908800000000"


def test_a_timer_by_length_says_when_it_is_due(bus: SystemdBus, unit: Write) -> None:
    unit("due.service", "[Service]\nType=oneshot\nExecStart=/bin/true\n")
    name = unit("due.timer", "[Timer]\nOnActiveSec=1h\n")
    bus.start(name)
    until(lambda: state(bus, name) == "active")

    found = bus.properties([name])[name]

    assert int(found["NextElapseUSecRealtime"]) or int(found["NextElapseUSecMonotonic"])


def test_a_signal_reaches_the_main_process_and_a_reload_its_command(
    bus: SystemdBus, unit: Write, tmp_path: Path
) -> None:
    heard = tmp_path / "heard"
    trapping = f"trap 'echo usr1 >> {heard}; exit' USR1; while :; do sleep 0.1; done"
    name = unit(
        "bus.service",
        f'[Service]\nExecStart=/bin/sh -c "{trapping}"\n'
        f'ExecReload=/bin/sh -c "echo reload >> {heard}"\n',
    )
    bus.start(name)
    until(lambda: state(bus, name) == "active")

    bus.reload(name)
    until(heard.exists)
    bus.kill(name, "USR1")
    until(lambda: state(bus, name) == "inactive")

    assert heard.read_text() == "reload\nusr1\n"


def test_systemd_says_its_version(bus: SystemdBus) -> None:
    assert bus.version() >= 252
    assert bus.version() == Systemctl().version()
