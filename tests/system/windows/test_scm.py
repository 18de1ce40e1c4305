"""The real SCM, configured and asked: what is written is what was meant, and reads back."""

from __future__ import annotations

import ctypes
import sys
import uuid
from collections.abc import Iterator
from dataclasses import replace

import pytest

from svcctl.errors import Conflict, SvcctlError, SystemFault, UnknownService
from svcctl.spec.native import ErrorControl, Recovery, SidType, Trigger
from svcctl.system.windows import scm_api
from svcctl.system.windows.privilege import SHUTDOWN, holding
from svcctl.system.windows.scm_api import ScmApi
from svcctl.system.windows.scm_config import (
    FailureActions,
    FailureStep,
    ScmConfig,
    ScmStart,
    created,
    differing,
)
from svcctl.system.windows.scm_database import ScmDatabase
from svcctl.system.windows.scm_plan import quoted
from svcctl.system.windows.scm_structures import unpack_actions, unpack_triggers
from svcctl.system.windows.scm_triggers import scm_trigger
from svcctl.system.windows.service_status import State
from svcctl.system.windows.winapi import winerror
from tests.system.windows.scm_lab import WatchedAdvapi32, registry
from tests.system.windows.waiting import PATIENCE

TRIGGERS = tuple(
    scm_trigger(Trigger(on=on, do=do))
    for on, do in (("ip-available", "start"), ("port-close:80/tcp", "stop"))
)
STEPS = (
    FailureStep(do=Recovery.RESTART, delay=1000),
    FailureStep(do=Recovery.RUN, delay=0),
    FailureStep(do=Recovery.REBOOT, delay=60_000),
)


class Database(ScmDatabase):
    """The SCM through watched calls; services made by a test go with it."""

    def __init__(self) -> None:
        self.watched = WatchedAdvapi32()
        super().__init__(ScmApi(self.watched))
        self.name = f"svcctl-test-{uuid.uuid4().hex[:8]}"

    def close(self) -> None:
        self.watched.refuses.clear()
        if self.exists(self.name):
            self.delete(self.name)


@pytest.fixture
def database() -> Iterator[Database]:
    database = Database()
    yield database
    database.close()


def a_config(database: Database, **changes: object) -> ScmConfig:
    plain = ScmConfig(
        command=quoted((sys.executable, "-c", "pass")), display_name=f"Test {database.name}"
    )
    return replace(plain, **changes)  # type: ignore[arg-type]


def a_full_config(database: Database) -> ScmConfig:
    return a_config(
        database,
        command=quoted((r"C:\Program Files\My App\app.exe", "--dir", "C:\\my data\\")),
        description="Sells things — 卖东西",
        start=ScmStart.DELAYED,
        account=rf"NT SERVICE\{database.name}",
        dependencies=("Eventlog", "PlugPlay", "+NetworkProvider"),
        error_control=ErrorControl.SEVERE,
        sid_type=SidType.RESTRICTED,
        privileges=("SeChangeNotifyPrivilege", "SeImpersonatePrivilege"),
        failure_actions=FailureActions(
            steps=STEPS, reset=3600, command="tell.exe", reboot_message="bye"
        ),
        actions_on_error=True,
        preshutdown=42_000,
        triggers=TRIGGERS,
        security=database.canonical_security("D:(A;;GA;;;SY)(A;;GA;;;BA)(A;;LC;;;IU)"),
    )


# --- configuration


def test_a_service_with_every_option_reads_back_as_it_was_written(database: Database) -> None:
    wanted = a_full_config(database)

    database.create(database.name, wanted, password=None)

    assert database.read(database.name) == wanted


def test_the_registry_has_what_an_administrator_expects(database: Database) -> None:
    database.create(database.name, a_full_config(database), password=None)

    found = registry(database.name)

    assert found["ImagePath"] == (r'"C:\Program Files\My App\app.exe" "--dir" "C:\my data\\"')
    assert found["DisplayName"] == f"Test {database.name}"
    assert found["ObjectName"] == rf"NT SERVICE\{database.name}"
    assert (found["Type"], found["Start"], found["ErrorControl"]) == (0x10, 2, 2)
    assert found["DependOnService"] == ["Eventlog", "PlugPlay"]
    assert found["DependOnGroup"] == ["NetworkProvider"]
    assert found["Description"] == "Sells things — 卖东西"
    assert found["PreshutdownTimeout"] == 42_000


