"""Records as they come out: whole, in order, whatever the caller gives."""

from __future__ import annotations

import json
import re
import threading
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.sdk.logs.encoding import Encoding
from svcctl.sdk.logs.levels import CRITICAL, DEBUG, ERROR, INFO, WARNING
from svcctl.sdk.logs.logger import Logs, Source
from svcctl.sdk.logs.sink import Fan, FromLevel
from svcctl.sdk.logs.trace import traced
from svcctl.testing.fakes import FakeClock

Place = Any
Make = Callable[..., Place]


def test_a_record_says_when_what_who_and_more(make: Make, encoding: Encoding) -> None:
    place = make(encoding=encoding)

    place.log.info("mail.sent", to="ann", count=3)

    (record,) = place.sink.records
    assert record == (
        b'{"time":"2025-06-15T15:06:40.250000Z","level":"info","event":"mail.sent",'
        b'"service":"mailer","instance":"mailer.2","version":"1.4","logger":"mailer",'
        b'"to":"ann","count":3}\n'
    )


def test_a_record_without_fields_is_whole(place: Place) -> None:
    place.log.info("mail.sent")

    assert place.sink.last["logger"] == "mailer"


@pytest.mark.parametrize("now", [0.0, 0.000001, 59.999999, 1_750_000_000.0, 4_102_444_799.9999996])
def test_time_has_six_digits_and_is_never_ahead(place: Place, now: float) -> None:
    place.clock.jump(now - place.clock.now())

    place.log.info("tick")

    written = place.sink.last["time"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z", written)


def test_time_follows_a_clock_that_is_set_back(place: Place) -> None:
    place.log.info("tick")
    place.clock.jump(-3600)
    place.log.info("tick")

    first, second = (each["time"] for each in place.sink.read())
    assert (first[11:13], second[11:13]) == ("15", "14")


@pytest.mark.parametrize("level", ["debug", "info", "warning", "error", "critical"])
def test_each_level_has_its_name_and_number(make: Make, level: str) -> None:
    place = make(level="debug")

    getattr(place.log, level)("done")

    numbers = {"debug": DEBUG, "info": INFO, "warning": WARNING, "error": ERROR}
    assert place.sink.last["level"] == level
    assert place.sink.levels == [numbers.get(level, CRITICAL)]


def test_what_is_below_the_level_is_not_written(place: Place) -> None:
    place.log.debug("quiet")
    place.logs.levels.set("mailer", "error")
    place.log.warning("quiet")
    place.log.write(WARNING, "quiet", {})
    wanted = place.log.enabled(WARNING), place.log.enabled(ERROR)

    assert place.sink.records == []
    assert wanted == (False, True)


def test_a_level_for_a_time_opens_a_logger_that_exists(place: Place) -> None:
    place.logs.levels.set("mailer", "debug", for_="10m")
    place.log.debug("now")
    place.clock.forward(600)
    place.log.debug("later")

    assert [each["event"] for each in place.sink.read()] == ["now"]


def test_bound_fields_stand_in_every_record(place: Place) -> None:
    log = place.log.bind(request=7).bind(user="ann")

    log.info("a", more=1)
    log.unbind("user", "nobody").info("b")
    log.new(job="x").info("c")
    place.log.info("d")

    found = [
        {key: each[key] for key in ("request", "user", "job", "more") if key in each}
        for each in place.sink.read()
    ]
    assert found == [{"request": 7, "user": "ann", "more": 1}, {"request": 7}, {"job": "x"}, {}]


def test_no_name_stands_twice(place: Place) -> None:
    log = place.log.bind(user="ann", time="noon")

    log.info("a", user="bob", level=3, event="x", logger="y")
    log.info("b", service="z")

    for record in place.sink.records:
        names = [name for name, _ in json.loads(record, object_pairs_hook=list)]
        assert len(names) == len(set(names))
    first, second = place.sink.read()
    assert (first["user"], first["level_"], first["event_"], first["logger_"]) == (
        "bob",
        3,
        "x",
        "y",
    )
    assert (first["time_"], second["user"], second["service_"]) == ("noon", "ann", "z")


@given(
    bound=st.dictionaries(st.sampled_from(["a", "b", "time", "event", "exc_info"]), st.text()),
    fields=st.dictionaries(st.sampled_from(["a", "b", "level", "logger", "exc_info"]), st.text()),
    event=st.text(alphabet=st.characters(codec=None)),
)
def test_whatever_is_given_one_whole_record_is_written(
    bound: dict[str, object], fields: dict[str, object], event: str
) -> None:
    written: list[bytes] = []

    class Sink:
        def write(self, record: bytes, level: int) -> None:
            assert level == INFO
            written.append(record)

        def flush(self) -> None: ...
        def close(self) -> None: ...

    logs = Logs(source=Source(service="s"), sink=Sink(), clock=FakeClock())

    logs.logger().bind(**bound).info(event, **fields)

    (record,) = written
    names = [name for name, _ in json.loads(record, object_pairs_hook=list)]
    assert len(names) == len(set(names))
    assert record.endswith(b"}\n")
    assert record.count(b"\n") == 1


@pytest.mark.parametrize("event", [7, None, object(), "\ud800", ["a"]])
def test_an_event_that_is_no_text_is_written_all_the_same(place: Place, event: object) -> None:
    place.log.info(event)

    assert "event" in place.sink.last


def test_an_error_is_written_with_its_frames_and_what_it_came_from(place: Place) -> None:
    try:
        try:
            next(iter([]))
        except StopIteration as error:
            raise ConnectionError("no route") from error
    except ConnectionError as error:
        error.add_note("asked twice")
        place.log.exception("mail.failed", to="ann")

    found = place.sink.last
    assert (found["level"], found["to"]) == ("error", "ann")
    written = found["exception"]
    assert (written["type"], written["message"]) == ("ConnectionError", "no route")
    assert written["notes"] == ["asked twice"]
    assert written["frames"][-1]["function"] == (
        "test_an_error_is_written_with_its_frames_and_what_it_came_from"
    )
    assert written["frames"][-1]["file"] == __file__
    assert written["cause"]["type"] == "StopIteration"
    assert "exc_info" not in found


def test_a_group_shows_each_of_its_errors(place: Place) -> None:
    group = ExceptionGroup("both", [ValueError("a"), TypeError("b")])

    place.log.error("failed", exc_info=group)

    assert [each["message"] for each in place.sink.last["exception"]["errors"]] == ["a", "b"]


def test_errors_that_led_to_one_another_come_to_an_end(place: Place) -> None:
    first, second = ValueError("a"), ValueError("b")
    first.__cause__, second.__cause__ = second, first

    place.log.error("failed", exc_info=first)

    assert "cause" not in place.sink.last["exception"]["cause"]


def test_an_error_that_cannot_be_shown_is_named(place: Place) -> None:
    class Broken(Exception):
        def __str__(self) -> str:
            raise RuntimeError("no")

        __repr__ = __str__

    place.log.error("failed", exc_info=Broken())

    assert place.sink.last["exception"]["message"] == "<Broken that cannot be shown>"


@pytest.mark.parametrize("told", [True, False, None, (None, None, None), 7])
def test_without_an_error_there_is_no_exception(place: Place, told: object) -> None:
    place.log.error("failed", exc_info=told)

    assert "exception" not in place.sink.last


def test_a_triple_of_sys_exc_info_is_an_error_too(place: Place) -> None:
    error = ValueError("a")

    place.log.error("failed", exc_info=(ValueError, error, None))

    assert place.sink.last["exception"]["message"] == "a"


def test_ids_of_the_trace_stand_in_records_of_its_work(place: Place) -> None:
    with traced() as trace:
        place.log.info("inside")
    place.log.info("outside")

    inside, outside = place.sink.read()
    assert (inside["trace_id"], inside["span_id"]) == (trace.trace_id, trace.span_id)
    assert "trace_id" not in outside


def test_a_named_logger_keeps_what_is_bound(place: Place) -> None:
    log = place.log.bind(user="ann").named("mailer.smtp")

    log.info("a")

    assert (place.sink.last["logger"], place.sink.last["user"]) == ("mailer.smtp", "ann")
    assert log.name == "mailer.smtp"


def test_what_is_empty_of_the_source_is_left_out(make: Make) -> None:
    kept = make().sink
    logs = Logs(source=Source(service="s"), sink=kept, clock=FakeClock())

    logs.logger("other").info("a")

    assert set(kept.last) == {"time", "level", "event", "service", "logger"}


def test_all_threads_write_whole_records(place: Place) -> None:
    def work(number: int) -> None:
        for each in range(200):
            place.log.bind(thread=number).info("tick", each=each)

    threads = [threading.Thread(target=work, args=(number,)) for number in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    found = sorted((each["thread"], each["each"]) for each in place.sink.read())
    assert found == [(number, each) for number in range(4) for each in range(200)]


def test_several_sinks_are_closed_at_once(make: Make) -> None:
    both = threading.Barrier(2, timeout=60.0)
    sinks = [make().sink, make().sink]
    for sink in sinks:
        sink.close = both.wait

    Fan(sinks).close()

    assert not both.broken


def test_without_threads_sinks_are_closed_one_by_one(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise RuntimeError("can't start new thread")

    sinks = [make().sink, make().sink]
    monkeypatch.setattr(threading.Thread, "start", refuse)

    Fan(sinks).close()

    assert [each.closed for each in sinks] == [1, 1]


def test_several_sinks_get_what_they_want(make: Make) -> None:
    first, second = make(), make()
    fan = Fan([first.sink, FromLevel(ERROR, second.sink)])
    logs = Logs(source=Source(service="s"), sink=fan, clock=FakeClock())

    logs.logger().info("a")
    logs.logger().error("b")
    logs.flush()
    logs.close()

    assert [each["event"] for each in first.sink.read()] == ["a", "b"]
    assert [each["event"] for each in second.sink.read()] == ["b"]
    assert [(each.sink.flushed, each.sink.closed) for each in (first, second)] == [(1, 1), (1, 1)]
