"""Whoever knows the name of a service finds its endpoint."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.sdk.endpoint.place import address
from svcctl.system.paths import Paths, find_paths


def paths(tmp_path: Path) -> Paths:
    return find_paths({"SVCCTL_HOME": str(tmp_path)})


def test_two_services_have_two_places(tmp_path: Path) -> None:
    here = paths(tmp_path)

    assert address(here, "web") == address(here, "web")
    assert address(here, "web") != address(here, "web.2")


def test_long_names_that_begin_alike_have_two_places(tmp_path: Path) -> None:
    here = paths(tmp_path)

    assert address(here, f"{'a' * 62}b") != address(here, f"{'a' * 62}c")


@pytest.mark.posix
def test_the_longest_name_fits_into_the_address_of_a_socket() -> None:
    here = find_paths({"SVCCTL_HOME": f"/{'x' * 59}"})
    assert len(here.run) == 64

    assert len(address(here, "a" * 63)) <= 103