def test_every_level_is_handed_the_structure_that_is_documented(database: Database) -> None:
    wanted = a_full_config(database)

    database.create(database.name, wanted, password=None)
    levels = database.watched.levels(database.name)

    assert sorted(levels) == [1, 2, 3, 4, 5, 6, 7, 8]
    assert {level: levels[level].value for level in (3, 4, 5, 7)} == {3: 1, 4: 1, 5: 3, 7: 42_000}
    actions = levels[2]
    assert (actions.dwResetPeriod, actions.lpRebootMsg, actions.lpCommand) == (
        *(3600, "bye", "tell.exe"),
    )
    assert [(each.Type, each.Delay) for each in actions.lpsaActions[: actions.cActions]] == [
        (1, 1000),
        (3, 0),
        (2, 60_000),
    ]
    privileges = "SeChangeNotifyPrivilege\0SeImpersonatePrivilege\0\0".encode("utf-16-le")
    assert bytes(levels[6].pmszRequiredPrivileges[: len(privileges)]) == privileges
    assert unpack_triggers(levels[8]) == TRIGGERS
    assert [each.cDataItems for each in levels[8].pTriggers[:2]] == [0, 1]


def test_a_password_is_handed_over_with_the_account_only(database: Database) -> None:
    wanted = a_config(database, account=r".\shop")

    database.create(database.name, wanted, password="hunter2")
    database.change(database.name, wanted, ["description", "start"], password="hunter2")
    database.change(database.name, wanted, ["account"], password="hunter3")

    calls = [call for call in database.watched.changes if call[0] != "ChangeServiceConfig2W"]
    assert [call[0] for call in calls] == ["CreateServiceW", *["ChangeServiceConfigW"] * 2]
    assert calls[0][-2:] == (r".\shop", "hunter2")
    assert calls[1][-3:] == (None, None, None)
    assert calls[2][-3:] == (r".\shop", "hunter3", None)


def test_only_what_changes_is_written(database: Database) -> None:
    before = a_full_config(database)
    database.create(database.name, before, password=None)
    database.watched.changes.clear()
    wanted = replace(before, description="buys", start=ScmStart.MANUAL, triggers=())

    database.change(database.name, wanted, differing(before, wanted), password=None)

    own, *levels = database.watched.changes
    assert own[2:] == (*(scm_api.NO_CHANGE, 3, scm_api.NO_CHANGE), *[None] * 7)
    assert sorted(call[2] for call in levels) == [1, 3, 8]
    assert database.read(database.name) == wanted


def test_what_is_no_longer_wanted_is_erased(database: Database) -> None:
    full = a_full_config(database)
    database.create(database.name, full, password=None)
    wanted = replace(
        created(full),
        account="LocalSystem",
        dependencies=(),
        start=ScmStart.DISABLED,
    )

    database.change(database.name, wanted, differing(full, wanted), password="")

    found = database.read(database.name)
    assert found == replace(wanted, preshutdown=42_000, security=full.security)
    assert unpack_actions(database.watched.levels(database.name)[2]) == FailureActions()
    assert not registry(database.name).get("DependOnService")


def test_a_load_order_group_is_joined_and_left(database: Database) -> None:
    grouped = a_config(database, start=ScmStart.AUTO, load_order_group="svcctl-group")
    database.create(database.name, grouped, password=None)
    joined = database.read(database.name).load_order_group

    alone = replace(grouped, load_order_group="")
    database.change(database.name, alone, differing(grouped, alone), password=None)

    assert joined == "svcctl-group"
    assert database.read(database.name).load_order_group == ""


def test_a_service_that_cannot_be_set_up_is_not_created(database: Database) -> None:
    database.watched.refuses["ChangeServiceConfig2W"] = 87

    with pytest.raises(SystemFault, match="description cannot be set") as refused:
        database.create(database.name, a_full_config(database), password=None)

    assert winerror(refused.value) == 87
    assert not database.exists(database.name)
    assert registry(database.name) == {}


def test_reboots_are_set_with_the_privilege_for_them(database: Database) -> None:
    with holding(SHUTDOWN):
        database.create(database.name, a_full_config(database), password=None)

    assert 2 in database.watched.levels(database.name)


