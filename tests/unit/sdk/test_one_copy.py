"""Two copies of one service do not run beside each other, but for its instances."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from svcctl.errors import Conflict
from svcctl.sdk.instance import Instance, this_instance
from svcctl.sdk.one_copy import only_copy

MAILER = Instance(service="mailer", name="mailer")


def test_the_second_copy_is_told_of_the_first_and_what_it_can_do(tmp_path: Path) -> None:
    folder = str(tmp_path)

    with (
        only_copy(MAILER, folder),
        pytest.raises(Conflict) as caught,
        only_copy(MAILER, folder),
    ):
        pass

    assert f"'mailer' already runs as pid {os.getpid()} since " in caught.value.problem
    assert caught.value.hint.endswith("--instance 2")


def test_an_instance_that_a_manager_has_started_is_not_told_to_be_another_one(
    tmp_path: Path,
) -> None:
    told = {"SVCCTL_SERVICE": "mailer", "SVCCTL_INSTANCE": "mailer.2"}
    folder = str(tmp_path)
    second = this_instance("mailer", told)

    with only_copy(second, folder), pytest.raises(Conflict) as caught, only_copy(second, folder):
        pass

    assert "'mailer.2' already runs" in caught.value.problem
    assert "--instance" not in caught.value.hint


def test_instances_are_no_copies_of_each_other_nor_are_other_services(tmp_path: Path) -> None:
    folder = str(tmp_path)
    second = Instance(service="mailer", name="mailer.2", number=2)

    with (
        only_copy(MAILER, folder),
        only_copy(second, folder),
        only_copy(Instance(service="web", name="web"), folder),
    ):
        pass


def test_where_no_lock_can_be_the_service_lives_and_knows_why(tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    with only_copy(MAILER, str(tmp_path / "file")) as problem:
        assert "mailer.lock' cannot be locked: " in problem


def test_what_has_ended_is_in_nobodys_way(tmp_path: Path) -> None:
    folder = str(tmp_path)
    with only_copy(MAILER, folder):
        pass

    with only_copy(MAILER, folder) as problem:
        assert problem == ""
    assert list(tmp_path.iterdir()) == []
