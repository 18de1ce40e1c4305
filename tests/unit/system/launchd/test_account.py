"""Folders are the host's own, whoever launchd starts it as."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from svcctl.errors import UsageError
from svcctl.system.launchd.account import Account, find_account, give, own_account

pytestmark = pytest.mark.posix

NOBODY = Account(user=65534, group=65534)


def owner(path: Path) -> int:
    return os.lstat(path).st_uid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives things away")
def test_folders_and_what_is_in_them_are_given_away_but_not_what_has_two_names(
    tmp_path: Path,
) -> None:
    tmp_path.chmod(0o711)
    state, kept, elsewhere = tmp_path / "hosts" / "web", tmp_path / "kept", tmp_path / "elsewhere"
    state.mkdir(parents=True)
    (state / "state.db").write_text("")
    kept.write_text("")
    os.link(kept, state / "second-name")
    (state / "link").symlink_to(elsewhere)
    elsewhere.write_text("")

    give([str(state), str(tmp_path / "run" / "h")], NOBODY)

    assert owner(state) == owner(state / "state.db") == owner(tmp_path / "run" / "h") == 65534
    assert owner(state / "second-name") == owner(elsewhere) == 0
    assert stat.S_IMODE((tmp_path / "run" / "h").stat().st_mode) == 0o711


def test_what_is_one_s_own_is_closed_to_others(tmp_path: Path) -> None:
    give([str(tmp_path / "state")], own_account())

    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


@pytest.mark.parametrize(("user", "group"), [("no-such-user", None), ("root", "no-such-group")])
def test_an_account_there_is_not_is_told(user: str, group: str | None) -> None:
    with pytest.raises(UsageError, match=r"there is no (user|group) 'no-such-"):
        find_account(user, group)
