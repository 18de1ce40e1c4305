"""Where the life story is played: what every surroundings of a service can be asked by a test."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

import pytest

PATIENCE = 60.0
SOURCE = Path(__file__).parent / "mailer.py"


def until(check: Callable[[], Any], *, what: str, within: float = PATIENCE) -> Any:
    """Give the first true value of *check*, or fail."""
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        if value := check():
            return value
        time.sleep(0.02)
    pytest.fail(f"not within {within:g}s: {what}")


class Keeper(Protocol):
    """Who has started the service, and keeps it; nothing that is asked of him is waited for."""

    def start(self) -> None: ...
    def pause(self) -> None: ...
    def resume(self) -> None: ...
    def reload(self) -> None: ...
    def stop(self) -> None: ...

    def phase(self) -> str:
        """Give how he says that the service is."""

    def progress(self) -> object:
        """Give what he shows of its progress."""

    def endings(self) -> list[int | None]:
        """Give the exit status of every process that the service had so far."""


class Place:
    """A folder with the service in it; files there are what is said between it and the test.

    *found_in*: where svcctl itself is, for who starts the service without a word about that.
    """

    def __init__(self, folder: Path, state: Path, *, found_in: str = "") -> None:
        self.folder, self.state = folder, state
        folder.mkdir(parents=True, exist_ok=True)
        self.file = folder / "mailer.py"
        source = SOURCE.read_text(encoding="utf-8")
        if found_in:  # nobody can give the service a variable for it
            first = "import asyncio\n"
            source = source.replace(
                first, f"import sys\n\nsys.path.insert(0, {found_in!r})\n{first}"
            )
        self.file.write_text(source, encoding="utf-8")

    def tell(self, *words: str) -> None:
        for each in words:
            (self.folder / each).touch()

    def take_back(self, word: str) -> None:
        (self.folder / word).unlink()

    def heard(self) -> list[str]:
        path = self.folder / "heard"
        return path.read_text(encoding="utf-8").splitlines() if path.exists() else []

    def told_a_person(self) -> str:
        """Give what it wrote on stderr, where that is kept beside it."""
        path = self.folder / "stderr"
        return path.read_text(encoding="utf-8", errors="replace") if path.exists() else ""

    def crash_reports(self) -> list[dict[str, Any]]:
        found = sorted((self.state / "crashes").glob("*.json"))
        return [json.loads(each.read_text(encoding="utf-8")) for each in found]


class Stage:
    """One service, and who keeps it."""

    def __init__(self, place: Place, keeper: Keeper) -> None:
        self.place, self.keeper = place, keeper

    def await_heard(self, line: str, *, times: int = 1) -> None:
        until(lambda: self.place.heard().count(line) >= times, what=f"it notes {line!r}")

    def await_phase(self, *phases: str) -> None:
        seen: list[str] = []

        def arrived() -> bool:
            seen.append(self.keeper.phase())
            return seen[-1] in phases

        try:
            until(arrived, what=f"it is {' or '.join(phases)}")
        except pytest.fail.Exception as error:
            pytest.fail(
                f"{error}; it was {list(dict.fromkeys(seen))}; {self.place.told_a_person()}"
            )

    def run(self) -> None:
        """Bring it to where it runs."""
        self.place.tell("may-be-ready")
        self.keeper.start()
        self.await_phase("running")

    def run_at_work(self, *letters: str) -> None:
        """Bring it to where it runs, and has work under way."""
        self.run()
        self.place.tell(*(f"{each}.letter" for each in letters))
        for each in letters:
            self.await_heard(f"sending {each}")
