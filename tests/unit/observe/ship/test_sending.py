"""Every record is delivered, in order, whatever becomes of the receiver and of the sender."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import NotDelivered
from svcctl.events import ShippingFailed, ShippingRecovered
from svcctl.observe.ship.entry import Entry
from svcctl.observe.ship.frame import Frame, What
from svcctl.observe.ship.receiver import Refusal, Taken
from svcctl.record import Level
from tests.unit.observe.ship.dock import DOWN, WEB, WRONG, Dock

Docks = Callable[..., Dock]


@pytest.fixture
def docks(tmp_path: Path) -> Iterator[Docks]:
    with ExitStack() as stack:

        def open_dock(**options: Any) -> Dock:
            dock = Dock(tmp_path, **options)
            stack.callback(dock.close)
            return dock

        yield open_dock


@pytest.fixture
def dock(docks: Docks) -> Dock:
    return docks()


def aside(dock: Dock) -> list[tuple[str, str]]:
    lines = (dock.folder / "aside.jsonl").read_text().splitlines()
    return [(each.get("text", ""), each["reason"]) for each in map(json.loads, lines)]


def test_records_go_in_batches_in_their_order(dock: Dock) -> None:
    dock.keep("a", "b")
    dock.keep("c", "d", "e")

    dock.send()

    assert dock.desk.calls == [["a", "b", "c"], ["d", "e"]]
    assert dock.progress.sent == 5
    assert dock.spool.waiting(dock.progress.spot) == (0, 0)


def test_what_is_not_committed_is_not_sent(dock: Dock) -> None:
    dock.keep("a", commit=False)

    dock.send()

    assert dock.desk.calls == []


def test_a_record_waits_for_others_so_long_and_no_longer(docks: Docks) -> None:
    dock = docks(wait=2.0)
    dock.keep("a")

    assert dock.sender.step() == 2.0
    dock.clock.forward(1.0)
    dock.keep("b")
    assert dock.sender.step() == 1.0
    assert dock.desk.calls == []
    dock.send()
    assert dock.desk.calls == [["a", "b"]]


def test_a_full_batch_waits_for_nothing(docks: Docks) -> None:
    dock = docks(wait=60.0)
    dock.keep("a", "b", "c", "d")

    dock.sender.step()

    assert dock.desk.calls == [["a", "b", "c"]]


def test_a_receiver_that_is_down_for_an_hour_gets_everything_then(dock: Dock) -> None:
    dock.desk.always = DOWN
    began = dock.clock.monotonic()
    for number in range(60):
        dock.keep(f"line {number}")
        while dock.clock.monotonic() < began + 60 * (number + 1):
            dock.clock.forward(dock.sender.step() or 1.0)
    failing = dock.sender.standing
    tries, dock.desk.always = len(dock.desk.calls), None
    dock.send()

    assert failing.problem == "nobody is there"
    assert failing.waiting_since is not None
    assert 60 <= tries <= 80
    assert dock.desk.texts == [f"line {number}" for number in range(60)]
    failed, recovered = dock.events
    assert isinstance(failed, ShippingFailed)
    assert isinstance(recovered, ShippingRecovered)
    assert (failed.receiver, failed.problem) == ("lake", "nobody is there")
    assert recovered.lasted >= 3600


def test_a_wish_to_be_left_alone_is_kept(dock: Dock) -> None:
    dock.desk.answers.append(NotDelivered("too many", again=True, wait=120.0))
    dock.keep("a")

    dock.sender.step()

    assert dock.sender.step() == pytest.approx(120.0)


def test_a_record_that_is_refused_for_good_is_found_and_set_aside(dock: Dock) -> None:
    def picky(entries: Sequence[Entry]) -> Taken:
        if any(each.text == "bad" for each in entries):
            raise WRONG
        dock.desk.taken += entries
        return Taken()

    dock.desk.always = picky
    dock.keep("a", "bad", "c", "d")

    dock.send()

    assert dock.desk.texts == ["a", "c", "d"]
    assert aside(dock) == [("bad", "this is wrong")]
    assert (dock.progress.sent, dock.progress.aside) == (3, 1)
    assert dock.events == []


def test_a_partial_answer_is_gone_by(dock: Dock) -> None:
    def partial(entries: Sequence[Entry]) -> Taken:
        dock.desk.taken.append(entries[0])
        return Taken(refused=(Refusal(number=1, reason="no"),), again=(2,), problem="busy")

    dock.desk.answers.append(partial)
    dock.keep("a", "b", "c")

    dock.send()

    assert dock.desk.calls == [["a", "b", "c"], ["c"]]
    assert dock.desk.texts == ["a", "c"]
    assert aside(dock) == [("b", "no")]
    assert (dock.progress.sent, dock.progress.aside) == (2, 1)


def test_what_is_refused_unnamed_is_counted(dock: Dock) -> None:
    dock.desk.answers.append(lambda _: Taken(unnamed=2, problem="quota"))
    dock.keep("a", "b", "c")

    dock.send()

    assert (dock.progress.sent, dock.progress.aside) == (1, 2)
    assert aside(dock) == [("", "quota")]


def test_a_receiver_with_a_mistake_is_tried_again(dock: Dock) -> None:
    def broken(_: Sequence[Entry]) -> Taken:
        raise KeyError("hush")

    dock.desk.answers.append(broken)
    dock.keep("a")

    dock.send()

    assert dock.desk.texts == ["a"]
    assert "hush" not in dock.sender.standing.problem


def test_a_killed_sender_repeats_one_batch_and_counts_it(dock: Dock) -> None:
    dock.keep("a", "b", "c", "d")
    dock.sender.step()
    dock.desk.answers.append(lambda _: (_ for _ in ()).throw(KeyboardInterrupt))  # killed there
    with pytest.raises(KeyboardInterrupt):
        dock.sender.step()

    dock.restart(killed=True)
    dock.send()

    assert dock.desk.texts == ["a", "b", "c", "d"]
    assert dock.progress.repeated == 1


def test_a_sender_that_ended_in_order_repeats_nothing(dock: Dock) -> None:
    dock.keep("a", "b")
    dock.send()

    dock.restart()
    dock.keep("c")
    dock.send()

    assert dock.desk.texts == ["a", "b", "c"]
    assert (dock.progress.repeated, dock.progress.sent) == (0, 3)


def test_a_record_has_the_same_id_whenever_it_is_sent(dock: Dock) -> None:
    seen: list[str] = []

    def note(entries: Sequence[Entry]) -> Taken:
        seen.extend(each.id for each in entries)
        raise DOWN

    dock.desk.answers.extend([note, note])
    dock.keep("a", "b", "c", "d")
    dock.sender.step()
    dock.restart(killed=True)
    dock.sender.step()
    dock.clock.forward(5)
    dock.send()

    assert seen[:3] == seen[3:]
    assert len({each.id for each in dock.desk.taken}) == 4


def test_records_of_too_low_a_level_are_passed_over(docks: Docks) -> None:
    dock = docks(level=Level.WARNING)
    dock.keep('{"level":"info","msg":"a"}', '{"level":"error","msg":"b"}', '{"msg":"c"}')

    dock.send()

    assert [each.record.message for each in dock.desk.taken] == ["b"]
    assert dock.spool.waiting(dock.progress.spot) == (0, 0)


def test_lines_of_a_traceback_are_one_record(dock: Dock) -> None:
    dock.keep("Traceback (most recent call last):", '  File "a.py", line 1', "ValueError: no", "b")

    dock.send()

    assert dock.desk.texts == [
        'Traceback (most recent call last):\n  File "a.py", line 1\nValueError: no',
        "b",
    ]


def test_a_crash_report_is_one_record(dock: Dock) -> None:
    report = {"where": "job sync", "error": {"kind": "ValueError", "message": "no"}}
    content = json.dumps(report).encode()
    dock.spool.append([Frame(writer=WEB, at=1.0, content=content, what=What.CRASH)])
    dock.commit()

    dock.send()

    (entry,) = dock.desk.taken
    assert entry.record.message == "crash in job sync: ValueError: no"
    assert entry.record.level is Level.CRITICAL
    assert entry.record.fields == report


def test_what_there_is_no_room_for_is_lost_oldest_first_and_counted(docks: Docks) -> None:
    dock = docks(limit=4096)
    for number in range(100):
        dock.keep(f"{number:04d} {'x' * 60}")

    dock.send()

    numbers = [int(each[:4]) for each in dock.desk.texts]
    assert numbers == list(range(100 - len(numbers), 100))
    assert 0 < dock.progress.lost < 100
    assert dock.progress.lost + len(numbers) == 100
    kept = sum(each.stat().st_size for each in (dock.folder / "spool").iterdir())
    assert kept <= 4096


def test_what_is_damaged_on_disk_is_passed_over_and_counted(dock: Dock) -> None:
    dock.keep("a")
    dock.keep("b")
    (segment,) = (dock.folder / "spool").iterdir()
    segment.write_bytes(segment.read_bytes().replace(b"\na\n", b"\nz\n"))

    dock.send()
    dock.keep("c", "d", "e")
    dock.send()

    assert dock.desk.texts == ["c", "d", "e"]
    assert dock.progress.lost == 2


def test_what_was_kept_without_a_commit_is_read_again_and_sent_once(dock: Dock) -> None:
    dock.keep("a")
    dock.keep("b", commit=False)

    dock.restart(killed=True)
    assert dock.read == 1
    dock.keep("b")
    dock.send()

    assert dock.desk.texts == ["a", "b"]


def test_a_disk_that_is_full_keeps_what_was_committed(dock: Dock) -> None:
    dock.keep("a")
    dock.ends.full = True
    with pytest.raises(OSError, match="No space"):
        dock.keep("b")
    dock.send()
    dock.ends.full = False
    dock.commit()

    dock.send()

    assert dock.desk.texts == ["a", "b"]


ACTS = st.lists(
    st.one_of(
        st.tuples(st.just("keep"), st.integers(1, 5)),
        st.sampled_from([("commit", 0), ("step", 0), ("kill", 0), ("down", 0), ("up", 0)]),
    ),
    max_size=40,
)


@given(acts=ACTS)
def test_in_any_order_everything_arrives_in_order_with_few_repeats(
    tmp_path_factory: pytest.TempPathFactory, acts: list[tuple[str, int]]
) -> None:
    with closing(Dock(tmp_path_factory.mktemp("dock"))) as dock:
        check_all_arrives(dock, acts)


def check_all_arrives(dock: Dock, acts: list[tuple[str, int]]) -> None:
    kills = 0
    for act, count in [*acts, ("up", 0)]:
        match act:
            case "keep":
                dock.keep(*map(str, range(dock.read, dock.read + count)), commit=False)
            case "commit":
                dock.commit()
            case "step":
                dock.clock.forward(dock.sender.step() or 0.0)
            case "kill":
                dock.restart(killed=True)
                kills += 1
            case "down":
                dock.desk.always = DOWN
            case _:
                dock.desk.always = None
    dock.commit()
    dock.clock.forward(100)
    dock.send()

    found = list(map(int, dock.desk.texts))
    assert sorted(set(found)) == list(range(dock.read))
    assert list(dict.fromkeys(found)) == list(range(dock.read))
    assert len(found) - dock.read <= 3 * kills
    assert len({each.id for each in dock.desk.taken}) == dock.read
