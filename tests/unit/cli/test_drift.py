"""``svcctl drift``: what the files of services say, beside what was applied."""

from __future__ import annotations

import json
from typing import Any

import pytest

from svcctl.cli.main import main

Captured = pytest.CaptureFixture[str]
PLACE = {"layer": "file", "file": "/srv/svcctl.toml", "line": 3, "column": 1}


def drifted(service: str, state: str, **more: object) -> dict[str, Any]:
    row = {"service": service, "state": state, "files": [], "problem": "", "hint": ""}
    return {**row, "needs_restart": False, "options": [], **more}


CHANGED = drifted(
    "web",
    "changed",
    needs_restart=True,
    options=[
        {
            "option": "exec",
            "change": "changed",
            "applied": ["web"],
            "applied_from": PLACE,
            "on_disk": ["web", "-v"],
            "on_disk_from": PLACE,
        },
        {
            "option": "env.A",
            "change": "added",
            "applied": None,
            "applied_from": {},
            "on_disk": "1",
            "on_disk_from": PLACE,
        },
    ],
)


def test_each_option_that_differs_is_shown_with_both_sides(agent: Any, capsys: Captured) -> None:
    agent.says("drift", [CHANGED])

    assert main(["drift", "web"]) == 10

    said = capsys.readouterr()
    lines = [" ".join(each.split()) for each in said.out.splitlines()]
    assert lines == [
        "~ web: its files say something else",
        "OPTION APPLIED FROM ON DISK FROM",
        '~ exec ["web"] /srv/svcctl.toml:3:1 ["web", "-v"] /srv/svcctl.toml:3:1',
        '+ env.A nothing - "1" /srv/svcctl.toml:3:1',
    ]
    assert said.err == "a running program has the old values until it is started again\n"
    assert agent.asked[0]["select"]["names"] == ["web"]


@pytest.mark.parametrize(
    ("state", "status", "said"),
    [
        ("same", 0, "= web: as its files say\n"),
        ("undefined", 10, "! web: P\n"),
        ("unreadable", 1, "! web: P\n"),
        ("unknown", 0, "? web: P\n"),
    ],
)
def test_the_exit_status_says_whether_there_is_something_to_apply(
    state: str, status: int, said: str, agent: Any, capsys: Captured
) -> None:
    agent.says("drift", [drifted("web", state, problem="P", hint="H")])

    assert main(["drift"]) == status

    heard = capsys.readouterr()
    assert (heard.out, heard.err) == (said, "hint: H\n")


def test_it_is_json_on_request(agent: Any, capsys: Captured) -> None:
    agent.says("drift", [CHANGED])

    assert main(["drift", "-o", "json"]) == 10

    assert json.loads(capsys.readouterr().out) == [CHANGED]
