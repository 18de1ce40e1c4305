"""What was accepted is remembered whole, or not at all."""

from __future__ import annotations

import json
import logging
import os
import stat
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import StateFault
from svcctl.sdk.config import revise
from svcctl.sdk.config.history import History, Revision, from_document, to_document
from svcctl.sdk.config.text import Format, Text

some_text = st.builds(Text, content=st.text(), name=st.text(), proposed=st.booleans())
some_revision = st.builds(
    Revision,
    version=st.integers(1),
    at=st.floats(0, 1e12),
    changed=st.lists(st.text()).map(tuple),
    texts=st.lists(some_text, max_size=3).map(tuple),
    said=st.text(),
    values=st.dictionaries(st.text(), st.text(), max_size=3),
)


def revision(version: int, content: str = "a = 1") -> Revision:
    return Revision(
        version=version,
        at=1.0,
        who="me",
        what="reload",
        origin="here",
        texts=(Text(name="app.toml", content=content),),
    )


@given(some_revision)
def test_what_was_written_is_what_is_read(one: Revision) -> None:
    assert from_document(json.loads(json.dumps(to_document(one)))) == one


def test_the_last_few_outlive_the_process(tmp_path: Path) -> None:
    folder = tmp_path / "deep" / "history"
    history = History(folder=str(folder), keep=3)

    for number in range(1, 6):
        history.add(revision(number))
    again = History(folder=str(folder), keep=3)

    assert again.revisions == history.revisions
    assert [each.version for each in again.revisions] == [3, 4, 5]
    assert again.last == revision(5)
    assert sorted(each.name for each in folder.iterdir()) == [
        "00000003.json",
        "00000004.json",
        "00000005.json",
    ]


@pytest.mark.posix
def test_nobody_else_can_read_it(tmp_path: Path) -> None:
    before = os.umask(0)
    try:
        History(folder=str(tmp_path / "h")).add(revision(1))
    finally:
        os.umask(before)

    modes = [
        stat.S_IMODE(path.stat().st_mode) for path in (tmp_path / "h", *(tmp_path / "h").iterdir())
    ]
    assert modes == [0o700, 0o600]


@pytest.mark.parametrize("content", ["", "{", "[]", "{}", '{"version": "x"}', "null", "\xff"])
def test_one_that_is_garbage_is_left_out_and_told(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, content: str
) -> None:
    History(folder=str(tmp_path)).add(revision(1))
    (tmp_path / "00000002.json").write_bytes(content.encode("latin-1"))
    (tmp_path / ".00000003.json.new").write_text("what a crash left")
    (tmp_path / "notes.txt").write_text("of a person")

    with caplog.at_level(logging.WARNING):
        history = History(folder=str(tmp_path))

    assert [each.version for each in history.revisions] == [1]
    assert [each.message for each in caplog.records] == ["config.revision_unreadable"]


def test_a_folder_that_is_none_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    with pytest.raises(StateFault, match="cannot be read"):
        History(folder=str(tmp_path / "file"))


def test_no_content_is_shown() -> None:
    assert "hunter2" not in repr(revision(1, "password = 'hunter2'"))


FILE = Text(name="app.toml", content="a = 1")
PUSHED = Text(name="consul", content="a = 2", format=Format.TOML, proposed=True)


def test_files_that_say_the_same_keep_what_was_proposed_in_their_place() -> None:
    replaced = Text(name="app.toml", content="a = 3", proposed=True)
    changed = Text(name="app.toml", content="a = 4")
    before, said = (replaced, PUSHED), revise.said([FILE])

    assert revise.settled((FILE,), before=before, said_before=said) == before
    assert revise.settled((changed,), before=before, said_before=said) == (changed, PUSHED)
    assert revise.settled((), before=(FILE, PUSHED), said_before=said) == (PUSHED,)


def test_a_text_takes_the_place_of_the_one_of_its_name() -> None:
    newer = Text(name="consul", content="a = 5", proposed=True)

    assert revise.with_proposed((FILE, PUSHED), newer) == (FILE, newer)
    assert revise.with_proposed((FILE,), newer) == (FILE, newer)
    assert revise.proposals((FILE, newer)) == (newer,)


@given(st.lists(some_text, max_size=3), st.lists(some_text, max_size=3))
def test_files_that_say_something_else_are_told_apart(one: list[Text], other: list[Text]) -> None:
    def said(texts: list[Text]) -> list[tuple[str, str]]:
        return [(each.name, each.content) for each in texts]

    assert (revise.said(one) == revise.said(other)) == (said(one) == said(other))
