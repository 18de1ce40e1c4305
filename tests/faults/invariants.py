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


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many lines a run of a program began, and how many it surely wrote."""

    begun: int
    written: int


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
        known: dict[str, dict[str, Tally]] = {}
        for path in self.trial.notes.glob("*.tally"):
            name, run, _ = path.name.rsplit(".", 2)
            noted = path.read_bytes()  # empty: the program ended before it began
            begun, written = TALLY.unpack(noted) if noted else (0, 0)
            known.setdefault(name, {})[run] = Tally(begun=begun, written=written)
        running = self.trial.pids()
        for name, runs in known.items():
            last = max(runs, key=lambda run: int(run.split("-")[0]))
            if tails or name in running:
                self._until_logged(name, last, runs[last])
            some = runs if tails else {last} if name in running else ()
            check_lines(self._lines(name), runs, whole=set(some))

    def _lines(self, name: str, count: int | None = None) -> list[bytes]:
        """Give the last *count* lines that are logged, or all."""
        service, *_ = name.split(".")
        folder = instance_folder(self.trial.paths.logs, service, name)
        source = Source(service=service, instance=name, folder=folder)

        return [bytes(line.text) for line in read([source], Wanted(), last=count)]

    def _until_logged(self, name: str, run: str, tally: Tally) -> None:
        """Give what was written the time to come."""

        def caught_up() -> bool:
            found = self._lines(name, 1)
            if not found or not tally.written:
                return not tally.written
            _, of, number, *_ = found[0].split(b" ")
            return of.decode() == run and int(number) + 1 >= tally.written

        until(caught_up, what=f"all that {name} wrote is logged")

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


def check_lines(lines: list[bytes], runs: dict[str, Tally], *, whole: set[str]) -> None:
    """Compare *lines* with what the programs know they wrote: of *whole* runs, all of it.

    The last line may be on its way, and that of a run that is not whole may be cut short.
    """
    counts = dict.fromkeys(runs, 0)
    cut = dict.fromkeys(runs, False)
    for place, text in enumerate(lines, 1):
        body, _, mark = text.rpartition(b" ")
        run = text.split(b" ")[1].decode() if text.count(b" ") > 1 else ""
        if mark != b"%08x" % zlib.crc32(body):
            assert place == len(lines) or run not in whole, f"torn: {text!r}"
            cut[run] = True
            continue
        number = int(body.split(b" ")[2])
        assert not cut[run], f"torn before {number}"
        assert number == counts[run], f"lost or doubled: {number} follows {counts[run]}"
        counts[run] += 1
    for run in whole:
        assert counts[run] >= runs[run].written, f"lost at the end of {run}"
