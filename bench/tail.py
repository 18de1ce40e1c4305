"""Lines lost and repeated by those who follow a log that is rotated: ``python -m bench.tail``.

The peers are run where they are found: on PATH or, with their libraries, below ``--peers``, where
``dpkg -x`` put their packages.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

PROGRAMS = Path(__file__).parent.parent / "tests" / "faults" / "tail" / "programs"
_SETTLE = 3.0  # seconds that a follower gets after the last line, and to begin
_AWAY = 3.5  # seconds for which one is stopped or dead

RSYSLOG = """\
global(workDirectory="{folder}")
module(load="imfile" mode="inotify")
input(type="imfile" File="{log}" Tag="x" reopenOnTruncate="on" PersistStateInterval="100")
template(name="raw" type="string" string="%msg%\\n")
action(type="omfile" file="{out}" template="raw")
"""
SYSLOG_NG = """\
@version: 3.38
source s {{ file("{log}" follow-freq(0.1) flags(no-parse)); }};
destination d {{ file("{out}" template("$MSG\\n")); }};
log {{ source(s); destination(d); }};
"""
FLUENT_BIT = """\
[SERVICE]
    flush 0.2
    grace 30
    log_level error
[INPUT]
    name tail
    path {log}
    read_from_head on
    db {folder}/positions
    refresh_interval 1
    buffer_chunk_size 1M
    buffer_max_size 1M
[OUTPUT]
    name file
    match *
    path {folder}
    file out
    format template
    template {{log}}
