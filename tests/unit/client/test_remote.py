"""Event streams, contexts and requests: what is read is what was written, however it is cut."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl, unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.client import remote_events
from svcctl.client.remote import Contexts, Remote, contexts_of
from svcctl.client.remote_events import StreamEvent, stream_events
from svcctl.client.remote_question import question_of
from svcctl.errors import AgentUnreachable, StateFault
from svcctl.wire import Request, Selection

NAMES = st.from_regex(r"[a-z][a-z0-9._-]{0,20}", fullmatch=True).filter(
    lambda name: name != "local"
)
TEXTS = st.text(st.characters(codec="utf-8"), max_size=30)
LINES = st.text(st.characters(codec="utf-8", exclude_categories=["Cc"]), max_size=30)


def written(event: StreamEvent) -> bytes:
    place = f"id: {event.id}\n" if event.id else ""
    return f"{place}event: {event.kind}\ndata: {event.text}\n\n".encode()


@given(
    st.lists(st.builds(StreamEvent, kind=NAMES, text=LINES, id=NAMES), max_size=8),
    st.integers(1, 40),
    st.sampled_from([b"\n", b"\r\n"]),
)
def test_a_stream_is_read_however_it_is_cut(
    events: list[StreamEvent], size: int, end: bytes
) -> None:
    content = b": beat\n\n".join([b"", *map(written, events)]).replace(b"\n", end)
    chunks = [content[at : at + size] for at in range(0, len(content), size)]

    assert list(stream_events(chunks)) == events


@given(st.binary(max_size=300))
def test_no_bytes_make_a_stream_fail(content: bytes) -> None:
    for each in stream_events([content]):
        assert each.kind


def test_an_event_that_was_cut_off_is_none() -> None:
    chunks = [b"id: 1\nevent: item\ndata: {}\n\nid: 2\nevent: item\ndata: {}\n"]

    assert [each.id for each in stream_events(chunks)] == ["1"]


@pytest.mark.parametrize("part", [b"a" * 600, b"data: a\n" * 60, b": a\n" * 150])
def test_an_event_without_end_is_refused(part: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_events, "LONGEST", 1_000)

    with pytest.raises(AgentUnreachable, match="an event of the stream"):
        list(stream_events([part] * 10))


@given(st.dictionaries(NAMES, st.tuples(LINES, LINES), max_size=4), st.data())
def test_contexts_are_read_as_they_were_written(
    known: dict[str, tuple[str, str]], data: st.DataObject
) -> None:
    contexts = Contexts()
    for name, (url, ca) in known.items():
        contexts = contexts.added(Remote(name=name, url=url or "x", ca=ca))
    if known:
        contexts = contexts.using(data.draw(st.sampled_from(sorted(known))))

    assert contexts_of(json.loads(json.dumps(contexts.document()))) == contexts


@pytest.mark.parametrize(
    "document",
    [
        None,
        [],
        {"version": 1, "contexts": []},
        {"version": 1, "contexts": {"a": {"url": "x", "z": 1}}},
    ],
)
def test_what_are_no_contexts_is_refused(document: object) -> None:
    with pytest.raises(StateFault, match="they are no contexts"):
        contexts_of(document)


@given(st.lists(TEXTS, min_size=1, max_size=3), TEXTS, st.integers(0, 10**6))
def test_whatever_is_asked_arrives_as_it_was(names: list[str], grep: str, lines: int) -> None:
    args = {"grep": grep, "lines": lines, "follow": False, "since": None}
    request = Request(verb="logs", select=Selection(names=tuple(names)), args=args)

    question = question_of(request)

    parts = urlsplit(question.target)
    query = parse_qsl(parts.query, keep_blank_values=True)
    assert question.target.isascii()
    assert parts.path == "/v1/logs"
    assert [value for key, value in query if key == "service"] == names
    assert dict(query)["grep"] == grep
    assert dict(query)["lines"] == str(lines)
    assert dict(query)["follow"] == "false"
    assert "since" not in dict(query)


@given(TEXTS.filter(bool))
def test_a_name_in_a_path_leads_nowhere_else(name: str) -> None:
    select = Selection(names=(name,))

    question = question_of(Request(verb="scale", select=select, args={"instances": 2}))

    _, v1, services, said, verb = question.target.split("/")
    assert (v1, services, verb) == ("v1", "services", "scale")
    assert unquote(said) == name
    assert json.loads(question.body) == {"instances": 2}
