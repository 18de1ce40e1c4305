"""A door is opened where it can be, found where it should be, and taken away at the end."""

from __future__ import annotations

import asyncio
import os
import socket
from collections.abc import Mapping
from pathlib import Path

import pytest

from svcctl.client.local import LocalClient
from svcctl.sdk.endpoint.asked import Answers, Asked
from svcctl.sdk.endpoint.opening import opened
from svcctl.sdk.endpoint.place import RUN, address, own_paths
from svcctl.system.paths import Paths, find_paths
from svcctl.wire import Request

pytestmark = pytest.mark.posix


async def about(asked: Asked) -> object:
    return {"who": asked.who}


def answers() -> Answers:
    return {"about": about}


def ask(place: str) -> object:
    with LocalClient(place, timeout=60.0) as client:
        return client.ask(Request(verb="about"))


def live(environ: Mapping[str, str]) -> tuple[list[str], object]:
    """Live for as long as it takes to be asked; give where, and the answer."""
    told: list[str] = []

    async def lived() -> object:
        async with opened("mailer", answers, environ=environ, found_at=told.append):
            return await asyncio.to_thread(ask, told[0]) if told else None

    return told, asyncio.run(lived())


@pytest.fixture
def environ(tmp_path: Path) -> dict[str, str]:
    return {"SVCCTL_HOME": str(tmp_path / "home")}


@pytest.fixture
def blocked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Have SVCCTL_HOME name a place where nothing can be made; give that for those without."""
    file, own = tmp_path / "file", tmp_path / "own"
    file.write_text("")

    def paths(environ: Mapping[str, str]) -> Paths:
        run = file if "SVCCTL_HOME" in environ else own
        return Paths(config="/c", state="/s", run=str(run), logs="/l")

    monkeypatch.setattr("svcctl.sdk.endpoint.place.find_paths", paths)
    return own


def test_it_answers_where_its_name_says_and_leaves_nothing(environ: dict[str, str]) -> None:
    told, answer = live(environ)

    assert told == [address(find_paths(environ), "mailer")]
    assert answer == {"who": f"uid:{os.geteuid()}"}
    assert not Path(told[0]).exists()


def test_a_manager_may_name_a_folder_for_it(tmp_path: Path) -> None:
    run = str(tmp_path / "run")

    assert own_paths({"SVCCTL_HOME": str(tmp_path), RUN: run}).run == run
    assert own_paths({"SVCCTL_HOME": str(tmp_path), RUN: "run"}).run != "run"


def test_a_home_that_is_closed_to_it_is_not_the_end(environ: dict[str, str], blocked: Path) -> None:
    told, answer = live(environ)

    assert told == [str(blocked / "e" / "mailer.sock")]
    assert answer is not None


@pytest.mark.parametrize("home", [{}, {"SVCCTL_HOME": "/somewhere"}])
def test_where_no_folder_can_be_made_it_lives_without_a_door(
    home: dict[str, str], blocked: Path, caplog: pytest.LogCaptureFixture
) -> None:
    blocked.write_text("no folder")

    told, _ = live(home)

    assert told == []
    assert "endpoint.closed" in caplog.text


def test_where_another_copy_answers_it_lives_without_a_door(
    environ: dict[str, str], caplog: pytest.LogCaptureFixture
) -> None:
    place = Path(address(find_paths(environ), "mailer"))
    place.parent.mkdir(parents=True, mode=0o700)
    with socket.socket(socket.AF_UNIX) as other:
        other.bind(str(place))
        other.listen()

        told, _ = live(environ)

    assert told == []
    assert "endpoint.closed" in caplog.text
    assert place.exists()