"""


@dataclass(frozen=True, kw_only=True)
class Case:
    """How a log is written and rotated, and what is done to who follows it."""

    name: str
    how: str
    rate: int
    every: float
    away: str = ""


CASES = (
    Case(name="renamed each second", how="rename", rate=20_000, every=1.0),
    Case(name="renamed each 50 ms", how="rename", rate=20_000, every=0.05),
    Case(name="100,000 lines/s, renamed each 0.3 s", how="rename", rate=100_000, every=0.3),
    Case(name="copied and emptied each second", how="copy", rate=20_000, every=1.0),
    Case(name="copied and emptied each 50 ms", how="copy", rate=20_000, every=0.05),
    Case(name="100,000 lines/s, copied each 0.3 s", how="copy", rate=100_000, every=0.3),
    Case(name="renamed and deleted at once", how="delete", rate=20_000, every=1.0),
    Case(name="stopped over 3 rotations", how="rename", rate=10_000, every=1.0, away="stop"),
    Case(name="the same, copied and emptied", how="copy", rate=10_000, every=1.0, away="stop"),
    Case(name="killed, begun again 3.5 s later", how="rename", rate=10_000, every=1.0, away="kill"),
)


@dataclass(frozen=True)
class Place:
    """Where a follower finds the log, keeps what it must, and writes what it got."""

    folder: Path
    root: Path

    @property
    def log(self) -> Path:
        return self.folder / "app.log"

    @property
    def out(self) -> Path:
        return self.folder / "out"

    def find(self, name: str) -> str | None:
        below = self.root / "usr" / "sbin" / name
        return str(below) if below.exists() else shutil.which(name)

    def configured(self, text: str) -> str:
        path = self.folder / "configuration"
        path.write_text(text.format(folder=self.folder, log=self.log, out=self.out))
        return str(path)


def svcctl(place: Place) -> list[str] | None:
    """The tail of svcctl."""
    tailer = str(PROGRAMS / "tailer.py")
    return [sys.executable, tailer, str(place.log), str(place.folder / "positions"), str(place.out)]


def tail_f(place: Place) -> list[str] | None:
    """GNU tail, which remembers nothing."""
    found = shutil.which("tail")
    command = f"exec {found} -n +1 -F {place.log} >> {place.out} 2>/dev/null"
    return ["sh", "-c", command] if found else None


def rsyslog(place: Place) -> list[str] | None:
    """The imfile of rsyslog, with its options that lose least."""
    found = place.find("rsyslogd")
    modules = place.root / "usr" / "lib" / "x86_64-linux-gnu" / "rsyslog"
    where = ["-M", str(modules)] if modules.exists() else []
    conf = place.configured(RSYSLOG)
    return [found, "-n", "-f", conf, "-i", f"{place.folder}/pid", *where] if found else None


def syslog_ng(place: Place) -> list[str] | None:
    """The file() of syslog-ng."""
    found = place.find("syslog-ng")
    modules = place.root / "usr" / "lib" / "syslog-ng" / "3.38"
    where = [f"--module-path={modules}"] if modules.exists() else []
    own = ["-R", f"{place.folder}/persist", "-p", f"{place.folder}/pid", "-c", f"{place.folder}/c"]
    conf = place.configured(SYSLOG_NG)
    return [found, "-F", "--no-caps", "-f", conf, *own, *where] if found else None


def fluent_bit(place: Place) -> list[str] | None:
    """The tail of fluent-bit, with a data base for its positions."""
    found = place.find("fluent-bit")
    return [found, "-c", place.configured(FLUENT_BIT)] if found else None


FOLLOWERS: Mapping[str, Callable[[Place], list[str] | None]] = {
    "svcctl": svcctl,
    "fluent-bit": fluent_bit,
    "rsyslog": rsyslog,
    "syslog-ng": syslog_ng,
    "tail -F": tail_f,
}


@dataclass(frozen=True, kw_only=True)
class Result:
    """What came of the lines."""

    lines: int
    lost: int
    repeated: int


def measure(case: Case, follower: str, *, seconds: float, root: Path) -> Result | None:
    """Have the log written and followed for so long; None where there is no such follower."""
    lines = int(case.rate * seconds)
    with tempfile.TemporaryDirectory() as folder:
        place = Place(Path(folder), root)
        place.log.touch()
        command = FOLLOWERS[follower](place)
        if command is None:
            return None
        running = [_start(command, place)]
        try:
            _go_through(case, place, running, lines=lines, again=lambda: _start(command, place))
            running[-1].send_signal(signal.SIGTERM)
            running[-1].wait()
        finally:
            running[-1].kill()
        return _count(place.out, lines)


def _go_through(
    case: Case,
    place: Place,
    running: list[subprocess.Popen[bytes]],
    *,
    lines: int,
    again: Callable[[], subprocess.Popen[bytes]],
) -> None:
    time.sleep(_SETTLE)
    words = (case.how, lines, case.rate, case.every, 200)
    writer = subprocess.Popen(
        [sys.executable, str(PROGRAMS / "writer.py"), str(place.log), *map(str, words)]
    )
    if case.away:
        time.sleep(lines / case.rate / 4)
        _send_away(running, case.away, again)
    writer.wait()
    time.sleep(_SETTLE)


def _start(command: list[str], place: Place) -> subprocess.Popen[bytes]:
    libraries: set[str] = set()
    if place.root != Path("/") and command[0].startswith(str(place.root)):
        libraries = {str(each.parent) for each in place.root.rglob("*.so*")}
    own = {"LD_LIBRARY_PATH": ":".join(sorted(libraries))} if libraries else {}
    return subprocess.Popen(
        command,
        env=os.environ | own,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _send_away(
    running: list[subprocess.Popen[bytes]],
    how: str,
    again: Callable[[], subprocess.Popen[bytes]],
) -> None:
    if how == "kill":
        running[-1].kill()
        running[-1].wait()
        time.sleep(_AWAY)
        running.append(again())
        return
    running[-1].send_signal(signal.SIGSTOP)
    time.sleep(_AWAY)
    running[-1].send_signal(signal.SIGCONT)


def _count(out: Path, lines: int) -> Result:
    text = out.read_bytes() if out.exists() else b""
    numbers = [line[:9] for line in text.split(b"\n") if line[:9].isdigit()]
    seen = len(set(numbers))
    return Result(lines=lines, lost=lines - seen, repeated=len(numbers) - seen)


def main() -> int:
    """Measure every case with every follower there is."""
    parser = argparse.ArgumentParser(prog="python -m bench.tail", description=__doc__)
    parser.add_argument("--seconds", type=float, default=10.0, help="how long lines are written")
    parser.add_argument("--peers", type=Path, default=Path("/"), help="where packages were put")
    parser.add_argument("--only", default="", metavar="TEXT", help="cases that have it in them")
    parser.add_argument("--json", action="store_true", help="tell it to a program")
    args = parser.parse_args()
    for case in [each for each in CASES if args.only in each.name]:
        for follower in FOLLOWERS:
            found = measure(case, follower, seconds=args.seconds, root=args.peers)
            if found is None:
                continue
            said = {"case": case.name, "follower": follower, **vars(found)}
            text = f"{case.name:38} {follower:10} {found.lost:8} lost {found.repeated:8} repeated"
            print(json.dumps(said) if args.json else text, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
