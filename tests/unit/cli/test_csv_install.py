"""``install --csv``: every cell has its place, every row its result."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.cli.csv_rows import Row, read_rows
from svcctl.cli.main import main
from svcctl.errors import SpecError
from svcctl.spec.notation import parse_command

Make = Callable[..., dict[str, Any]]
Captured = pytest.CaptureFixture[str]
Write = Callable[[str], str]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Write a file into the folder we are in; give its name."""
    monkeypatch.chdir(tmp_path)

    def put(text: str) -> str:
        Path("services.csv").write_text(text, encoding="utf-8", newline="")
        return "services.csv"

    return put


def rows(path: str) -> dict[str, dict[str, str]]:
    return {
        row.name: {".".join(map(str, each.path)): each.text for each in row.overrides}
        for row in read_rows(path, command=parse_command)
    }


# --- reading


def test_headings_mean_options_however_people_call_them(write: Write) -> None:
    path = write(
        "Name,Path,Start Type,Display Name,env.PORT,stop.timeout\n"
        'web,app --serve,Automatic,"Shop, the",80,5s\n'
        "db,db,Manual,,,\n"
    )

    assert rows(path) == {
        "web": {
            "exec": '["app", "--serve"]',
            "start": "auto",
            "display_name": "Shop, the",
            "env.PORT": "80",
            "stop.timeout": "5s",
        },
        "db": {"exec": '["db"]', "start": "manual"},
    }


@pytest.mark.parametrize(
    "text",
    [
        "name;exec\r\nweb;app\r\n",
        "name\texec\nweb\tapp\n",
        "\ufeffname,exec\nweb,app\n",
        "name,exec\n\n,\n web , app \n",
    ],
)
def test_what_spreadsheets_write_is_read(write: Write, text: str) -> None:
    assert rows(write(text)) == {"web": {"exec": '["app"]'}}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ["services.csv:1:0: there is no column 'name'"]),
        ("exec\napp\n", ["services.csv:1:0: there is no column 'name'"]),
        ("name,exec\n", ["services.csv: there is no row below the header"]),
        ("name,exce\nweb,a\n", ["services.csv:1:6: 'exce' is no option"]),
        ("name,exec\n,a\n", ["services.csv:2:1: the row has no name"]),
        ("name,exec\na,b,c\n", ["services.csv:2:5: 3 cells below 2 headings"]),
        ("name,exec\na,b\na,c\n", ["services.csv:3:1: service 'a' is in the file twice"]),
        ('name,exec\na,"b"x\n', ["services.csv:2:1: is not CSV: ',' expected after '\"'"]),
        (
            'name,exec,start\n"a",b \'c,x\n',
            ['services.csv:2:5: "b \'c" cannot be split: No closing quotation'],
        ),
    ],
)
def test_a_mistake_of_form_is_found_in_its_place(
    write: Write, text: str, expected: list[str]
) -> None:
    with pytest.raises(SpecError) as caught:
        read_rows(write(text), command=parse_command)

    found = [str(each) for each in caught.value.mistakes]
    assert [each[: len(said)] for each, said in zip(found, expected, strict=False)] == expected


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_bytes(b"name\xff\n")

    with pytest.raises(SpecError, match="is not UTF-8"):
        read_rows(str(path), command=parse_command)


