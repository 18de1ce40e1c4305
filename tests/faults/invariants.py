"""What must hold whatever happened: the same words for every fault."""

from __future__ import annotations

import json
import sqlite3
import zlib
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

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

        until(check, what=f"{self.trial.pids()} are all that runs")

    def every_line_is_there_once(self, *, tails: bool = True) -> None:
        """Each run's lines are whole, in order, without a gap, and all that was written."""
        known: dict[str, dict[str, Tally]] = {}
        for path in self.trial.notes.glob("*.tally"):
            name, run, _ = path.name.rsplit(".", 2)
            noted = path.read_bytes()  # empty: the program ended before it began
            begun, written = TALLY.unpack(noted) if noted else (0, 0)
            known.setdefault(name, {})[run] = Tally(begun=begun, written=written)
        for name, runs in known.items():
            check_lines(self._lines_after(name, runs), runs, last=_last(runs), tails=tails)

    def _lines_after(self, name: str, runs: dict[str, Tally]) -> Callable[[], list[bytes]]:
        """Give a way to read what was logged, once it had the time to come."""
        service, *_ = name.split(".")
        folder = instance_folder(self.trial.paths.logs, service, name)
        source = Source(service=service, instance=name, folder=folder)

        def lines(count: int | None = None) -> list[bytes]:
            return [bytes(line.text) for line in read([source], Wanted(), last=count)]

        last = _last(runs)

        def caught_up() -> bool:
            found = lines(1)
            if not found or not runs[last].written:
                return not runs[last].written
            _, run, number, *_ = found[0].split(b" ")
            return run.decode() == last and int(number) + 1 >= runs[last].written

        until(caught_up, what=f"all that {name} wrote is logged")
        return lines

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
        """Whoever asks why finds as many agents that began and never ended as were killed."""
        kinds = [each["kind"] for each in self.trial.events()]
        unended = kinds.count("AgentStarted") - kinds.count("AgentStopped")
        assert unended == self.trial.killed + 1


def check_lines(
    read_all: Callable[[], list[bytes]], runs: dict[str, Tally], *, last: str, tails: bool
) -> None:
    """Compare what was logged with what the programs know they wrote."""
    counts = dict.fromkeys(runs, 0)
    for text in read_all():
        body, _, mark = text.rpartition(b" ")
        assert mark == b"%08x" % zlib.crc32(body), f"torn: {text!r}"
        _, run, number, *_ = body.decode().split(" ")
        assert int(number) == counts[run], f"lost or doubled: {number} follows {counts[run]}"
        counts[run] += 1
    for run, tally in runs.items():
        if run == last:
            assert counts[run] >= tally.written, "lost at the end"
        elif tails:
            assert tally.written <= counts[run] <= tally.begun, f"lost at the end of {run}"


def _last(runs: dict[str, Tally]) -> str:
    return max(runs, key=lambda run: int(run.split("-")[0]))
