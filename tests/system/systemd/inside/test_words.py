"""What we write for systemd, as systemd itself reads it."""

from __future__ import annotations

import datetime as dt
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path

import pytest
from cronsim import CronSim

from svcctl.system.systemd.bus import Systemctl
from svcctl.system.systemd.calendar import on_calendar
from svcctl.system.systemd.quoting import command, path, value, word
from tests.system.systemd.inside.conftest import UNITS, state, until

Write = Callable[[str, str], str]

GOLDEN = Path(__file__).parents[3] / "unit/system/systemd/golden"
NEEDED = (
    "/usr/bin/web",
    "/bin/check",
    "/bin/clean",
    "/etc/web/token",
    "/opt/my svcctl/server/host.py",
)
OTHERS = ("db", "cache", "chrony")

SAID = ["", " ", "a b", "a  b ", "tab\there", "two\nlines", "\r", "\x01\x7f", "'", '"', "\\", "\\n",
        "\\x41", "%n", "%%", "100%", "$HOME", "${HOME}", "$$", "a$", ";", "; ", "#", "-", "@x", "=",
        "é", "中文", "\U0001f600", "{}", "*?", "~", "&&", "|", "`id`", "(", "x\\"]  # fmt: skip


@pytest.fixture
def programs() -> Iterator[None]:
    """Have all the programs and files there are in the golden units."""
    made = [Path(each) for each in NEEDED if not Path(each).exists()]
    for each in made:
        each.parent.mkdir(parents=True, exist_ok=True)
        each.write_text("#!/bin/sh\n")
        each.chmod(0o755)
    yield
    for each in made:
        each.unlink()


@pytest.mark.usefixtures("programs")
@pytest.mark.parametrize("golden", sorted(each.name for each in GOLDEN.iterdir()))
def test_systemd_has_nothing_against_our_units(golden: str, tmp_path: Path) -> None:
    kind = golden.rpartition(".")[2]
    for other in OTHERS:
        (tmp_path / f"{other}.service").write_text("[Service]\nExecStart=/bin/true\n")
    (tmp_path / "web.service").write_text((GOLDEN / "plain.service").read_text())
    (tmp_path / f"web.{kind}").write_text((GOLDEN / golden).read_text())

    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", tmp_path / f"web.{kind}"],
        capture_output=True,
        text=True,
        check=False,
    )

    assert (done.returncode, done.stderr) == (0, "")


def test_a_program_is_told_every_word_as_it_was_written(unit: Write, tmp_path: Path) -> None:
    seen = tmp_path / "seen.json"
    script = "import json, sys; json.dump(sys.argv[2:], open(sys.argv[1], 'w'))"
    argv = [sys.executable, "-c", script, str(seen), *SAID]
    unit("words.service", f"[Service]\nType=oneshot\nExecStart={command(argv)}\n")

    subprocess.run(["systemctl", "start", "words.service"], check=True)

    assert json.loads(seen.read_text()) == SAID


def test_variables_hold_what_was_written(unit: Write, tmp_path: Path) -> None:
    seen = tmp_path / "seen.json"
    script = f"import json, os; json.dump(dict(os.environ), open({str(seen)!r}, 'w'))"
    said = {f"V{number}": text for number, text in enumerate(SAID)}
    lines = [f"Environment={word(f'{name}={text}')}" for name, text in said.items()]
    lines.append(f"ExecStart={command([sys.executable, '-c', script])}")
    unit("words.service", "[Service]\nType=oneshot\n" + "\n".join(lines) + "\n")

    subprocess.run(["systemctl", "start", "words.service"], check=True)

    found = json.loads(seen.read_text())
    assert {name: found.get(name) for name in said} == said


@pytest.mark.parametrize("said", ["100% of it", "ends with \\", "$HOME is %h", 'a "quoted" word'])
def test_a_description_is_shown_as_it_was_written(unit: Write, said: str) -> None:
    text = f"[Unit]\nDescription={value(said)}\n\n[Service]\nExecStart=/bin/true\n"
    name = unit("words.service", text)

    shown = subprocess.run(
        ["systemctl", "show", name, "--value", "--property=Description"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout

    assert shown.rstrip("\n").rstrip("\\") == said.rstrip("\\").rstrip()


def test_a_folder_may_have_any_name(unit: Write, tmp_path: Path) -> None:
    folder = tmp_path / "100% of 'a b'"
    folder.mkdir()
    text = f"[Service]\nWorkingDirectory={path(str(folder))}\nExecStart=/bin/sleep 1000\n"
    name = unit("words.service", text)

    Systemctl().start(name)
    until(lambda: state(Systemctl(), name) == "active")

    pid = Systemctl().properties([name])[name]["MainPID"]
    assert Path(f"/proc/{pid}/cwd").readlink() == folder
    assert (UNITS / name).exists()


@pytest.mark.parametrize(
    "cron",
    ["* * * * *", "*/5 * * * *", "7-59/10 * * * *", "0 3 * * mon", "30 6 * * 1-5", "0 0 * * 0,7",
     "0 12 * * thu,sun", "15,45 8-18/2 1 jan,jul *", "0 0 */2 * *", "0 0 13 * fri",
     "0 0 */10 * fri", "0 0 1-7 * */2", "5 4 29 2 *", "0 22 * * 5-7", "0 22 * * 5/2",
     "0 22 * * */3", "0 0 1 */3 *", "0 9 * * mon-fri/2", "10 10 31 * *"],
)  # fmt: skip
def test_a_timer_is_due_when_the_cron_line_is(cron: str) -> None:
    start = dt.datetime(2026, 11, 21, 9, 30, tzinfo=dt.UTC)
    expected = list(islice(CronSim(cron, start), 12))

    due = sorted({at for said in on_calendar(cron) for at in elapses(said, start)})

    assert due[:12] == expected


def elapses(said: str, start: dt.datetime) -> list[dt.datetime]:
    """Give the next times of an ``OnCalendar=`` value, as systemd reckons them."""
    base = start.strftime("%Y-%m-%d %H:%M:%S UTC")
    shown = subprocess.run(
        ["systemd-analyze", "calendar", "--iterations=12", f"--base-time={base}", f"{said} UTC"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    found = re.findall(r"(?:elapse|Iter[^:]*): \w{3} (\S+ \S+) UTC", shown)
    return [
        dt.datetime.strptime(each, "%Y-%m-%d %H:%M:%S").replace(tzinfo=dt.UTC) for each in found
    ]
