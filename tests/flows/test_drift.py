"""Files that were changed since they were applied, as a real agent finds them."""

from __future__ import annotations

import pytest

from tests.flows.conftest import Box

pytestmark = pytest.mark.slow


def test_what_files_say_now_is_told_until_it_is_applied(agent: Box) -> None:
    file = agent.write('[services.web]\nexec = ["sleep", "1000"]\nenv.TOKEN = "one"\n')
    agent.ok("apply", "--set", "web.stop.timeout=4s")
    file.write_text('[services.web]\nexec = ["sleep", "1000"]\nenv.TOKEN = "two"\ncwd = "/"\n')

    ran = agent.cli("drift", "web", "-o", "json")

    (web,) = ran.json()
    assert (ran.status, web["state"], web["files"]) == (10, "changed", [str(file)])
    assert [(each["option"], each["change"]) for each in web["options"]] == [
        ("cwd", "added"),
        ("env.TOKEN", "changed"),
        ("stop.timeout", "removed"),
    ]
    assert web["options"][1]["on_disk"] == "two"
    assert web["options"][1]["on_disk_from"] == {
        "layer": "file",
        "file": str(file),
        "line": 3,
        "column": 5,
    }
    assert "svcctl drift" in agent.ok("status").err
    agent.ok("apply")
    assert agent.ok("drift").out == "= web: as its files say\n"


def test_files_that_are_gone_or_wrong_are_told_with_their_place(agent: Box) -> None:
    file = agent.write('[services.web]\nexec = ["sleep", "1000"]\n')
    agent.ok("apply")
    file.write_text("[services.web]\nexec = 1\n")

    wrong = agent.cli("drift")
    file.unlink()
    gone = agent.cli("drift")

    assert (wrong.status, gone.status) == (1, 1)
    assert f"{file}:2:8: " in wrong.out
    assert f"{file}: cannot be read: no such file" in gone.out


def test_a_scaled_service_is_told_to_be_so(agent: Box) -> None:
    agent.write('[services.web]\nexec = ["sleep", "1000"]\n')
    agent.ok("apply")
    agent.ok("scale", "web", "2")

    (web,) = agent.cli("drift", "-o", "json").json()

    (instances,) = web["options"]
    assert (instances["applied"], instances["on_disk"]) == (2, 1)
    assert instances["applied_from"] == {"layer": "scale"}
