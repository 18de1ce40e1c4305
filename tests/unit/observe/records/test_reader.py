"""Whatever form a program writes in, its lines become records of one form."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import UsageError
from svcctl.observe.records.forms import FORMS
from svcctl.observe.records.meaning import level_named
from svcctl.observe.records.reader import Reader, told_by
from svcctl.record import Level, Record

NOW = 1_790_000_000.0  # 21 September 2026
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture(autouse=True)
def utc(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Times without a zone are local: let that be UTC."""
    import time

    if not hasattr(time, "tzset"):
        pytest.skip("needs Linux: a time zone of the test's own")
    monkeypatch.setenv("TZ", "UTC")
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def record(line: str, form: str = "") -> Record:
    (found,) = Reader(form).records(line.encode(), at=NOW)
    return found


@pytest.mark.parametrize(
    ("line", "form", "at", "said"),
    [
        (
            f'{{"time":"2026-01-01T00:00:00.5Z","level":"warn","msg":"hi","trace_id":"{TRACE}"}}',
            *("json", 1767225600.5, (Level.WARNING, "hi", TRACE)),
        ),
        (
            '{"level":50,"time":1531171082399,"msg":"pino"}',
            *("json", 1531171082.399, (Level.ERROR, "pino", "")),
        ),
        (
            '{"@timestamp":"2026-01-01T01:00:00+01:00","log":{"level":"error"},"message":"ecs"}',
            *("json", 1767225600.0, (Level.ERROR, "ecs", "")),
        ),
        (
            '{"log":"said by docker\\n","stream":"stderr","time":"2026-01-01T00:00:00.123456789Z"}',
            *("json", 1767225600.123456789, (Level.UNKNOWN, "said by docker", "")),
        ),
        (
            f'{{"severity":"NOTICE","event":"x","traceparent":"00-{TRACE}-00f067aa0ba902b7-01"}}',
            *("json", NOW, (Level.INFO, "x", TRACE)),
        ),
        (
            '{"__REALTIME_TIMESTAMP":"1767225600500000","PRIORITY":"3","MESSAGE":"no"}',
            *("journal", 1767225600.5, (Level.ERROR, "no", "")),
        ),
        (
            'ts=2026-01-01T00:00:00Z level=error msg="could \\"not\\"" status=500',
            *("logfmt", 1767225600.0, (Level.ERROR, 'could "not"', "")),
        ),
        (
            '127.0.0.1 - frank [10/Oct/2000:13:55:36 -0700] "GET /a?b HTTP/1.0" 503 2326',
            *("access", 971211336.0, (Level.ERROR, "GET /a?b HTTP/1.0 503", "")),
        ),
        (
            f'<34>1 2003-10-11T22:14:15.003Z h su - I [x@1 trace_id="{TRACE}" b="c\\]"] \ufeffhi',
            *("syslog-5424", 1065910455.003, (Level.CRITICAL, "hi", TRACE)),
        ),
        (
            "<35>Oct 11 22:14:15 mymachine su[12]: 'su root' failed",
            *("syslog-3164", 1760220855.0, (Level.ERROR, "'su root' failed", "")),
        ),
        (
            "E0102 15:04:05.000001   12 server.go:10] it broke",
            *("klog", 1767366245.000001, (Level.ERROR, "it broke", "")),
        ),
        (
            "2023/01/02 03:04:05 [crit] 12#3: *4 open() failed",
            *("nginx-error", 1672628645.0, (Level.CRITICAL, "open() failed", "")),
        ),
        (
            "[Wed Oct 11 14:32:52.5 2000] [core:error] [pid 12:tid 13] [client 127.0.0.1] no",
            *("apache-error", 971274772.5, (Level.ERROR, "no", "")),
        ),
        (
            f"2026-01-01 12:00:00,123 ERROR mod: bad trace_id={TRACE}",
            *("plain", 1767268800.123, (Level.ERROR, f"ERROR mod: bad trace_id={TRACE}", TRACE)),
        ),
        ("just words", "plain", NOW, (Level.UNKNOWN, "just words", "")),
        (
            f'{{"message":"m","trace":{{"id":"{TRACE}"}}}}',
            *("json", NOW, (Level.UNKNOWN, "m", TRACE)),
        ),
    ],
)
def test_a_line_tells_when_how_bad_what_and_of_which_trace(
    line: str, form: str, at: float, said: tuple[Level, str, str]
) -> None:
    found = record(line)

    assert found.at == pytest.approx(at, abs=1e-6)
    assert (found.level, found.message, found.trace) == said
    assert found.raw == line.encode()
    assert told_by([line], now=NOW) == form


