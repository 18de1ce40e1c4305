"""Files that are hard to follow: an endless line, thousands of logs, one made again and again."""

from __future__ import annotations

import os
from pathlib import Path
from random import Random

from svcctl.observe.logs.lines import LONGEST
from svcctl.observe.logs.tail.changes import best_changes
from svcctl.observe.logs.tail.generation import Block, Flaw
from svcctl.observe.logs.tail.tail import Bounds, Tail
from svcctl.system.clock import SystemClock
from tests.faults.tail.stand import PATIENCE
from tests.faults.trial import Effort
from tests.flows.conftest import until

MIB = 1 << 20


def until_taken(tail: Tail, count: int) -> list[Block]:
    """Take until there are so many blocks."""
    found: list[Block] = []

    def check() -> bool:
        found.extend(tail.take())
        tail.acknowledge()
        return len(found) >= count

    until(check, within=PATIENCE, what=f"{count} blocks")
    return found


def test_a_line_of_a_gigabyte_is_cut_and_the_next_one_comes(tmp_path: Path, effort: Effort) -> None:
    log = tmp_path / "app.log"
    with open(log, "wb") as file:
        file.writelines(b"x" * MIB for _ in range(effort.of(1024, bounded=64)))
        file.write(b"\nnext\n")

    with Tail([str(log)], clock=SystemClock(), at_end=False) as tail:
        cut, after = until_taken(tail, 2)
        behind = tail.behind()

    assert (cut.flaw, len(cut.content)) == (Flaw.CUT, LONGEST)
    assert (after.content, after.flaw, behind) == (b"next\n", Flaw.NONE, 0)
    assert after.start == os.path.getsize(log) - len(b"next\n")


def test_thousands_of_logs_are_followed_at_little_cost(tmp_path: Path, effort: Effort) -> None:
    count = effort.of(10_000, bounded=2_000)
    logs = [tmp_path / f"{number}.log" for number in range(count)]
    for log in logs:
        log.touch()
    globs = [str(tmp_path / "*.log")]
    with Tail(
        globs, clock=SystemClock(), changes=best_changes(), bounds=Bounds(open_logs=64)
    ) as tail:
        for log in logs:
            log.write_bytes(b"a line\n")
        found = until_taken(tail, count)
        for log in logs:
            log.rename(f"{log}.1")
            log.write_bytes(b"another\n")
        rotated = until_taken(tail, count)

    assert sorted(block.path for block in found) == sorted(map(str, logs))
    assert {block.content for block in rotated} == {b"another\n"}
    assert len(rotated) == count


def test_a_log_deleted_and_made_again_all_the_time_is_read(tmp_path: Path, effort: Effort) -> None:
    log = tmp_path / "app.log"
    with Tail([str(log)], clock=SystemClock(), changes=best_changes()) as tail:
        taken: list[bytes] = []
        for number in range(effort.of(500, bounded=50)):
            log.write_bytes(b"%d\n" % number)
            taken += until_taken(tail, 1)[0].lines()
            log.unlink()

    assert taken == [b"%d" % number for number in range(len(taken))]


def test_a_log_emptied_in_the_middle_of_a_line_gives_no_line_nobody_wrote(
    tmp_path: Path, effort: Effort, chance: Random
) -> None:
    log = tmp_path / "app.log"
    whole, halves = list[bytes](), set[bytes]()
    taken: list[bytes] = []
    with Tail([str(log)], clock=SystemClock(), changes=best_changes(), at_end=False) as tail:
        for number in range(effort.of(100, bounded=40)):
            half = b"%06d ha" % number
            with open(log, "ab") as file:
                file.write(b"%06d is whole\n%s" % (number, half))
            whole.append(b"%06d is whole" % number)
            halves.add(half)
            if chance.random() < 0.7:  # else all of it has to come from the copy
                taken += [line for block in tail.take() for line in block.lines()]
                tail.acknowledge()
            (tmp_path / f"app.log.{number:06}").write_bytes(log.read_bytes())
            os.truncate(log, 0)
        log.write_bytes(b"the end\n")
        while not taken or taken[-1] != b"the end":
            taken += [line for block in until_taken(tail, 1) for line in block.lines()]

    assert [line for line in taken if line in whole] == whole
    assert set(taken) <= {*whole, *halves, b"the end"}
