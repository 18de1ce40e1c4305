"""What cannot be closed keeps nothing else from it, is named, and does not keep the process."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.faults.sdk.running import running


@pytest.mark.parametrize(
    ("how", "why"),
    [
        ("hangs", "not closed in 0.3s"),
        ("hangs-in-a-thread", "not closed in 0.3s"),
        ("ignores", "not closed in 0.3s"),
        ("gives-up", "CancelledError"),
        ("raises", "ValueError: it will not close"),
        ("exits", "SystemExit: 5"),
        ("interrupts", "KeyboardInterrupt"),
    ],
)
def test_a_closer_that_fails_keeps_none_of_the_others(tmp_path: Path, how: str, why: str) -> None:
    with running(tmp_path, "closers.py", how) as service:
        service.until_said("running")

        status = service.stopped()

    assert status == 0, service.said
    assert service.noted == ["closed last", "closed first"]
    assert service.unfinished == [f"the bad one: {why}"]
