"""The command line in the language of its reader; what scripts read stays as it is."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.cli.main import main
from svcctl.cli.output import screen, width

Make = Callable[..., dict[str, Any]]
Captured = pytest.CaptureFixture[str]


@pytest.fixture(autouse=True)
def _chinese(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SVCCTL_LANG", "zh")


def test_status_has_its_headings_and_phases_in_chinese(
    agent: Any, standing: Make, capsys: Captured
) -> None:
    agent.says("status", [standing("web", phase="failed", pid=None, reason="exit code 3")])

    main(["status"])

    head, row = capsys.readouterr().out.splitlines()
    assert head.split() == [
        "名称",
        "阶段",
        "就绪",
        "PID",
        "运行时长",
        "重启次数",
        "CPU",
        "内存",
        "原因",
    ]
    assert row.split()[:3] == ["web", "✖", "失败"]
    assert row.endswith("退出码 3")


def test_columns_stand_under_each_other(agent: Any, standing: Make, capsys: Captured) -> None:
    agent.says("status", [standing("web"), standing("web-2", phase="backoff")])

    main(["status"])

    _, *rows = capsys.readouterr().out.splitlines()
    assert len({width(row[: row.index("4711")]) for row in rows}) == 1


def test_what_scripts_read_is_never_translated(
    agent: Any, standing: Make, capsys: Captured
) -> None:
    agent.says("status", [standing("web", phase="stopped")])

    main(["status", "-o", "json"])

    assert json.loads(capsys.readouterr().out)[0]["phase"] == "stopped"


def test_after_a_change_it_is_told_in_chinese_what_is_true(
    agent: Any, outcome: Make, capsys: Captured
) -> None:
    agent.says("stop", [outcome("web", phase="stopped", pid=None)])

    assert main(["stop", "web"]) == 0

    said = capsys.readouterr()
    assert said.out == "web 状态：已停止\n"
    assert said.err == "下一步：svcctl start web\n"


def test_a_mistake_is_told_in_chinese_with_its_code(capsys: Captured) -> None:
    assert main(["stats"]) == 2

    assert (
        capsys.readouterr().err == "错误[SVC-1200]: 没有命令 'stats'\n提示: 您是指 'status' 吗？\n"
    )


def test_the_help_has_verbs_and_sections_in_chinese(capsys: Captured) -> None:
    main(["--help"])
    of_all = capsys.readouterr().out
    main(["stop", "--help"])
    of_one = capsys.readouterr().out

    assert "停止服务，先停依赖它们的服务。" in of_all
    assert "查看:" in of_all
    assert "停止服务，先停依赖它们的服务。" in of_one


def test_a_terminal_that_has_no_chinese_letters_gets_english() -> None:
    narrow = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    wide = io.TextIOWrapper(io.BytesIO(), encoding="utf-8")

    assert screen(narrow, {"SVCCTL_LANG": "zh"}).words.language == "en"
    assert screen(wide, {"SVCCTL_LANG": "zh"}).words.language == "zh"


def test_every_mistake_is_told_in_chinese_behind_its_place(
    tmp_path: Path, capsys: Captured
) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text('version = 1\n[services.web]\nexc = "x"\nstop.timeout = 5\n')

    assert main(["check", str(file)]) == 78

    first, _, second, _, last = capsys.readouterr().err.splitlines()
    assert first == f"{file}:3:1: 未知选项 'exc'"
    assert second == f"{file}:4:16: stop.timeout: 5 没有单位"
    assert last == f"错误[SVC-1100]: 共 2 处错误，第一处：{first}"


def test_a_command_of_a_family_that_is_mistyped_is_told_like_any_other(capsys: Captured) -> None:
    assert main(["auth", "tokn"]) == 2

    assert capsys.readouterr().err == (
        "错误[SVC-1200]: 没有命令 'tokn'\n提示: 您是指 'token' 吗？\n"
    )
