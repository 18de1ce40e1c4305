"""An agent in the background: how long whoever started it waits for it."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.bootstrap import background
from svcctl.errors import SvcctlError, SystemFault, TimedOut

Popen = subprocess.Popen


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Give the code that runs in place of an agent."""
    code = ["import time; time.sleep(600)"]
    programs: list[subprocess.Popen[bytes]] = []

    def start(_argv: list[str], **options: object) -> subprocess.Popen[bytes]:
        programs.append(Popen([sys.executable, "-c", code[0]], **options))  # type: ignore[call-overload]
        return programs[-1]

    monkeypatch.setattr(subprocess, "Popen", start)
    yield code
    for each in programs:
        each.kill()
        each.wait()


def answers(monkeypatch: pytest.MonkeyPatch, *given: SvcctlError | bool) -> list[object]:
    """Have each question for the agent come to the next of *given*; give what is left of them."""
    left: list[object] = list(given)

    def answer(_home: str | None) -> object:
        found = left.pop(0) if len(left) > 1 else left[0]
        if isinstance(found, SvcctlError):
            raise found
        return found

    monkeypatch.setattr(background, "agent_answers", answer)
    return left


def test_an_agent_that_is_too_busy_to_answer_is_asked_again(
    started: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    del started
    left = answers(monkeypatch, False, TimedOut("no answer within 5s", hint=""), True)

    background.start_agent(str(tmp_path))

    assert left == [True]


def test_what_an_agent_that_ends_at_once_wrote_is_told(
    started: list[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    started[0] = "raise SystemExit('the disk is full')"
    answers(monkeypatch, False)

    with pytest.raises(SystemFault, match="the agent did not come up: the disk is full"):
        background.start_agent(str(tmp_path))


def test_nobody_answers_where_there_is_no_agent(tmp_path: Path) -> None:
    assert not background.agent_answers(str(tmp_path))
