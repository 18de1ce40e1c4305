"""``apply`` and ``diff``: the plan first, then the deed; ``check``, ``init`` and ``add``."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.cli.main import main

Make = Callable[..., dict[str, Any]]
Captured = pytest.CaptureFixture[str]

CREATED = {"service": "web", "change": "created", "action": "start", "changes": []}
CHANGED = {
    "service": "web",
    "change": "changed",
    "action": "restart",
    "changes": [["stop.timeout", 10.0, 20.0], ["cwd", None, "/srv"]],
}
UNCHANGED = {"service": "web", "change": "unchanged", "action": "none", "changes": []}
ORPHANED = {"service": "old", "change": "orphaned", "action": "none", "changes": []}


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder to be in, with a definition of one service."""
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "svcctl.toml").write_text('[services.web]\nexec = ["sleep", "60"]\n')
    return folder


def test_apply_hands_over_specs_with_their_origins(
    agent: Any, folder: Path, outcome: Make, capsys: Captured
) -> None:
    agent.says("apply", {"plan": [CREATED], "outcomes": [outcome("web")]})

    assert main(["apply"]) == 0

    looked, done = (each["args"] for each in agent.asked)
    assert (looked["dry_run"], done["dry_run"]) == (True, False)
    (service,) = done["services"]
    file = str(folder / "svcctl.toml")
    assert service["spec"]["exec"] == ["sleep", "60"]
    assert len(service["revision"]) == 12
    assert list(service["sources"]) == [file]
    assert service["origins"]["exec"]["layer"] == "file"
    assert service["origins"]["exec"]["line"] == 2
    assert capsys.readouterr().out == (
        "+ web: create and start\nweb is running (pid 4711, ready)\n"
    )


@pytest.mark.usefixtures("folder")
def test_apply_can_only_be_looked_at(agent: Any, capsys: Captured) -> None:
    agent.says("apply", {"plan": [CHANGED, ORPHANED], "outcomes": []})

    assert main(["apply", "svcctl.toml", "--dry-run"]) == 0

    assert len(agent.asked) == 1
    assert capsys.readouterr().out == (
        "~ web: change and restart\n"
        "    stop.timeout: 10.0 -> 20.0\n"
        '    cwd: nothing -> "/srv"\n'
        "! old: no file defines it any more; --prune removes it\n"
    )


@pytest.mark.usefixtures("folder")
def test_apply_overrides_options_by_flag(agent: Any) -> None:
    agent.says("apply", {"plan": [], "outcomes": []})

    main(["apply", "--set", "web.stop.timeout=7s", "--dry-run"])

    (service,) = agent.asked[0]["args"]["services"]
    assert service["spec"]["stop"] == {"timeout": 7.0}


@pytest.mark.usefixtures("folder")
def test_apply_gives_plan_and_outcomes_as_json(agent: Any, outcome: Make, capsys: Captured) -> None:
    result = {"plan": [CREATED], "outcomes": [outcome("web", ok=False)]}
    agent.says("apply", result)

    assert main(["apply", "-o", "json"]) == 1

    assert json.loads(capsys.readouterr().out) == result


@pytest.mark.slow
@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("argv", "answer", "status"),
    [(["apply"], "y\n", 0), (["apply"], "n\n", 1), (["apply", "--yes"], "", 0)],
)
def test_a_person_is_asked_before_a_restart(
    argv: list[str], answer: str, status: int, agent: Any, terminal: Any
) -> None:
    agent.says("apply", {"plan": [CHANGED], "outcomes": []})

    terminal.run(argv, answer=answer, when="Restart or stop web? [y/N]")

    assert terminal.status == status
    assert len(agent.asked) == (2 if status == 0 else 1)


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("plan", "status"), [([CREATED], 10), ([UNCHANGED], 0), ([ORPHANED], 0), ([], 0)]
)
def test_diff_tells_by_its_exit_status(
    plan: list[dict[str, Any]], status: int, agent: Any, capsys: Captured
) -> None:
    agent.says("apply", {"plan": plan, "outcomes": []})

    assert main(["diff"]) == status

    assert agent.asked[0]["args"]["dry_run"] is True
    assert ("nothing to do" in capsys.readouterr().out) == (status == 0)


