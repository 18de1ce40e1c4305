"""Configurations in any number and of any kind: a good one is taken whole, no other ever is."""

from __future__ import annotations

import random
import shutil
import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.faults.sdk.running import Running, running
from tests.faults.trial import Effort

STORM = 1000  # requests in a row
GROWTH = 4 << 20  # bytes that memory may grow by in a second storm: pools, no leak


def good(number: int) -> str:
    """Give a configuration that says which it is."""
    return f'number = {number}\nwords = "{str(number) * 100}"\n'


def put(folder: Path, content: str | bytes) -> None:
    """Replace the file in one step, whatever stands there."""
    draft, file = folder / "draft", folder / "app.toml"
    draft.write_bytes(content if isinstance(content, bytes) else content.encode())
    if file.is_dir() and not file.is_symlink():
        shutil.rmtree(file)
    draft.replace(file)


def storm(service: Running, numbers: range) -> None:
    """Ask for a reload after each change, and do not wait; come back when the last is taken."""
    for number in numbers:
        put(service.folder, good(number))
        service.send(signal.SIGHUP)
    service.until_noted(f"took {numbers[-1]}")


def test_a_storm_of_reloads_ends_with_the_last_configuration(
    tmp_path: Path, effort: Effort
) -> None:
    put(tmp_path, good(0))
    with running(tmp_path, "configured.py") as service:
        service.until_noted("took 0")
        storm(service, range(1, STORM))
        before = service.memory

        for number in range(1, effort.of(10, bounded=1) + 1):
            storm(service, range(number * STORM, (number + 1) * STORM))
        after = service.memory
        status = service.stopped()

    taken = [int(each.split()[1]) for each in service.noted if each.startswith("took")]
    assert status == 0, service.said
    assert {each.split()[0] for each in service.noted} == {"took"}
    assert taken == sorted(set(taken))
    assert after - before < GROWTH


def garbage(file: Path, content: bytes) -> None:
    put(file.parent, content)


def a_folder(file: Path) -> None:
    file.unlink()
    file.mkdir()


def a_link(file: Path, target: str) -> None:
    file.unlink()
    file.symlink_to(target)


def huge(file: Path) -> None:
    draft = file.with_name("draft")
    with draft.open("wb") as stream:
        stream.truncate(8 << 30)
    draft.replace(file)


KINDS: dict[str, tuple[Callable[[Path, random.Random], None], str]] = {
    "random bytes": (lambda file, chance: garbage(file, chance.randbytes(5000)), ""),
    "torn": (lambda file, _: garbage(file, good(2).encode()[:-20]), "string"),
    "empty": (lambda file, _: garbage(file, b""), "missing"),
    "of another kind": (lambda file, _: garbage(file, b"number = 'x'\nwords = 3\n"), "number"),
    "a folder": (lambda file, _: a_folder(file), "cannot be read"),
    "a link to nothing": (lambda file, _: a_link(file, "nothing"), "is not there"),
    "a link to itself": (lambda file, _: a_link(file, "app.toml"), "cannot be read"),
    "unreadable": (lambda file, _: a_link(file, "/proc/self/mem"), "cannot be read"),
    "missing": (lambda file, _: file.unlink(), "is not there"),
    "huge": (lambda file, _: huge(file), "is larger than"),
}


@pytest.mark.parametrize("kind", KINDS)
def test_garbage_changes_nothing_is_told_and_the_next_good_one_is_taken(
    tmp_path: Path, chance: random.Random, kind: str
) -> None:
    put(tmp_path, good(1))
    spoil, words = KINDS[kind]
    with running(tmp_path, "configured.py") as service:
        service.until_noted("took 1")

        spoil(tmp_path / "app.toml", chance)
        refused = service.until_logged("config.rejected")
        service.send(signal.SIGHUP)
        service.until(lambda: len(service.records("config.rejected")) == 2, "it is refused again")
        put(tmp_path, good(3))
        service.until_noted("took 3")
        status = service.stopped()

    assert status == 0, service.said
    assert service.noted == ["took 1", "took 3"]
    assert any(words in each for each in refused["mistakes"]), refused
    assert "configuration refused" in service.said


def test_a_configuration_that_the_service_cannot_take_is_not_in_force(tmp_path: Path) -> None:
    put(tmp_path, good(1))
    with running(tmp_path, "configured.py", variables={"UNWANTED": "13"}) as service:
        service.until_noted("took 1")
        put(tmp_path, good(13))
        refused = service.until_logged("config.rejected")
        service.send(signal.SIGHUP)
        service.until(lambda: len(service.records("config.rejected")) == 2, "it is refused again")
        put(tmp_path, good(3))
        service.until_noted("took 3")
        status = service.stopped()

    assert status == 0, service.said
    assert service.noted == ["took 1", "took 13", "took 13", "took 3"]
    assert "not this one" in refused["mistakes"][0]
    assert "config_version" in service.records("config.applied")[-1]


def test_all_sorts_of_garbage_one_after_the_other_do_no_harm(
    tmp_path: Path, chance: random.Random, effort: Effort
) -> None:
    put(tmp_path, good(1))
    with running(tmp_path, "configured.py") as service:
        service.until_noted("took 1")
        for number in range(2, effort.of(100, bounded=5)):
            before = len(service.records("config.rejected"))
            spoil, _ = KINDS[chance.choice([*KINDS])]
            spoil(tmp_path / "app.toml", chance)
            service.until(
                lambda before=before: len(service.records("config.rejected")) > before,  # type: ignore[misc]
                "it is refused",
            )
            put(tmp_path, good(number))
            service.until_noted(f"took {number}")
        status = service.stopped()

    assert status == 0
    assert not any(each.startswith(("torn", "twice")) for each in service.noted)