@given(text=st.text(alphabet='name,"\n a', max_size=40))
def test_no_file_breaks_the_reader(text: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.mktemp("csv") / "x.csv"
    path.write_text(f"name,exec\n{text}", newline="")

    found: list[Row] = []
    with suppress(SpecError):
        found = read_rows(str(path), command=parse_command)

    assert all(row.name and row.line > 1 for row in found)


def test_mistakes_of_definition_have_the_place_of_the_cell(
    agent: Any, write: Write, capsys: Captured
) -> None:
    agent.says("status", [])
    path = write('name,exec,start,needs\nweb,app,late,"[""db""]"\ndb,,,\n')

    assert main(["install", "--csv", path]) == 78

    assert agent.asked[-1]["verb"] == "status"
    told = capsys.readouterr().err.splitlines()
    assert [each for each in told if each.startswith("services.csv")] == [
        "services.csv:2:9: start: 'late' is not one of auto, delayed, manual, disabled",
        "services.csv:3:1: service 'db' has no command",
    ]


# --- doing


def planned(name: str, change: str = "created") -> dict[str, Any]:
    return {
        "service": name,
        "change": change,
        "action": "none",
        "changes": [],
        "manager": "systemd",
        "acts": [],
    }


def plays(agent: Any, *, fails: Make | None = None, changes: str = "created") -> None:
    """Have the agent take everything, but for what *fails* gives an outcome of for ``bad``."""

    def answer(request: dict[str, Any]) -> list[dict[str, Any]]:
        args = request["args"]
        names = [each["name"] for each in args["services"]]
        outcomes = [fails("bad", ok=False, problem="no room")] if fails else []
        refused = outcomes if not args["dry_run"] and "bad" in names else []
        plan = [planned(name, changes) for name in names]
        return [{"result": {"plan": plan, "outcomes": refused}}]

    agent.script["apply"] = answer


def test_the_plan_comes_first_then_a_result_for_each_row(
    agent: Any, write: Write, capsys: Captured
) -> None:
    plays(agent)
    path = write("name,exec\nweb,app\ndb,db\n")

    assert main(["install", "--csv", path]) == 0

    assert capsys.readouterr().out == (
        "SERVICE  PLAN     KEPT BY\n"
        "web      created  systemd\n"
        "db       created  systemd\n"
        "web: created, kept by systemd\n"
        "db: created, kept by systemd\n"
    )
    handed = [[each["name"] for each in asked["args"]["services"]] for asked in agent.asked]
    assert handed == [["web", "db"], ["web"], ["db"]]


def test_a_row_that_fails_leaves_nothing_and_the_others_are_installed(
    agent: Any, write: Write, outcome: Make, standing: Make, capsys: Captured
) -> None:
    plays(agent, fails=outcome)
    agent.says("status", [standing("bad")])
    agent.says("remove", {"plan": [], "outcomes": []})
    path = write("name,exec\nweb,app\nbad,x\n")

    assert main(["install", "--csv", path]) == 8

    told = capsys.readouterr()
    assert agent.asked[-1]["verb"] == "remove"
    assert agent.asked[-1]["select"]["names"] == ["bad"]
    assert agent.asked[-1]["args"]["logs"] is True
    assert told.out.endswith("web: created, kept by systemd\n")
    assert "failed: bad: no room\n" in told.err
    assert "1 of 2 installed, 1 failed and left nothing behind" in told.err


def test_a_row_that_was_there_before_is_not_taken_away_for_failing(
    agent: Any, write: Write, outcome: Make
) -> None:
    plays(agent, fails=outcome, changes="changed")
    path = write("name,exec\nbad,x\n")

    assert main(["install", "--csv", path]) == 1

    assert {each["verb"] for each in agent.asked} == {"apply"}


def test_a_refusal_of_one_row_does_not_end_the_others(
    agent: Any, write: Write, capsys: Captured
) -> None:
    plays(agent)
    take = agent.script["apply"]

    def answer(request: dict[str, Any]) -> list[dict[str, Any]]:
        names = [each["name"] for each in request["args"]["services"]]
        if names == ["bad"]:
            return [{"error": {"code": "SVC-1600", "problem": "it is masked", "hint": ""}}]
        found = take(request)
        assert isinstance(found, list)
        return found

    agent.script["apply"] = answer
    agent.says("status", [])
    path = write("name,exec\nbad,x\nweb,app\n")

    assert main(["install", "--csv", path, "--json"]) == 8

    result = json.loads(capsys.readouterr().out)
    assert [each["service"] for each in result["plan"]] == ["bad", "web"]
    assert [each["problem"] for each in result["outcomes"]] == ["it is masked"]


def test_a_row_that_cannot_even_be_planned_is_told_of_and_left_out(
    agent: Any, write: Write, capsys: Captured
) -> None:
    plays(agent)
    take = agent.script["apply"]

    def answer(request: dict[str, Any]) -> list[dict[str, Any]]:
        if "bad" in [each["name"] for each in request["args"]["services"]]:
            return [{"error": {"code": "SVC-1200", "problem": "no such account", "hint": ""}}]
        found = take(request)
        assert isinstance(found, list)
        return found

    agent.script["apply"] = answer
    path = write("name,exec\nbad,x\nweb,app\n")

    assert main(["install", "--csv", path]) == 8

    told = capsys.readouterr()
    assert told.out == (
        "SERVICE  PLAN     KEPT BY\n"
        "bad      refused\n"
        "web      created  systemd\n"
        "web: created, kept by systemd\n"
    )
    assert "failed: bad: no such account\n" in told.err


def test_what_refuses_every_row_is_told_once(agent: Any, write: Write, capsys: Captured) -> None:
    agent.refuses("apply", "SVC-1500", "you may not")

    assert main(["install", "--csv", write("name,exec\nweb,app\ndb,db\n")]) == 6

    assert capsys.readouterr().err.count("you may not") == 1


def test_now_starts_each_row(agent: Any, write: Write, outcome: Make) -> None:
    plays(agent)
    agent.says("start", [outcome("web")])

    assert main(["install", "--csv", write("name,exec\nweb,app\n"), "--now"]) == 0

    assert [each["verb"] for each in agent.asked] == ["apply", "apply", "start"]


def test_a_dry_run_installs_no_row(agent: Any, write: Write, capsys: Captured) -> None:
    plays(agent)

    assert main(["install", "--csv", write("name,exec\nweb,app\n"), "--dry-run"]) == 0

    assert [each["args"]["dry_run"] for each in agent.asked] == [True]
    assert capsys.readouterr().out == "web: would be created, kept by systemd\n"


@pytest.mark.parametrize("argv", [["web"], ["--exec", "x"], ["--set", "a=1"]])
def test_a_table_says_everything_itself(
    agent: Any, write: Write, argv: list[str], capsys: Captured
) -> None:
    assert main(["install", "--csv", write("name,exec\nweb,app\n"), *argv]) == 2

    assert agent.asked == []
    assert "--csv says what is installed, and so does" in capsys.readouterr().err


@pytest.mark.slow
def test_a_person_sees_a_bar_and_is_asked(agent: Any, write: Write, terminal: Any) -> None:
    plays(agent)
    path = write("name,exec\nweb,app\ndb,db\n")

    terminal.run(["install", "--csv", path], answer="y\n", when="Install 2 services?")

    assert terminal.status == 0
    assert "installing" in terminal.screen
    assert "100%" in terminal.screen
