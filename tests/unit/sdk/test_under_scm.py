"""What a service of Windows is given that the SCM does not give."""

from __future__ import annotations

import os

from svcctl.sdk.under_scm import folder, variables
from svcctl.system.paths import Paths, host_paths

BASE = os.path.join("programs", "svcctl")
PATHS = Paths(
    config=os.path.join(BASE, "config"),
    state=os.path.join(BASE, "state"),
    run=os.path.join(BASE, "run"),
    logs=os.path.join(BASE, "logs"),
)


def test_it_is_told_who_it_is_and_where_svcctl_has_its_things() -> None:
    found = variables("mailer", PATHS, {"env": {"TZ": "UTC"}})

    assert found == {
        "SVCCTL_HOME": BASE,
        "SVCCTL_RUN": host_paths(PATHS, "mailer").run,
        "SVCCTL_SERVICE": "mailer",
        "SVCCTL_INSTANCE": "mailer",
        "TZ": "UTC",
    }


def test_it_lives_in_the_folder_it_is_to_live_in() -> None:
    assert folder({"cwd": "elsewhere"}, program="mailer.py") == "elsewhere"


def test_one_that_is_to_live_nowhere_lives_beside_its_program() -> None:
    program = os.path.join(os.getcwd(), "shop", "mailer.py")

    assert folder({}, program=program) == os.path.dirname(program)
    assert folder({"cwd": ""}, program=program) == os.path.dirname(program)