def test_where_nothing_is_defined_the_hint_says_how_to_begin(
    agent: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    del agent
    monkeypatch.chdir(tmp_path)

    assert main(["apply"]) == 2

    assert "hint: name a file, or write one: svcctl init" in capsys.readouterr().err


@pytest.mark.usefixtures("folder")
def test_a_good_file_has_no_mistakes(capsys: Captured) -> None:
    assert main(["check"]) == 0

    assert capsys.readouterr().out == "1 service, no mistakes\n"


def test_check_tells_every_mistake_with_its_place(folder: Path, capsys: Captured) -> None:
    (folder / "svcctl.toml").write_text(
        '[services.web]\nexec = "sleep 60"\nreset = 3\nready_timeout = "soon"\n'
    )

    assert main(["check", "svcctl.toml"]) == 78

    said = capsys.readouterr().err
    assert "svcctl.toml:3:1: " in said
    assert "svcctl.toml:4:17: " in said
    assert said.splitlines()[-1].startswith(("error[SVC-1100]", "hint"))


def test_check_gives_mistakes_as_json(folder: Path, capsys: Captured) -> None:
    (folder / "svcctl.toml").write_text('[services.web]\nexek = "sleep 60"\n')

    assert main(["check", "-o", "json"]) == 78

    found = json.loads(capsys.readouterr().out)
    assert found["services"] == []
    assert found["mistakes"][0]["line"] == 2


def test_the_schema_is_json(capsys: Captured) -> None:
    assert main(["schema"]) == 0

    assert json.loads(capsys.readouterr().out)["type"] == "object"


def test_init_writes_what_it_finds_and_never_overwrites(folder: Path, capsys: Captured) -> None:
    file = folder / "svcctl.toml"
    file.unlink()
    (folder / "Procfile").write_text("web: python3 -m http.server 8000\n")

    assert main(["init"]) == 0
    assert main(["init"]) == 1
    assert main(["init", "--force"]) == 0

    assert "[services.web]" in file.read_text()
    said = capsys.readouterr()
    assert said.out.startswith("wrote svcctl.toml: web\n")
    assert "hint: svcctl init --force" in said.err
    assert main(["check"]) == 0


def test_init_can_only_be_looked_at(folder: Path, capsys: Captured) -> None:
    before = (folder / "svcctl.toml").read_text()
    (folder / "Procfile").write_text("job: ./run\n")

    assert main(["init", "--dry-run"]) == 0

    assert "[services.job]" in capsys.readouterr().out
    assert (folder / "svcctl.toml").read_text() == before


def test_add_appends_a_service(folder: Path, capsys: Captured) -> None:
    assert main(["add", "job", "--env", "A=b=c", "--", "sleep", "--", "5"]) == 0

    text = (folder / "svcctl.toml").read_text()
    assert text.startswith('[services.web]\nexec = ["sleep", "60"]\n')
    assert '[services.job]\nexec = ["sleep", "--", "5"]\n' in text
    assert 'env.A = "b=c"' in text
    assert capsys.readouterr().out == "added job to svcctl.toml\n"


@pytest.mark.parametrize(
    ("argv", "status", "said"),
    [
        (["add", "job"], 2, "there is no command"),
        (["add", "web", "--", "sleep", "1"], 78, "there is a service 'web' already"),
        (["add", "job", "--env", "A", "--", "sleep", "1"], 2, "'A' sets no variable"),
    ],
)
def test_a_wrong_add_changes_nothing(
    argv: list[str], status: int, said: str, folder: Path, capsys: Captured
) -> None:
    before = (folder / "svcctl.toml").read_text()

    assert main(argv) == status

    assert said in capsys.readouterr().err
    assert (folder / "svcctl.toml").read_text() == before
