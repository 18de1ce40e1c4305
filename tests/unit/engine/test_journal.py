"""What is written down can be read again; what cannot be read is refused, never half taken."""

from __future__ import annotations

import json
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.engine.journal import Entry, from_document, read, to_document
from svcctl.engine.life import Cause, Ending, Instance, Phase, Stage
from svcctl.ports import Document, Identity

some_time = st.floats(min_value=0, max_value=1e12, allow_nan=False)
some_times = st.lists(some_time, max_size=5).map(tuple)
some_state = st.builds(
    Instance,
    phase=st.sampled_from(Phase),
    stage=st.sampled_from(Stage),
    cause=st.sampled_from(Cause),
    ending=st.none() | st.sampled_from(Ending),
    wanted=st.booleans(),
    child=st.booleans(),
    failures=some_times,
    probe_failures=some_times,
    delay=some_time,
    spawned_at=some_time,
    tries=st.integers(0, 100),
    reason=st.text(),
)
some_entry = st.builds(
    Entry,
    service=st.text(),
    number=st.integers(1, 1000),
    state=some_state,
    identity=st.none() | st.builds(Identity, inode=st.integers(0, 2**63)),
    deadline=some_time,
    started_at=some_time,
    exit_code=st.none() | st.integers(0, 255),
    exit_signal=st.none() | st.text(),
    resume=st.booleans(),
)
some_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=8,
)
WHOLE = to_document(
    Entry(service="web", number=1, identity=Identity(pid=7, start_ticks=8, boot_id="b"))
)


def written(document: Document) -> Document:
    """Give it as it comes back from a file."""
    return cast("Document", json.loads(json.dumps(document)))


@given(entry=some_entry)
def test_what_was_written_is_what_is_read(entry: Entry) -> None:
    assert from_document(written(to_document(entry))) == entry


def test_every_member_is_written() -> None:
    entry = Entry(service="web", number=1, state=Instance(phase=Phase.BACKOFF, delay=2.0))

    document = to_document(entry)

    assert set(document) == set(Entry.__dataclass_fields__)
    assert set(cast("Document", document["state"])) == set(Instance.__dataclass_fields__)


@pytest.mark.parametrize("name", sorted(WHOLE.keys() - {"state", "identity"}))
def test_a_member_that_is_missing_is_its_default_or_an_error(name: str) -> None:
    document = {key: value for key, value in WHOLE.items() if key != name}

    if name in {"service", "number"}:
        with pytest.raises(TypeError):
            from_document(document)
    else:
        assert from_document(document).service == "web"


def test_what_a_later_version_added_is_passed_over() -> None:
    state = cast("Document", WHOLE["state"]) | {"mood": "fine"}

    assert from_document(WHOLE | {"state": state, "colour": "red"}) == from_document(WHOLE)


@pytest.mark.parametrize("name", sorted(Instance.__dataclass_fields__.keys() - {"phase", "stage"}))
def test_what_an_earlier_version_did_not_write_has_its_default(name: str) -> None:
    state = {key: value for key, value in cast("Document", WHOLE["state"]).items() if key != name}

    assert from_document(WHOLE | {"state": state}) == from_document(WHOLE)


def test_a_phase_that_nobody_knows_is_refused() -> None:
    state = cast("Document", WHOLE["state"]) | {"phase": "dancing"}

    with pytest.raises(ValueError, match="dancing"):
        from_document(WHOLE | {"state": state})


@pytest.mark.parametrize("name", ["state", "identity"])
@pytest.mark.parametrize("value", [7, "text", [1], [["pid", 1]], True, {"pid": 1}])
def test_what_is_no_table_where_one_belongs_is_refused(name: str, value: object) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_document(WHOLE | {name: value})


@given(document=st.dictionaries(st.text(max_size=8), some_json, max_size=4))
def test_no_document_raises_anything_unforeseen(document: Document) -> None:
    with pytest.raises((KeyError, TypeError, ValueError)):
        from_document(document)


@given(
    where=st.sampled_from(["", "state", "identity"]),
    name=st.sampled_from([*WHOLE, *Instance.__dataclass_fields__, "pid", "inode", "else"]),
    value=some_json,
)
def test_no_damage_to_a_document_raises_anything_unforeseen(
    where: str, name: str, value: object
) -> None:
    document = written(WHOLE)
    place = cast("Document", document[where]) if where else document
    place[name] = value

    try:
        from_document(document)
    except (KeyError, TypeError, ValueError):
        return


def test_what_a_later_version_knows_of_a_process_is_passed_over() -> None:
    identity = cast("Document", WHOLE["identity"]) | {"cgroup": "/x"}

    assert from_document(WHOLE | {"identity": identity}) == from_document(WHOLE)


@pytest.mark.parametrize(
    ("where", "name", "value"),
    [
        ("", "deadline", "soon"),
        ("", "deadline", float("nan")),
        ("", "number", True),
        ("", "exit_code", 0.5),
        ("", "resume", 1),
        ("", "token", None),
        ("state", "child", "yes"),
        ("state", "failures", [1.0, "x"]),
        ("state", "failures", "12"),
        ("state", "delay", float("inf")),
        ("identity", "pid", "7"),
        ("identity", "start_ticks", None),
    ],
)
def test_a_value_of_another_type_is_refused(where: str, name: str, value: object) -> None:
    document = written(WHOLE)
    place = cast("Document", document[where]) if where else document
    place[name] = value

    with pytest.raises(TypeError, match=name):
        from_document(document)


def test_a_page_that_cannot_be_read_is_named_and_hides_no_other(
    caplog: pytest.LogCaptureFixture,
) -> None:
    pages: list[tuple[str, Document]] = [("a", {}), ("web", WHOLE), ("b", {"state": 7})]

    entries, unreadable = read(pages)

    assert entries == {"web": from_document(WHOLE)}
    assert unreadable == {"a", "b"}
    assert [each.__dict__["instance"] for each in caplog.records] == ["a", "b"]
    assert {each.msg for each in caplog.records} == {"journal.unreadable"}
