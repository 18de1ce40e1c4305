"""What was used over time, as people see it."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.cli.history import lines
from svcctl.cli.main import main
from svcctl.cli.output import Screen
from svcctl.cli.sparkline import BARS, PLAIN, sparkline, spread
from tests.unit.cli.conftest import FakeAgent

PAST = {
    "since": 0.0,
    "until": 300.0,
    "instances": {
        "web": [[0, None, 1024, 1, 3], [299, 50.0, 2048, 1, 4]],
        "db": [[0, 80.0, 1024, 1, None], [150, 10.0, 512, 1, None]],
    },
}


def test_the_highest_bar_is_the_most_that_was_seen() -> None:
    assert sparkline([0.0, 5.0, 10.0, None, 2.0]) == "▁▅█ ▂"
    assert sparkline([0.0, 7.0], bars=PLAIN) == "_#"


def test_where_all_is_nothing_the_line_is_flat() -> None:
    assert sparkline([0.0, None, 0.0]) == "▁ ▁"
    assert sparkline([]) == ""


@given(
    points=st.lists(st.tuples(st.floats(0, 100), st.floats(0, 1e6))),
    columns=st.integers(1, 50),
)
def test_no_peak_is_lost_however_few_columns(
    points: list[tuple[float, float]], columns: int
) -> None:
    found = spread(points, since=0.0, until=100.0, columns=columns)

    assert len(found) == columns
    known = [each for each in found if each is not None]
    assert max(known, default=None) == max((value for _, value in points), default=None)
    assert len(sparkline(found)) == columns


def test_what_is_older_than_asked_for_is_left_out() -> None:
    assert spread([(-1.0, 9.0)], since=0.0, until=10.0, columns=2) == [None, None]


def table(sort: str = "cpu", encoding: str = "utf-8") -> list[str]:
    stream = io.TextIOWrapper(io.BytesIO(), encoding=encoding)
    return lines(Screen(stream=stream, colour=False, columns=0), PAST, sort=sort)


def test_the_hungriest_comes_first() -> None:
    assert [line.split()[0] for line in table()] == ["NAME", "db", "web"]
    assert [line.split()[0] for line in table("memory")] == ["NAME", "web", "db"]
    assert [line.split()[0] for line in table("name")] == ["NAME", "db", "web"]


def test_each_line_says_what_its_bars_mean() -> None:
    _, db, web = table()

    assert "80%" in db
    assert db.endswith("-")
    assert "50%" in web
    assert "2 KiB" in web
    assert web.rstrip().endswith("4")
    assert BARS[-1] in web


def test_a_terminal_without_bars_gets_plain_signs() -> None:
    page = "".join(table(encoding="ascii"))

    assert page.isascii()
    assert PLAIN[-1] in page


def test_nothing_to_show_is_said_in_words(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("history", {"since": 0.0, "until": 1.0, "instances": {}})

    assert main(["history"]) == 0

    assert capsys.readouterr().out == "nothing was written down in this time\n"


@pytest.mark.parametrize("argv", [["history", "--since", "5m"], ["top", "--since", "5m", "--once"]])
def test_both_commands_ask_for_the_same_past(
    agent: FakeAgent, capsys: pytest.CaptureFixture[str], argv: list[str]
) -> None:
    agent.says("history", PAST)

    assert main(argv) == 0

    assert agent.asked[-1]["args"] == {"since": "5m"}
    assert "db" in capsys.readouterr().out


def test_programs_get_it_as_json(agent: FakeAgent, capsys: pytest.CaptureFixture[str]) -> None:
    agent.says("history", PAST)

    main(["history", "-o", "json"])

    assert '"web"' in capsys.readouterr().out
