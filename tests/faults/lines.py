"""What the log of an instance holds, read from its files without asking the agent."""

from __future__ import annotations

from svcctl.observe.logs.files import instance_folder
from svcctl.observe.logs.query import Source, Wanted, read
from tests.faults.trial import Trial
from tests.flows.conftest import until


def lines(trial: Trial, name: str, *, last: int | None = None) -> list[bytes]:
    """Give the lines captured of the service *name*, of both streams, oldest first."""
    folder = instance_folder(trial.paths.logs, name, name)
    source = Source(service=name, instance=name, folder=folder)
    return [bytes(line.text) for line in read([source], Wanted(), last=last)]


def until_said(trial: Trial, name: str, words: bytes, *, times: int = 1) -> list[bytes]:
    """Wait until that many lines begin with *words*; give them."""

    def check() -> list[bytes]:
        found = [line for line in lines(trial, name) if line.startswith(words)]
        return found if len(found) >= times else []

    found: list[bytes] = until(check, what=f"{name} says {words.decode()} {times} times")
    return found
