"""Logs of others are read where they lie: older and packed parts too, merged by time, and on."""

from __future__ import annotations

import gzip
import json
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from svcctl.cli.foreign_logs import foreign_items
from svcctl.cli.main import main
from svcctl.cli.session import Asked

Captured = pytest.CaptureFixture[str]


def entry(number: int, level: str = "info") -> str:
    at = f"2026-01-01T00:00:{number:02d}Z"
    return json.dumps({"time": at, "level": level, "msg": f"m{number}", "status": 200 + number})


def write(path: Path, *numbers: int, level: str = "info") -> None:
    path.write_text("".join(f"{entry(each, level)}\n" for each in numbers))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two logs, one of them rotated twice."""
    packed = "".join(f"{entry(each)}\n" for each in (1, 3)).encode()
    (tmp_path / "a.log.2.gz").write_bytes(gzip.compress(packed))
    write(tmp_path / "a.log.1", 5, 7, level="error")
    write(tmp_path / "a.log", 9)
    write(tmp_path / "b.log", 2, 4, 6, 8)
    return tmp_path


def messages(capsys: Captured, *args: str) -> list[str]:
    assert main(["logs", "-o", "json", *args]) == 0
    return [each["message"] for each in json.loads(capsys.readouterr().out)]


def test_all_parts_of_all_logs_are_merged_by_time(folder: Path, capsys: Captured) -> None:
    glob = str(folder / "*.log")

    assert messages(capsys, "--file", glob) == [f"m{each}" for each in range(1, 10)]
    assert messages(capsys, "--file", glob, "-n", "2") == ["m8", "m9"]
    assert messages(capsys, "--file", glob, "--level", "error") == ["m5", "m7"]
    assert messages(capsys, "--file", glob, "--where", "status>=208") == ["m8", "m9"]
    assert messages(capsys, "--file", glob, "--since", "2026-01-01T00:00:08+00:00") == ["m8", "m9"]


def test_lines_are_shown_with_the_log_they_are_of(folder: Path, capsys: Captured) -> None:
    assert main(["logs", "--file", str(folder / "b.log"), "-n", "1"]) == 0
    assert capsys.readouterr().out == f"{entry(8)}\n"

    assert main(["logs", "--file", str(folder / "*.log"), "-n", "1"]) == 0
    assert capsys.readouterr().out == f"{folder / 'a.log'} | {entry(9)}\n"


def test_what_fits_nothing_or_makes_no_sense_is_refused(folder: Path, capsys: Captured) -> None:
    assert main(["logs", "--file", str(folder / "*.nothing")]) == 2
    assert "no file fits" in capsys.readouterr().err
    assert main(["logs", "web", "--file", str(folder / "*.log")]) == 2
    assert main(["logs", "--stats", "--file", str(folder / "*.log")]) == 2


def test_a_log_is_followed_from_its_past_on(folder: Path) -> None:
    log = folder / "b.log"
    coming = following(log, lines=1)
    first = next(coming)

    with open(log, "a", encoding="utf-8") as file:
        file.write(f"{entry(10)}\n{entry(11)}\n")

    assert first["message"] == "m8"
    assert [each["message"] for each in islice(coming, 2)] == ["m10", "m11"]


def test_where_positions_are_kept_only_what_was_not_done_with_comes_again(folder: Path) -> None:
    log, positions = folder / "b.log", str(folder / "positions")
    coming = following(log, positions=positions)
    first = [each["message"] for each in islice(coming, 4)]
    with open(log, "a", encoding="utf-8") as file:
        file.write(f"{entry(10)}\n")

    last = next(coming)["message"]  # asked for while the four are done with
    coming.close()
    again = following(log, positions=positions)

    assert [*first, last] == ["m2", "m4", "m6", "m8", "m10"]
    assert next(again)["message"] == "m10"
    again.close()


def following(log: Path, *, positions: str = "", **args: Any) -> Any:
    given = {"follow": True, **args}
    return foreign_items(
        [str(log)], Asked(verb="logs", args=given, options={"positions": positions})
    )
