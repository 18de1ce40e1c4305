"""Only what one service alone can fill is looked at, and never twice at a time."""

from __future__ import annotations

import os

import pytest

from svcctl.app.own_folders import OwnFolders, own_folders
from svcctl.sdk.waiting import in_thread
from svcctl.spec.service import ServiceSpec
from svcctl.testing.fakes import FakeClock

S = os.sep


def spec(name: str, cwd: str) -> ServiceSpec:
    return ServiceSpec(name=name, exec=("app",), cwd=cwd.replace("/", S))


@pytest.mark.parametrize(
    ("folders", "own"),
    [
        ({"web": "/srv/web", "db": "/srv/db"}, ["db", "web"]),
        ({"web": "/srv/app", "db": "/srv/app"}, []),
        ({"web": "/srv/app", "db": "/srv/app/db", "api": "/srv/app/x/api"}, []),
        ({"web": "/srv/app", "db": "/srv/app2", "api": "/srv/app/../app2"}, ["web"]),
        ({"web": "/srv", "db": "/"}, []),
        ({"web": "/srv", "db": ""}, []),
        ({"web": "/home/me/", "db": ""}, ["web"]),
    ],
)
def test_a_folder_is_that_of_a_service_where_no_other_works(
    folders: dict[str, str], own: list[str]
) -> None:
    specs = [spec(name, cwd) for name, cwd in folders.items()]

    assert sorted(own_folders(specs)) == own


async def looked(folders: OwnFolders) -> None:
    assert folders._looking is not None
    await folders._looking


async def test_a_folder_is_looked_at_every_ten_minutes() -> None:
    clock, asked = FakeClock(), list[str]()

    def measure(path: str) -> tuple[int, int]:
        asked.append(path)
        return len(asked), 100

    folders, specs = OwnFolders(measure, clock=clock), {"web": spec("web", "/srv/web")}
    for _ in range(11):
        folders.look(specs, ["web"])
        await looked(folders)
        clock.forward(60.0)

    assert asked == [f"{S}srv{S}web"] * 2
    assert folders.of("web") == (2, 100)
    assert folders.of("db") is None


async def test_what_cannot_be_measured_is_not_known() -> None:
    found: list[tuple[int, int] | None] = [None, (7, 8)]
    clock, specs = FakeClock(), {"web": spec("web", "/srv/web")}
    folders = OwnFolders(lambda _: found.pop(), clock=clock)

    folders.look(specs, ["web"])
    await looked(folders)
    before = folders.of("web")
    clock.forward(600.0)
    folders.look(specs, ["web"])
    await looked(folders)

    assert before == (7, 8)
    assert folders.of("web") is None


async def test_a_machine_without_threads_is_asked_again_later(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def refuse(*_: object) -> object:
        raise RuntimeError("can't start new thread")

    clock, specs = FakeClock(), {"web": spec("web", "/srv/web")}
    folders = OwnFolders(lambda _: (1, 2), clock=clock)
    monkeypatch.setattr("svcctl.sdk.waiting.in_thread", refuse)
    folders.look(specs, ["web"])
    await looked(folders)
    assert [each.message for each in caplog.records] == ["folders.not-measured"]

    monkeypatch.setattr("svcctl.sdk.waiting.in_thread", in_thread)
    clock.forward(600.0)
    folders.look(specs, ["web"])
    await looked(folders)

    assert folders.of("web") == (1, 2)
