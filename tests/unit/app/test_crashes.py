"""Crash reports are found, told newest first, and shown without what is secret."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.crashes import Crashes
from svcctl.engine.manager import AgentManager
from svcctl.errors import UnknownService
from svcctl.ports import Applied
from svcctl.sdk.crash.folder import CrashFolder, report_name
from svcctl.spec import canonical
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld
from svcctl.wire import Selection


class Nobody:
    """Takes no items."""

    def __call__(self, item: object) -> None:
        raise AssertionError(item)

    async def room(self) -> None: ...


async def kept(world: FakeWorld, folder: Path, *names: str) -> Crashes:
    """Give the verb of an agent that keeps services."""
    manager = AgentManager(world.ports)
    for name in names:
        document = canonical.dump(ServiceSpec(name=name, exec=(name,)))
        revision = canonical.revision(document)
        await manager.install(Applied(name=name, spec=document, revision=revision))
    return Crashes(manager, folder=str(folder))


def crashed(folder: Path, service: str, day: int, **more: object) -> str:
    """Leave a report of a day in November; give its id."""
    name = report_name(stamp=f"202611{day:02}T000000.0Z", fingerprint="f00", number="7.1")
    report = {"at": float(day), "error": {"kind": "ValueError", "message": "no"}, **more}
    CrashFolder(_place(folder, service)).add(name, report)
    return f"202611{day:02}T000000.0Z-f00-7.1"


def _place(folder: Path, service: str) -> str:
    path = folder / service / "crashes"
    path.mkdir(parents=True, exist_ok=True)
    return str(path)


async def asked(crashes: Crashes, *names: str, **args: object) -> Any:
    given = Arguments({"id": None, "lines": 50, "after": None} | args)
    selection = Selection(names=names, all=not names)
    return await crashes.crashes(selection, given, Nobody())


async def test_the_newest_comes_first_of_whatever_service_it_is(
    world: FakeWorld, tmp_path: Path
) -> None:
    crashes = await kept(world, tmp_path, "mailer", "web")
    first = crashed(tmp_path, "mailer", 1)
    second = crashed(tmp_path, "web", 2)
    third = crashed(tmp_path, "mailer", 3, where="run")

    found = await asked(crashes)

    assert [each["id"] for each in found] == [third, second, first]
    assert found[0] | {"id": ""} == {
        "id": "",
        "service": "mailer",
        "instance": "mailer",
        "problem": "",
        "at": 3.0,
        "where": "run",
        "kind": "ValueError",
        "message": "no",
        "fingerprint": "",
        "repeats": 0,
        "version": "",
    }


async def test_a_list_goes_on_after_a_report(world: FakeWorld, tmp_path: Path) -> None:
    crashes = await kept(world, tmp_path, "mailer")
    ids = [crashed(tmp_path, "mailer", day) for day in (1, 2, 3)]

    newest = await asked(crashes, lines=2)
    older = await asked(crashes, lines=2, after=newest[-1]["id"])

    assert [each["id"] for each in [*newest, *older]] == ids[::-1]


async def test_one_is_given_whole_and_without_secrets(world: FakeWorld, tmp_path: Path) -> None:
    crashes = await kept(world, tmp_path, "mailer")
    report = crashed(
        tmp_path,
        "mailer",
        1,
        environment={"API_KEY": "hunter2", "HOME": "/home"},
        log=["login with password=hunter2"],
    )

    (found,) = await asked(crashes, id=report)

    assert found["report"]["environment"] == {"API_KEY": "***", "HOME": "/home"}
    assert "hunter2" not in json.dumps(found)


async def test_a_report_there_is_not_is_an_error(world: FakeWorld, tmp_path: Path) -> None:
    crashes = await kept(world, tmp_path, "mailer")

    for wanted in ("none", "../../etc/passwd"):
        with pytest.raises(UnknownService, match="no crash report"):
            await asked(crashes, id=wanted)


async def test_what_is_no_report_is_told_and_hides_no_other(
    world: FakeWorld, tmp_path: Path
) -> None:
    crashes = await kept(world, tmp_path, "mailer")
    good = crashed(tmp_path, "mailer", 1)
    Path(_place(tmp_path, "mailer"), "crash-20261102T-x-1.json").write_text("torn{")

    torn, whole = await asked(crashes)

    assert torn["problem"].startswith("the report cannot be read")
    assert (whole["id"], whole["problem"]) == (good, "")


@pytest.mark.skipif(not hasattr(os, "O_NOFOLLOW"), reason="needs Linux or macOS: links")
async def test_a_service_does_not_have_others_read_by_a_link(
    world: FakeWorld, tmp_path: Path
) -> None:
    crashes = await kept(world, tmp_path, "mailer")
    secret = tmp_path / "secret.json"
    secret.write_text('{"at": 1.0, "version": "inside"}')
    Path(_place(tmp_path, "mailer"), "crash-20261102T-x-1.json").symlink_to(secret)

    (found,) = await asked(crashes)

    assert found["problem"]
    assert "inside" not in json.dumps(found)


async def test_a_service_that_never_crashed_has_none(world: FakeWorld, tmp_path: Path) -> None:
    assert await asked(await kept(world, tmp_path, "mailer"), "mailer") == []
