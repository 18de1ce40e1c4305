"""Which process a program may name as its main one: one of its own, and no other."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase, Told
from svcctl.engine.world import World
from svcctl.ports import Launch, Member
from svcctl.spec.service import ServiceSpec, Type
from svcctl.testing.fakes import (
    FakeBus,
    FakeChild,
    FakeClock,
    FakeFileWatch,
    FakeNoticeBoard,
    FakeSink,
    FakeSpawner,
    FakeStore,
)
from svcctl.testing.programs import FakePrograms


class Stage:
    """One keeper in a world of fakes."""

    def __init__(self, spec: ServiceSpec) -> None:
        self.clock = FakeClock()
        self.spawner = FakeSpawner(self.clock)
        self.notices = FakeNoticeBoard()
        world = World(
            clock=self.clock,
            spawner=self.spawner,
            bus=FakeBus(),
            store=FakeStore(),
            notices=self.notices,
            files=FakeFileWatch(),
            ask_program=FakePrograms(),
            open_sink=lambda *_: FakeSink(),
            environ={},
            credentials="/nowhere",
            boot_id="boot",
        )
        self.keeper = Keeper(
            spec, number=1, revision="r", world=world, await_needs=lambda _: pytest.fail("no needs")
        )
        self.keeper.tell(Told.START)

    @property
    def child(self) -> FakeChild:
        return self.spawner.children[0]

    def phase(self) -> Phase:
        return self.keeper.state.phase

    @property
    def pid(self) -> int:
        identity = self.keeper.entry.identity
        assert identity is not None
        return identity.pid

    def start_another(self, launch: Launch) -> int:
        return self.spawner.spawn(launch).identity.pid

    def fork(self) -> int:
        """Have the program start one that belongs to it."""
        pid = self.start_another(self.child.launch)
        self.child.leftover.append(Member(pid=pid, name="web"))
        return pid


@pytest.fixture
def notifying() -> Stage:
    return Stage(ServiceSpec(name="web", exec=("web",), ready="notify"))


def test_a_child_of_the_program_can_be_its_main_process(notifying: Stage) -> None:
    pid = notifying.fork()

    notifying.notices.say("web", {"MAINPID": str(pid), "READY": "1"})

    assert notifying.pid == pid
    assert notifying.phase() is Phase.RUNNING


def test_no_other_process_can_be(notifying: Stage) -> None:
    stranger = Launch(tag="db", token="other", argv=("db",), env={})
    pid = notifying.start_another(stranger)

    notifying.notices.say("web", {"MAINPID": str(pid)})
    notifying.keeper.tell(Told.STOP)
    notifying.clock.forward(60.0)

    assert [each.identity.pid for each in notifying.spawner.running] == [pid]
    assert notifying.spawner.children[1].signals == []


@pytest.fixture
def forking(tmp_path: Path) -> Stage:
    pid_file = str(tmp_path / "web.pid")
    return Stage(ServiceSpec(name="web", exec=("web",), type=Type.FORKING, pid_file=pid_file))


def write_pid(stage: Stage, pid: int) -> None:
    Path(stage.keeper.spec.pid_file or "").write_text(f"{pid}\n")


def test_a_forking_program_runs_once_its_parent_is_gone(forking: Stage) -> None:
    assert forking.phase() is Phase.STARTING
    pid = forking.fork()
    write_pid(forking, pid)

    forking.child.exit(0)

    assert forking.phase() is Phase.RUNNING
    assert forking.pid == pid


def test_a_pid_file_cannot_name_a_stranger(forking: Stage) -> None:
    stranger = Launch(tag="db", token="other", argv=("db",), env={})
    write_pid(forking, forking.start_another(stranger))

    forking.child.exit(0)

    assert forking.phase() is not Phase.RUNNING
    assert len(forking.spawner.running) == 1
    assert forking.spawner.children[1].signals == []


def test_a_notice_of_another_user_is_refused(caplog: pytest.LogCaptureFixture) -> None:
    stage = Stage(ServiceSpec(name="web", exec=("web",), ready="notify"))

    stage.notices.say("web", {"READY": "1"}, uid=1234)

    assert stage.phase() is Phase.STARTING
    assert "notice.refused" in caplog.text
    stage.notices.say("web", {"READY": "1"}, uid=0)
    assert stage.phase() is Phase.RUNNING


@pytest.mark.parametrize("number", ["²", "9" * 5000, "-1", "x"])
def test_what_is_no_number_is_passed_over(number: str) -> None:
    stage = Stage(ServiceSpec(name="web", exec=("web",), ready="notify"))

    stage.notices.say("web", {"MAINPID": number, "EXTEND_TIMEOUT_USEC": number, "READY": "1"})

    assert stage.phase() is Phase.RUNNING
