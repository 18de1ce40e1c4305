"""The processes of an instance: what they are given, and how they are taken down."""

from __future__ import annotations

import asyncio
import errno
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from svcctl.engine.keeper import Keeper
from svcctl.engine.life import Phase, Told
from svcctl.events import LimitNotEnforced
from svcctl.ports import Child, Exit, Launch
from svcctl.spec.policy import LogPolicy, LogTo, RestartPolicy, StopPolicy, StopTree
from svcctl.spec.service import ServiceSpec, Type
from svcctl.testing.fakes import FakeChild
from svcctl.testing.world import FakeWorld

Turns = Callable[[], Awaitable[None]]


def started(world: FakeWorld, **changes: object) -> Keeper:
    plain: dict[str, object] = {"name": "web", "exec": ("web",)}
    spec = ServiceSpec(**(plain | changes))  # type: ignore[arg-type]
    keeper = Keeper(
        spec, number=1, revision="r", world=world.ports, await_needs=lambda _: pytest.fail("needs")
    )
    keeper.tell(Told.START)
    return keeper


@pytest.mark.posix
def test_captured_output_goes_to_descriptors_that_are_ours_no_more(world: FakeWorld) -> None:
    started(world)

    launch = world.child().launch
    assert isinstance(launch.stdout, int)
    assert isinstance(launch.stderr, int)
    for descriptor in (launch.stdout, launch.stderr):
        with pytest.raises(OSError, match="Bad file descriptor"):
            os.fstat(descriptor)


@pytest.mark.parametrize(("to", "descriptor"), [(LogTo.INHERIT, -1), (LogTo.NULL, None)])
def test_output_that_is_not_captured(world: FakeWorld, to: LogTo, descriptor: int | None) -> None:
    started(world, log=LogPolicy(to=to))

    assert (world.child().launch.stdout, world.child().launch.stderr) == (descriptor, descriptor)


