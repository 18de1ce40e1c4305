"""The few figures that stand in the README, in the languages it is written in."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bench.outcome import Outcome
from bench.reading import Unit
from bench.report import best, short

_BEGIN, _END = "<!-- measured -->", "<!-- /measured -->"

_COUNTS = frozenset((Unit.LINES, Unit.SERVICES))  # a row says by its name what it counts

READMES = {"en": "README.md", "zh": "README.zh-CN.md"}


@dataclass(frozen=True, slots=True)
class Row:
    """A case of a figure, and what it is called in each language."""

    figure: str
    case: str
    names: Mapping[str, str]


ROWS = (
    Row("start", "100 services", {"en": "100 services start", "zh": "启动 100 个服务"}),
    Row("start", "1000 services", {"en": "1000 services start", "zh": "启动 1000 个服务"}),
    Row("stop", "100 services", {"en": "100 services stop", "zh": "停止 100 个服务"}),
    Row("crash", "first", {"en": "crash to running again", "zh": "崩溃后恢复运行"}),
    Row(
        "kill9",
        "started again",
        {"en": "`kill -9` of it: restarted", "zh": "自身被 `kill -9`：被重启的服务"},
    ),
    Row(
        "kill9",
        "run twice",
        {"en": "`kill -9` of it: run twice", "zh": "自身被 `kill -9`：重复运行的服务"},
    ),
    Row(
        "kill9",
        "lines lost",
        {"en": "`kill -9` of it: log lines lost", "zh": "自身被 `kill -9`：丢失的日志行"},
    ),
    Row(
        "lines",
        "4096 B writes, cut in two",
        {"en": "lines cut by rotation", "zh": "日志轮转切断的行"},
    ),
    Row("capture", "4096 B writes", {"en": "output captured", "zh": "日志采集速度"}),
    Row(
        "memory", "100 services", {"en": "memory with 100 services", "zh": "管理 100 个服务的内存"}
    ),
    Row("idle", "wake-ups", {"en": "wake-ups when idle", "zh": "空闲时的唤醒次数"}),
    Row("commands", "status", {"en": "`status` of 100 services", "zh": "查询 100 个服务的状态"}),
)


def headline(outcome: Outcome, language: str) -> str:
    """Give the table in *language*; the best of each line is bold, what was not measured empty."""
    managers = list(outcome.versions)
    lines = [f"| | {' | '.join(managers)} |", f"|---|{'---:|' * len(managers)}"]
    for row in ROWS:
        units = {
            each.unit
            for each in outcome.readings
            if (each.figure, each.case) == (row.figure, row.case)
        }
        for unit in units:
            cells = [_cell(outcome, row, manager, unit) for manager in managers]
            name = row.names[language] + (f", {unit}" if unit not in _COUNTS else "")
            lines.append(f"| {name} | {' | '.join(cells)} |")
    return "\n".join(lines)


def publish(outcome: Outcome, root: Path) -> None:
    """Put the table into each README below *root*, between its marks."""
    for language, name in READMES.items():
        path = root / name
        before, _, rest = path.read_text(encoding="utf-8").partition(_BEGIN)
        _, _, after = rest.partition(_END)
        text = f"{before}{_BEGIN}\n{headline(outcome, language)}\n{_END}{after}"
        path.write_text(text, encoding="utf-8")


def _cell(outcome: Outcome, row: Row, manager: str, unit: Unit) -> str:
    spread = outcome.spread(row.figure, row.case, manager)
    if spread is None:
        return ""
    is_best = spread.median == best(outcome, row.figure, row.case, unit)
    shown = short(spread.median)
    return f"**{shown}**" if is_best else shown
