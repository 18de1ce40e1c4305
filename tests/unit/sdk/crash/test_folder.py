"""Reports are there whole or not at all, not too many, and it is known which were sent."""

from __future__ import annotations

import errno
import os
import stat
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.sdk.crash.folder import CrashFolder, report_name, surplus
from svcctl.system import whole_file

some_faults = st.lists(st.sampled_from("abc"), max_size=20)


def name(number: int, fault: str = "a") -> str:
    return report_name(stamp=f"20261121T1415{number:02}.000000Z", fingerprint=fault, number="7.1")


def names(faults: str) -> list[str]:
    return [name(number, fault) for number, fault in enumerate(faults)]


def test_the_oldest_of_the_most_frequent_fault_goes_first() -> None:
    a1, b1, a2, a3, c1 = names("abaac")

    assert surplus([a1, b1, a2, a3, c1], keep=3) == [a1, a2]


def test_of_equally_frequent_faults_the_oldest_report_goes() -> None:
    b1, a1, a2, b2 = names("baab")

    assert surplus([b1, a1, a2, b2], keep=3) == [b1]


@given(faults=some_faults, keep=st.integers(1, 20))
def test_no_more_are_left_than_asked_for_and_each_fault_as_long_as_possible(
    faults: list[str], keep: int
) -> None:
    given_ = names("".join(faults))

    gone = surplus(given_, keep)

    left = [each for each in given_ if each not in gone]
    assert len(left) == min(len(given_), keep)
    if keep >= len(set(faults)):
        assert len({each.split("-")[2] for each in left}) == len(set(faults))
    counts = Counter(each.split("-")[2] for each in left)
    cut = {each.split("-")[2] for each in gone}
    assert all(counts[each] >= max(counts.values()) - 1 for each in cut)


def test_what_was_added_is_read_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    folder = CrashFolder(str(tmp_path / "new"))

    path = folder.add(name(1), {"n": 1, "text": "ü\udcff"})

    assert folder.names() == [name(1)]
    assert folder.read(name(1)) == {"n": 1, "text": "ü\udcff"}
    if os.name == "posix":
        assert stat.S_IMODE(os.stat(path).st_mode) == 0o600


def test_older_reports_go_with_their_marks(tmp_path: Path) -> None:
    folder = CrashFolder(str(tmp_path), keep=2)
    folder.add(name(1), {})
    folder.mark_sent(name(1))

    for number in (2, 3):
        folder.add(name(number), {})

    assert sorted(os.listdir(tmp_path)) == [name(2), name(3)]


def test_what_was_sent_is_known(tmp_path: Path) -> None:
    folder = CrashFolder(str(tmp_path))
    for number in (1, 2, 3):
        folder.add(name(number), {})

    folder.mark_sent(name(2))
    folder.mark_sent(name(9))

    assert CrashFolder(str(tmp_path)).unsent() == [name(1), name(3)]
    assert folder.names() == [name(1), name(2), name(3)]


def test_a_folder_that_is_not_there_has_no_reports(tmp_path: Path) -> None:
    folder = CrashFolder(str(tmp_path / "missing"))

    assert folder.names() == []
    assert folder.unsent() == []


def test_a_file_that_holds_no_report_is_refused(tmp_path: Path) -> None:
    (tmp_path / name(1)).write_text("[1]")

    with pytest.raises(ValueError, match="no report"):
        CrashFolder(str(tmp_path)).read(name(1))


def test_what_a_full_disk_left_is_taken_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = CrashFolder(str(tmp_path))

    def half(path: str, content: bytes, *, mode: int = 0o644) -> None:
        draft = Path(path).with_name(f".{Path(path).name}.new")
        draft.write_bytes(content[:3])
        draft.chmod(mode)
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(whole_file, "write", half)
    with pytest.raises(OSError, match="No space left"):
        folder.add(name(1), {"n": 1})

    assert os.listdir(tmp_path) == []