def test_a_privilege_there_is_none_of_is_an_error() -> None:
    with pytest.raises(SystemFault, match="privilege 'SeNoSuch' is not known"), holding("SeNoSuch"):
        pass


def test_what_is_no_sddl_is_an_error(database: Database) -> None:
    with pytest.raises(SystemFault, match=r"'D:\(nonsense' is no security descriptor"):
        database.canonical_security("D:(nonsense")


# --- errors


def test_a_service_that_is_not_there_is_unknown(database: Database) -> None:
    with pytest.raises(UnknownService, match="error 1060") as refused:
        database.read("svcctl-no-such-service")

    assert refused.value.hint == "svcctl install svcctl-no-such-service"


def test_names_are_had_once(database: Database) -> None:
    database.create(database.name, a_config(database), password=None)

    with pytest.raises(Conflict, match="error 1073"):
        database.create(database.name, a_config(database), password=None)


def test_display_names_are_had_once_and_lead_to_the_name(database: Database) -> None:
    database.create(database.name, a_config(database), password=None)

    with pytest.raises(Conflict, match="error 1078") as refused:
        database.create(f"{database.name}-2", a_config(database), password=None)

    assert "display_name" in refused.value.hint
    assert database.shown_as(f"test {database.name}".upper()) == database.name
    assert database.shown_as("no such display name") == ""


def test_a_disabled_service_is_not_started(database: Database) -> None:
    database.create(database.name, a_config(database, start=ScmStart.DISABLED), password=None)

    with pytest.raises(Conflict, match="error 1058") as refused:
        database.start(database.name)

    assert f"svcctl enable {database.name}" in refused.value.hint


def test_a_missing_program_is_told(database: Database) -> None:
    command = quoted((r"C:\no such\program.exe",))
    database.create(database.name, a_config(database, command=command), password=None)

    with pytest.raises(SystemFault, match=r"error [23]\b"):
        database.start(database.name)


def test_a_program_that_is_no_service_is_told(database: Database) -> None:
    database.create(database.name, a_config(database), password=None)

    with pytest.raises(SvcctlError, match="error 1053") as refused:
        database.start(database.name)

    assert "svcctl doctor" in refused.value.hint


def test_what_does_not_run_takes_no_control(database: Database) -> None:
    database.create(database.name, a_config(database), password=None)

    with pytest.raises(Conflict, match="error 1062"):
        database.control(database.name, 1, access=scm_api.STOP, what="stopped")


def test_a_service_held_open_stays_until_it_is_let_go(database: Database) -> None:
    database.create(database.name, a_config(database), password=None)

    api = ScmApi()
    with api.service(database.name, scm_api.QUERY_STATUS):
        database.delete(database.name)
        with pytest.raises(Conflict, match="error 1072") as refused:
            database.create(database.name, a_config(database), password=None)

    assert "close services.msc" in refused.value.hint
    assert not database.exists(database.name)


# --- looking


def test_a_service_that_never_ran_is_stopped(database: Database) -> None:
    database.create(database.name, a_config(database), password=None)

    found = database.status(database.name)

    assert (found.state, found.exit_code, found.pid) == (State.STOPPED, 1077, 0)
    assert database.start_type(database.name) is ScmStart.MANUAL


def test_all_services_are_listed_with_their_commands(database: Database) -> None:
    database.create(database.name, a_config(database), password=None)

    found = {each.name: each for each in database.services()}

    assert found[database.name].command == quoted((sys.executable, "-c", "pass"))
    assert found[database.name].state is State.STOPPED
    assert found["Eventlog"].command
    assert list(found) == sorted(found, key=str.casefold)


def test_waiting_for_what_has_stopped_is_over_at_once(database: Database) -> None:
    database.create(database.name, a_config(database), password=None)

    assert database.await_stopped(database.name, within=PATIENCE)


def test_changes_reach_the_disk(database: Database) -> None:
    database.create(database.name, a_config(database), password=None)

    database.flush()

    assert registry(database.name)


def test_a_handle_is_as_wide_as_a_pointer() -> None:
    with ScmApi().manager(scm_api.CONNECT) as handle:
        assert ctypes.sizeof(ctypes.c_void_p) == 8
        assert isinstance(handle, int)