def test_fields_are_given_by_the_names_they_have() -> None:
    access = '::1 - - [10/Oct/2000:13:55:36 +0000] "GET /a HTTP/1.1" 200 - "-" "curl/8" 0.012'

    assert record(access).fields == {
        "remote": "::1",
        "time": "10/Oct/2000:13:55:36 +0000",
        "request": "GET /a HTTP/1.1",
        "method": "GET",
        "path": "/a",
        "protocol": "HTTP/1.1",
        "status": "200",
        "agent": "curl/8",
        "request_time": "0.012",
    }
    assert record("done in vain status=500 after='a'").fields == {"status": "500", "after": "'a'"}


def test_a_pattern_of_ones_own_names_the_fields() -> None:
    form = r"\[(?P<level>\w)\] (?P<time>\S+) (?P<seconds>[\d.]+)s (?P<message>.*)"

    found = record("[E] 2026-01-01T00:00:00Z 1.5s slow", form)

    assert (found.level, found.at, found.message) == (Level.ERROR, 1767225600.0, "slow")
    assert found.fields["seconds"] == "1.5"
    assert record("something else", form).message == "something else"


@pytest.mark.parametrize("form", ["jsonn", "(?P<a>", "(nothing named)"])
def test_a_form_that_is_none_is_refused_with_a_hint(form: str) -> None:
    with pytest.raises(UsageError) as caught:
        Reader(form)

    assert caught.value.hint


def test_the_form_is_told_again_when_a_file_changes_it() -> None:
    reader = Reader()
    klog = b"I0102 15:04:05.000001   12 server.go:10] fine\n" * 120
    access = b'::1 - - [10/Oct/2000:13:55:36 +0000] "GET /a HTTP/1.1" 500 -\n' * 120

    list(reader.records(klog, at=NOW))
    first = reader.form
    found = list(reader.records(access, at=NOW))

    assert (first, reader.form) == ("klog", "access")
    assert found[-1].level is Level.ERROR


def test_what_is_not_of_the_files_form_is_a_record_all_the_same() -> None:
    reader = Reader("klog")

    found = list(reader.records(b'{"level":"error","msg":"a"}\nWARNING b\n', at=NOW))

    assert [(each.level, each.message) for each in found] == [
        (Level.ERROR, "a"),
        (Level.WARNING, "WARNING b"),
    ]


@pytest.mark.parametrize(
    ("value", "level"),
    [
        *(("warn", Level.WARNING), ("W", Level.WARNING), ("Err", Level.ERROR), (30, Level.INFO)),
        *((60, Level.CRITICAL), ("3", Level.ERROR), ("fine", Level.DEBUG), (True, Level.UNKNOWN)),
        *((None, Level.UNKNOWN), ("loud", Level.UNKNOWN), ("fatal", Level.CRITICAL)),
    ],
)
def test_a_level_is_known_by_any_of_its_names(value: object, level: Level) -> None:
    assert level_named(value) is level


@given(st.text(max_size=200))
def test_no_line_is_refused(line: str) -> None:
    for each in FORMS.values():
        each(line, NOW)
    for found in Reader().records(line.encode(), at=NOW):
        assert found.raw in line.encode().replace(b"\r\n", b"\n").replace(b"\r", b"") or b"\r" in (
            line.encode()
        )


@given(
    st.dictionaries(
        st.text(min_size=1, max_size=8),
        st.one_of(st.text(max_size=20), st.integers(), st.booleans(), st.none()),
        max_size=6,
    )
)
def test_what_json_says_is_what_the_fields_are(fields: dict[str, object]) -> None:
    assert record(json.dumps(fields)).fields == fields


@pytest.mark.parametrize("text", ["Feb 29 10:00:00", "0229 10:00:00.1", "Dec 31 23:59:60"])
def test_a_day_of_no_common_year_is_a_time_or_none(text: str) -> None:
    from svcctl.observe.records.times import read_text

    found = read_text(text, now=NOW)

    assert found is None or found < NOW


def test_lines_without_a_form_are_looked_at_ever_more_rarely_and_a_form_is_still_told() -> None:
    reader = Reader()
    for number in range(5000):
        reader.record([f"nothing of the kind {number}".encode()], at=NOW)

    for number in range(3200):
        reader.record([f"level=info n={number}".encode()], at=NOW)

    assert reader.form == "logfmt"
