"""What adapters say of files and commands, without the managers themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.cache import numbered
from bench.manager import Manager, Service, Site
from bench.managers import MANAGERS
from bench.managers.svcctl import Svcctl

PEERS = [manager for manager in MANAGERS if manager.name != "svcctl"]


def site(folder: Path) -> Site:
    (folder / "logs").mkdir()
    services = tuple(
        Service(name=name, command=("/bin/workload", "quiet", "/tmp/with blank", name))
        for name in ("s0000", "s0001")
    )
    return Site(folder=folder, services=services)


def test_rotated_files_come_oldest_first(tmp_path: Path) -> None:
    for name in ("web", "web.1", "web.2", "web.10", "web.idx", "website.3"):
        (tmp_path / name).touch()

    assert [path.name for path in numbered(tmp_path, "web")] == ["web.10", "web.2", "web.1", "web"]


def test_pieces_of_svcctl_come_oldest_first(tmp_path: Path) -> None:
    folder = tmp_path / "logs" / "web" / "web"
    folder.mkdir(parents=True)
    for name in ("stdout.log", "stdout.log.000002", "stdout.log.000001", "stdout.log.000001.idx"):
        (folder / name).touch()

    found = Svcctl().logs(Site(folder=tmp_path, services=()), "web")

    assert [path.name for path in found] == ["stdout.log.000001", "stdout.log.000002", "stdout.log"]


@pytest.mark.parametrize("manager", PEERS, ids=lambda manager: manager.name)
def test_configuration_can_be_written_again(manager: Manager, tmp_path: Path) -> None:
    where = site(tmp_path)

    manager.setup(where)
    manager.setup(where)

    assert "s0001" in "".join(str(path) + _text(path) for path in tmp_path.rglob("*"))


def test_every_manager_has_a_name_of_its_own() -> None:
    assert len({manager.name for manager in MANAGERS}) == len(MANAGERS)


def _text(path: Path) -> str:
    return path.read_text() if path.is_file() else ""
