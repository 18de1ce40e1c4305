"""What must hold whatever happened: the same words for every fault."""

from __future__ import annotations

import json
import sqlite3
import zlib
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from svcctl.engine import journal
from svcctl.observe.logs.files import instance_folder
from svcctl.observe.logs.query import Source, Wanted, read
from tests.faults.programs.counting import TALLY
from tests.faults.trial import Trial
from tests.flows.conftest import until


@dataclass(frozen=True)
class Invariants:
    """Checks that fail a test where a promise was broken."""

    trial: Trial

    def hold(self, *, tails: bool = True, killed: bool = True) -> None:
        """Check all of them.

        *tails*: no program ended while no agent ran; *killed*: each killed agent had answered.
        Ends with a new agent, as state must be of use to the next one.
        """
        self.every_acknowledged_verb_holds()
        self.no_instance_ran_twice()
        self.nothing_is_orphaned()
        self.every_line_is_there_once(tails=tails)
        self.state_serves_the_next_agent()
        if killed:
            self.every_killed_agent_shows_in_the_events()

    def every_acknowledged_verb_holds(self) -> None:
        wanted = self.trial.wanted

        def check() -> bool:
            found = {name: each["phase"] for name, each in self.trial.standing().items()}
            return wanted.items() <= found.items()

        until(check, what=f"all stand as was acknowledged: {wanted}")

    def no_instance_ran_twice(self) -> None:
        doubles = self.trial.notes / "doubles"
        assert not doubles.exists(), f"two children of one instance: {doubles.read_text()}"

    def nothing_is_orphaned(self) -> None:
        """All that runs is a main process the agent knows of, and nothing it knows of is gone."""

        def check() -> bool:
            return set(self.trial.processes()) == set(self.trial.pids().values())

        try:
            until(check)
        except pytest.fail.Exception:
            runs = {pid: self.trial.describe(pid) for pid in self.trial.processes()}
            pytest.fail(f"known: {self.trial.pids()}, but there run: {runs}")

    def every_line_is_there_once(self, *, tails: bool = True) -> None:
        """Each run's lines are whole, in order, without a gap, and all that was written."""
        running = self.trial.pids()
        for name in {path.name.rsplit(".", 2)[0] for path in self.trial.notes.glob("*.tally")}:
            newest = self._until_logged(name) if tails or name in running else {}
            others = self._written(name) if tails else {}
            check_lines(self._lines(name), others | newest)

    def _lines(self, name: str, count: int | None = None) -> list[bytes]:
        """Give the last *count* lines that are logged, or all."""
        service, *_ = name.split(".")
        folder = instance_folder(self.trial.paths.logs, service, name)
        source = Source(service=service, instance=name, folder=folder)

        return [bytes(line.text) for line in read([source], Wanted(), last=count)]

    def _written(self, name: str) -> dict[str, int]:
        """Give how many lines each run surely wrote, the oldest run first."""
        found: dict[str, int] = {}
        for path in self.trial.notes.glob(f"{name}.*.tally"):
            of, run, _ = path.name.rsplit(".", 2)
            if of == name:
                noted = path.read_bytes()  # empty: the program ended before it began
                found[run] = TALLY.unpack(noted)[1] if noted else 0
        return dict(sorted(found.items()))

    def _until_logged(self, name: str) -> dict[str, int]:
        """Give what the newest run wrote the time to come; say how much it surely is."""
        known: dict[str, int] = {}

        def caught_up() -> dict[str, int]:
            run, written = list(self._written(name).items())[-1]
            wanted = known.setdefault(run, written)
            numbers = [number for of, number in map(_parsed, self._lines(name, 2)) if of == run]
            return {run: wanted} if max(numbers, default=-1) + 1 >= wanted else {}

        found: dict[str, int] = until(caught_up, what=f"all that {name} wrote is logged")
        return found

    def state_is_sound(self) -> None:
        """Every page of the journal can be read, and the file is whole."""
        with closing(sqlite3.connect(Path(self.trial.paths.state) / "state.db")) as db:
            assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
            rows = db.execute("SELECT json FROM document WHERE kind=?", (journal.KIND,)).fetchall()
        for (text,) in rows:
            journal.from_document(json.loads(text))

    def state_serves_the_next_agent(self) -> None:
        before = self.trial.pids()
        self.state_is_sound()
        about = self.trial.restart_agent()
        assert self.trial.pids() == before, "the next agent carries on with the same processes"
        assert about["adopted"] == len(before), f"{about} of {before}"
        assert about["recovered"] == "", about["recovered"]

    def every_killed_agent_shows_in_the_events(self) -> None:
        """Whoever asks why finds each agent that was killed."""
        told = [
            each["fields"]["pid"] for each in self.trial.recorded() if each["kind"] == "AgentLost"
        ]
        assert len(told) == self.trial.killed


def check_lines(lines: list[bytes], written: dict[str, int]) -> None:
    """Compare *lines* with the number of those that runs of a program surely wrote.

    The last line may be on its way, and those of a run that is not named may be cut short.
    """
    counts: dict[str, int] = {}
    cut: set[str] = set()
    for place, text in enumerate(lines, 1):
        run, number = _parsed(text)
        if number < 0:
            assert place == len(lines) or run not in written, f"torn: {text!r}"
            cut.add(run)
            continue
        assert run not in cut, f"torn before {number}"
        assert number == counts.get(run, 0), f"lost or doubled: {number} follows {counts.get(run)}"
        counts[run] = number + 1
    for run, count in written.items():
        assert counts.get(run, 0) >= count, f"lost at the end of {run}"


def _parsed(line: bytes) -> tuple[str, int]:
    """Give the run and the number of a line; -1 where it is torn."""
    body, _, mark = line.rpartition(b" ")
    words = [each.decode() for each in line.split(b" ")]
    if mark != b"%08x" % zlib.crc32(body):
        return words[1] if len(words) > 1 else "", -1
    return words[1], int(words[2])
