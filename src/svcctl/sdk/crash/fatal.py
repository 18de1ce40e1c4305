"""Turns what a fatal signal left behind into a crash report, at the next start.

A process that dies of SIGSEGV can only write with the bare system call: faulthandler(3) dumps the
stacks of all threads into a file that was opened before.  Its first line, ours, says whose it is.
"""

from __future__ import annotations

import faulthandler
import json
import os
import re
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from io import FileIO

from svcctl.ports import Document
from svcctl.sdk.crash.circumstances import shown_arguments
from svcctl.sdk.crash.frames import Frame, is_own
from svcctl.sdk.crash.problem import Problem
from svcctl.sdk.crash.reporter import Reporter
from svcctl.system import whole_file

_FILE = "fatal.txt"
_THREAD = re.compile(r"^(?P<current>Current thread|Thread) .*\(most recent call first\):$")
_FRAME = re.compile(r'^  File "(?P<file>.*)", line (?P<line>\d+) in (?P<function>.*)$')
_FATAL = re.compile(r"^(?:Fatal Python error|Windows fatal exception): (?P<what>.*)$", re.MULTILINE)
_SIGNALS = {
    "Segmentation fault": "SIGSEGV",
    "Aborted": "SIGABRT",
    "Bus error": "SIGBUS",
    "Floating point exception": "SIGFPE",
    "Illegal instruction": "SIGILL",
}
_LONGEST = 256 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Dump:
    """What faulthandler wrote: *what* happened, and in which calls, the outermost first."""

    what: str
    frames: tuple[Frame, ...]
    text: str


def parse_dump(text: str) -> Dump | None:
    """Read what faulthandler wrote; None where it wrote nothing.  Never raises."""
    if not text.strip():
        return None
    found = _FATAL.search(text)
    return Dump(
        what=found["what"].strip() if found else "",
        frames=tuple(_frames_of_current(text))[::-1],
        text=text,
    )


def _frames_of_current(text: str) -> Iterator[Frame]:
    """Give the calls of the thread that got the signal, the innermost first."""
    is_current = False
    for line in text.splitlines():
        if thread := _THREAD.match(line):
            is_current = thread["current"] == "Current thread"
        elif is_current and (found := _FRAME.match(line)):
            yield Frame(
                file=found["file"],
                line=int(found["line"]),
                module=os.path.splitext(os.path.basename(found["file"]))[0],
                function=found["function"],
                is_own=is_own(found["file"]),
            )


@contextmanager
def fatal_signals(reporter: Reporter) -> Iterator[None]:
    """Report what an earlier process in the same folder died of, and be prepared for our own end.

    A folder belongs to one process at a time.  Where the file cannot be made that is told on
    stderr, and fatal signals are left as they were.
    """
    path = os.path.join(reporter.folder.path, _FILE)
    _report_last(reporter, path)
    file = _open(path, json.dumps(_whose(reporter)).encode() + b"\n")
    if file is None:
        yield
        return
    was_enabled = faulthandler.is_enabled()
    faulthandler.enable(file)
    try:
        yield
    finally:
        faulthandler.disable()
        # stderr may be gone, and the file or its folder too
        with suppress(RuntimeError, ValueError, OSError):
            file.close()
            whole_file.delete(path)
            if was_enabled:
                faulthandler.enable()


def _open(path: str, first: bytes) -> FileIO | None:
    """Give the file at *path*, with its *first* line; None where it cannot be made."""
    try:
        os.makedirs(os.path.dirname(path), exist_ok=True)
        with ExitStack() as stack:
            file = stack.enter_context(open(path, "wb", buffering=0))
            file.write(first)
            stack.pop_all()
            return file
    except OSError as error:
        if sys.stderr is not None:
            sys.stderr.write(f"svcctl: fatal signals leave no report: {error}\n")
        return None


def _whose(reporter: Reporter) -> Document:
    return {
        "pid": os.getpid(),
        "started_at": reporter.clock.now(),
        "version": reporter.subject.version,
        "python": {"version": ".".join(map(str, sys.version_info[:3]))},
        "argv": list(shown_arguments(sys.orig_argv)),
    }


def _report_last(reporter: Reporter, path: str) -> None:
    try:
        died_at = os.stat(path).st_mtime
        with open(path, encoding="utf-8", errors="replace") as file:
            first, text = file.readline(), file.read(_LONGEST)
    except OSError:  # it ended in order, or never was
        return
    dump = parse_dump(text)
    if dump is None:
        return
    problem = Problem(
        kind=_SIGNALS.get(dump.what, "fatal error"), message=dump.what, frames=dump.frames
    )
    more: Document = {"process": _read_first(first), "dump": dump.text}
    reporter.report_problems((problem,), where="fatal signal", at=died_at, more=more)


def _read_first(line: str) -> object:
    try:
        return json.loads(line)
    except ValueError:  # it was written only in part
        return {}
