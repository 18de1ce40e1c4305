"""Who belongs to a tree, told from snapshots of a machine that is not this one."""

from __future__ import annotations

from svcctl.ports import Identity
from svcctl.system.posix.process import Process, Snapshot
from svcctl.system.posix.tree import Tree

MAIN, HELPER, STRANGER = 4_200_001, 4_200_002, 4_200_003  # no pid is as high as that


def a_process(pid: int, *, parent: int = 1, session: int = 0, start: int = 100) -> Process:
    return Process(
        pid=pid,
        name="any",
        state="S",
        ppid=parent,
        group=session or pid,
        session=session or pid,
        start_ticks=start,
        threads=1,
        cpu_ticks=0,
        pages=1,
    )


def a_tree() -> Tree:
    main = Identity(pid=MAIN, start_ticks=100, boot_id="this")
    return Tree(main=main, token="", group=None, is_ours=True)


def pids(tree: Tree, *processes: Process) -> list[int]:
    return [each.pid for each in tree.processes(Snapshot(processes))]


def test_who_stays_in_a_session_that_lost_its_leader_belongs() -> None:
    tree = a_tree()
    pids(tree, a_process(MAIN), a_process(HELPER, parent=MAIN))

    found = pids(tree, a_process(MAIN), a_process(STRANGER, session=HELPER))

    assert found == [MAIN, STRANGER]


def test_a_stranger_with_the_number_of_a_session_that_ended_does_not_belong() -> None:
    tree = a_tree()
    pids(tree, a_process(MAIN), a_process(HELPER, parent=MAIN))

    found = pids(
        tree, a_process(MAIN), a_process(HELPER, start=900), a_process(STRANGER, session=HELPER)
    )

    assert found == [MAIN]


def test_a_session_that_was_seen_empty_is_no_more() -> None:
    tree = a_tree()
    pids(tree, a_process(MAIN), a_process(HELPER, parent=MAIN))
    pids(tree, a_process(MAIN))

    found = pids(tree, a_process(MAIN), a_process(STRANGER, session=HELPER))

    assert found == [MAIN]


def test_a_stranger_with_the_pid_of_the_main_process_does_not_belong() -> None:
    tree = a_tree()

    found = pids(tree, a_process(MAIN, start=900))

    assert found == []