def test_output_that_cannot_be_captured_now_prevents_the_start_for_now(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    keeper = started(world)
    world.child().exit(1)

    def no_descriptor(_: str) -> int:
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(keeper.sink, "writer", no_descriptor)
    world.clock.forward(2)

    assert keeper.state.phase is Phase.BACKOFF
    assert keeper.state.reason == "its stdout cannot be captured: Too many open files"


def test_a_shell_command_is_run_by_the_shell(world: FakeWorld) -> None:
    started(world, exec=("a | b",), shell=True)

    assert world.child().launch.argv == ("/bin/sh", "-c", "a | b")


def test_every_spawn_has_a_token_of_its_own(world: FakeWorld) -> None:
    started(world, restart=RestartPolicy(delay=0.0))
    world.child().exit(1)

    first, second = world.spawner.launches
    assert first.token != second.token


def test_a_limit_that_cannot_be_set_is_told(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(FakeChild, "unenforced", (("memory", "no control group"),))

    started(world)

    (told,) = [event for event in world.bus.events if isinstance(event, LimitNotEnforced)]
    assert (told.limit, told.problem) == ("memory", "no control group")


def test_a_secret_in_a_file_is_gone_with_its_program(world: FakeWorld, tmp_path: Path) -> None:
    (tmp_path / "key").write_text("s3cret\n")
    world.credentials = str(tmp_path / "credentials")
    started(world, secrets={"KEY": f"file:{tmp_path / 'key'}"})
    folder = Path(world.child().launch.env["CREDENTIALS_DIRECTORY"])
    assert (folder / "KEY").read_text() == "s3cret"

    world.child().exit(0)

    assert not folder.exists()


def test_a_secret_that_is_missing_prevents_the_start(world: FakeWorld) -> None:
    keeper = started(world, secrets={"KEY": "env:NOWHERE"})

    assert keeper.state.phase is Phase.FAILED
    assert world.spawner.launches == []


def test_a_main_process_alone_is_killed_where_the_others_are_to_be_spared(
    world: FakeWorld,
) -> None:
    keeper = started(world, stop=StopPolicy(tree=StopTree.MAIN, timeout=1.0))
    child = world.child()
    child.dies_of = {"KILL"}

    keeper.tell(Told.STOP)
    world.clock.forward(1.0)

    assert child.signals == ["TERM", "KILL"]
    assert keeper.state.phase is Phase.STOPPED


def test_what_will_not_die_is_killed_again_and_again(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    kills = []
    monkeypatch.setattr(FakeChild, "sweep", lambda *_, **__: kills.append(world.clock.monotonic()))
    keeper = started(world, stop=StopPolicy(timeout=1.0))
    world.child().dies_of = set()
    begun = world.clock.monotonic()

    keeper.tell(Told.STOP)
    world.clock.forward(12.0)

    assert [each - begun for each in kills] == [1.0, 6.0, 11.0]
    assert keeper.state.phase is Phase.STOPPING


async def test_a_stop_command_runs_where_the_program_does(world: FakeWorld, turns: Turns) -> None:
    keeper = started(world, env={"PORT": "80"}, cwd="/srv", stop=StopPolicy(exec=("ask",)))
    main = world.child()

    keeper.tell(Told.STOP)
    await turns()
    command = world.child("web:stop")
    main.exit(0)
    world.clock.forward()
    await turns()
    world.clock.forward()
    await turns()

    assert (command.launch.env["PORT"], command.launch.cwd) == ("80", "/srv")
    assert command.launch.env["MAINPID"] == str(main.identity.pid)
    assert keeper.state.phase is Phase.STOPPED
    assert world.tags() == []


async def test_a_stop_request_that_nobody_answers_is_followed_by_the_next_step(
    world: FakeWorld,
) -> None:
    keeper = started(world, stop=StopPolicy(http="http://127.0.0.1:9/stop", timeout=60.0))
    main = world.child()

    keeper.tell(Told.STOP)
    while not main.signals:
        await asyncio.sleep(0.002)

    assert main.signals == ["TERM"]


def test_a_forking_program_that_leaves_nobody_has_ended(world: FakeWorld) -> None:
    keeper = started(world, type=Type.FORKING, restart=RestartPolicy(delay=5.0, jitter=0.0))

    world.child().exit(0)

    assert keeper.state.phase in {Phase.BACKOFF, Phase.FINISHED}
    assert world.tags() == []


def test_a_forking_program_without_its_pid_file_has_ended(world: FakeWorld, tmp_path: Path) -> None:
    keeper = started(world, type=Type.FORKING, pid_file=str(tmp_path / "none.pid"))

    world.child().exit(0)

    assert keeper.state.phase in {Phase.BACKOFF, Phase.FINISHED}


def test_a_command_is_told_the_surroundings_of_the_program(world: FakeWorld) -> None:
    keeper = started(world, env={"PORT": "80"}, cwd="/srv", user="nobody")

    found = keeper.program.surroundings()

    assert found["env"] == dict(world.child().launch.env)
    assert (found["cwd"], found["user"], found["group"]) == ("/srv", "nobody", None)


def test_an_end_that_is_told_twice_counts_once(
    world: FakeWorld, monkeypatch: pytest.MonkeyPatch
) -> None:
    spawn, told = world.spawner.spawn, list[Callable[[Exit], None]]()

    def listen(launch: Launch) -> Child:
        child = spawn(launch)
        on_exit = child.on_exit

        def keep(call: Callable[[Exit], None]) -> None:
            told.append(call)
            on_exit(call)

        monkeypatch.setattr(child, "on_exit", keep)
        return child

    monkeypatch.setattr(world.spawner, "spawn", listen)
    keeper = started(world, restart=RestartPolicy(delay=0.0))
    first = world.child()
    first.exit(1)
    assert first.exited is not None

    told[0](first.exited)

    assert keeper.state.phase is Phase.RUNNING
    assert keeper.state.restarts == 1
