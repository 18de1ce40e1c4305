"""A service keeps its things where its manager says, else with svcctl's."""

from __future__ import annotations

import os

from svcctl.sdk.places import state_folder


def test_what_the_manager_gave_comes_first() -> None:
    environ = {"STATE_DIRECTORY": os.pathsep.join(("/one", "/two")), "SVCCTL_HOME": "/home"}

    assert state_folder("web", environ) == "/one"


def test_else_each_service_has_a_folder_of_its_own() -> None:
    home = os.path.abspath("somewhere")

    found = state_folder("web", {"SVCCTL_HOME": home})

    assert found == os.path.join(home, "state", "services", "web")
