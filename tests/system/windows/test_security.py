"""Who may use a folder: what Windows is handed, for Wine keeps but a shadow of it."""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import subprocess
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from svcctl.errors import Denied, SystemFault
from svcctl.system.windows import security
from tests.system.windows.scm_lab import IS_WINE

SYSTEM = "S-1-5-18"
ADMINISTRATORS = "S-1-5-32-544"
SERVICES = "S-1-5-6"
STRANGER = "S-1-5-21-9-9-9-1234"
INHERITED_BY_ALL = 0x3  # OBJECT_INHERIT_ACE | CONTAINER_INHERIT_ACE
ALL, READ_AND_RUN, MODIFY = 0x1F01FF, 0x1200A9, 0x1301BF
DACL_ALONE = 0x8000_0004  # PROTECTED_DACL_SECURITY_INFORMATION | DACL_SECURITY_INFORMATION


class Recorded:
    """Takes the place of SetNamedSecurityInfoW: what was set, by path."""

    def __init__(self, real: Any) -> None:
        self._real = real
        self.set: dict[str, tuple[int, int, list[tuple[int, int, str]]]] = {}

    def __call__(self, path: str, kind: int, parts: int, *lists: Any) -> int:
        owner, group, acl, audit = lists
        assert (owner, group, audit) == (None, None, None)
        self.set[path] = (kind, parts, _entries(acl.value))
        return int(self._real(path, kind, parts, *lists))


def _entries(acl: int) -> list[tuple[int, int, str]]:
    """Read an ACL (MS-DTYP 2.4.5): flags, mask and SID of each entry that allows something."""
    (count,) = struct.unpack_from("<H", ctypes.string_at(acl, 8), 4)
    found, at = [], acl + 8
    for _ in range(count):
        kind, flags, size, mask = struct.unpack("<BBHI", ctypes.string_at(at, 8))
        assert kind == 0
        found.append((flags, mask, _sid(ctypes.string_at(at + 8, size - 8))))
        at += size
    return found


def _sid(content: bytes) -> str:
    count, authority = content[1], int.from_bytes(content[2:8], "big")
    parts = struct.unpack_from(f"<{count}I", content, 8)
    return "-".join(["S-1", str(authority), *map(str, parts)])


@pytest.fixture
def recorded(monkeypatch: pytest.MonkeyPatch) -> Recorded:
    calls = security._calls()
    watched = Recorded(calls.SetNamedSecurityInfoW)
    monkeypatch.setattr(calls, "SetNamedSecurityInfoW", watched)
    return watched


def test_a_folder_is_open_to_its_service_to_administrators_and_to_nobody_else(
    recorded: Recorded, tmp_path: Path
) -> None:
    sid = security.service_sid("web")

    security.protect(str(tmp_path), security.folder_sddl(writers=(sid,)))

    assert recorded.set == {
        str(tmp_path): (
            1,  # SE_FILE_OBJECT
            DACL_ALONE,
            [
                (INHERITED_BY_ALL, ALL, SYSTEM),
                (INHERITED_BY_ALL, ALL, ADMINISTRATORS),
                (INHERITED_BY_ALL, MODIFY, sid),
            ],
        )
    }


def test_services_may_read_what_all_of_them_share(recorded: Recorded, tmp_path: Path) -> None:
    security.protect(str(tmp_path), security.folder_sddl(readers=("SU",)))

    (_, _, entries) = recorded.set[str(tmp_path)]
    assert entries[2:] == [(INHERITED_BY_ALL, READ_AND_RUN, SERVICES)]


def test_what_this_process_makes_is_its_own(tmp_path: Path) -> None:
    owner = security.owner_of(str(tmp_path))

    assert owner in {security.own_sid(), ADMINISTRATORS}


@pytest.mark.parametrize("whose", ["folder", "folder above"])
def test_a_folder_that_somebody_else_laid_out_is_refused(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, whose: str
) -> None:
    foreign = str(tmp_path) if whose == "folder" else str(tmp_path.parent)
    real = security.owner_of
    monkeypatch.setattr(
        security, "owner_of", lambda path: STRANGER if path == foreign else real(path)
    )

    with pytest.raises(Denied, match=f"belongs to {STRANGER}"):
        security.protect(str(tmp_path), security.folder_sddl())

    assert recorded.set == {}


@pytest.mark.skipif(IS_WINE, reason="Wine cannot make a junction")
@pytest.mark.parametrize("above", [True, False])
def test_a_junction_is_refused_wherever_it_leads(
    recorded: Recorded, tmp_path: Path, *, above: bool
) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    (target / "below").mkdir(parents=True)
    subprocess.run(["cmd.exe", "/d", "/c", "mklink", "/J", str(link), str(target)], check=True)

    with pytest.raises(Denied, match="is a link"):
        security.protect(str(link / "below" if above else link), security.folder_sddl())

    assert recorded.set == {}


@pytest.mark.parametrize("which", ["folder", "folder above"])
def test_what_says_that_it_leads_elsewhere_is_refused(
    recorded: Recorded, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, which: str
) -> None:
    link = str(tmp_path) if which == "folder" else str(tmp_path.parent)
    junction = SimpleNamespace(st_file_attributes=stat.FILE_ATTRIBUTE_REPARSE_POINT)
    real = os.lstat
    monkeypatch.setattr(os, "lstat", lambda path: junction if path == link else real(path))

    with pytest.raises(Denied, match="is a link"):
        security.protect(str(tmp_path), security.folder_sddl())

    assert recorded.set == {}


def test_what_is_not_there_or_is_no_sddl_is_said(tmp_path: Path) -> None:
    missing = str(tmp_path / "missing")

    with pytest.raises(SystemFault, match="cannot be looked at"):
        security.protect(missing, security.folder_sddl())
    with pytest.raises(SystemFault, match="reading the access list 'nonsense'"):
        security.protect(str(tmp_path), "nonsense")
