"""Full files are compressed by a thread; where there is none to be had, by the next one."""

from __future__ import annotations

import threading
import time
from pathlib import Path

import pytest

from svcctl.observe.logs.archive import Packer


def test_what_found_no_thread_is_packed_with_what_comes_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def no_thread(_: threading.Thread) -> None:
        raise RuntimeError("can't start new thread")

    first, second = tmp_path / "first", tmp_path / "second"
    for path in (first, second):
        path.write_text("line\n")
    packer = Packer()
    with monkeypatch.context() as poor:
        poor.setattr(threading.Thread, "start", no_thread)
        packer.pack([str(first)])

    packer.pack([str(second)])

    deadline = time.monotonic() + 60
    while packer._working and time.monotonic() < deadline:
        time.sleep(0.001)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["first.gz", "second.gz"]
    assert [record.message for record in caplog.records] == ["logs.not-packed"]
