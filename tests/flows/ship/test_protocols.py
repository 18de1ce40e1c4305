"""Every receiver is spoken to in its own words, and what it answers is gone by."""

from __future__ import annotations

from contextlib import closing
from typing import Any

import pytest

from bench.ports import free_port
from svcctl.errors import NotDelivered
from svcctl.observe.ship.receiver import Refusal, Taken
from svcctl.record import Level
from svcctl.spec.shipping import TlsSpec, Transport
from tests.flows.ship.deliveries import entries, receiver
from tests.flows.ship.stands import Stand

TEXTS = [
    "plain",
    "ünï 漢字",
    'quote " back \\ bracket ]',
    "two\nlines",
    "\x00\x1b[1m",
    "x" * 70_000,
]
KINDS = ["loki", "elasticsearch", "otlp", "logstash", "syslog"]


@pytest.mark.parametrize("kind", KINDS)
def test_every_text_arrives_as_it_was_written(kind: str, open_stand: Any, until: Any) -> None:
    stand = open_stand(kind)

    with closing(receiver(kind, stand)) as found:
        taken = found.deliver(entries(*TEXTS))

    until(lambda: len(stand.taken) == len(TEXTS), within=60, what="all arrive")
    assert taken == Taken()
    assert stand.wrong == []
    assert sorted(stand.texts) == sorted(TEXTS)


@pytest.mark.parametrize("kind", KINDS)
def test_the_order_of_each_instance_stays(kind: str, open_stand: Any, until: Any) -> None:
    stand = open_stand(kind)
    texts = [f"{number:03d}" for number in range(200)]

    with closing(receiver(kind, stand)) as found:
        found.deliver(entries(*texts[:100]))
        found.deliver(entries(*texts[100:], first=100))

    until(lambda: len(stand.taken) == 200, within=60, what="all arrive")
    assert [each for each in stand.texts if int(each) % 2 == 0] == texts[::2]


@pytest.mark.parametrize("kind", ["logstash", "syslog"])
def test_tls_is_spoken_to_who_can_prove_who_he_is(
    kind: str, open_stand: Any, certified: Any, until: Any
) -> None:
    stand = open_stand(f"{kind}+tls")
    believed = TlsSpec(ca=str(certified.path))

    stranger = receiver(kind, stand, transport=Transport.TLS)
    with closing(stranger), pytest.raises(NotDelivered, match="verif") as caught:
        stranger.deliver(entries("hush"))
    with closing(receiver(kind, stand, transport=Transport.TLS, tls=believed)) as found:
        found.deliver(entries("a", "b"))

    until(lambda: len(stand.taken) == 2, within=60, what="it arrives")
    assert caught.value.again
    assert stand.texts == ["a", "b"]


@pytest.mark.parametrize("kind", ["logstash", "syslog"])
def test_a_connection_that_is_cut_in_a_batch_is_told(
    kind: str, open_stand: Any, until: Any
) -> None:
    stand = open_stand(kind, moods=[100])
    texts = [f"{number} {'x' * 2000}" for number in range(500)]

    with closing(receiver(kind, stand)) as found:
        with pytest.raises(NotDelivered) as caught:
            found.deliver(entries(*texts))
        found.deliver(entries(*texts))

    until(lambda: len(stand.taken) >= 500, within=60, what="the second try arrives")
    assert caught.value.again
    assert stand.texts[-500:] == texts


@pytest.mark.parametrize("kind", KINDS)
def test_nobody_there_is_worth_another_try(kind: str) -> None:
    nobody = Stand(port=free_port())

    with closing(receiver(kind, nobody)) as found, pytest.raises(NotDelivered) as caught:
        found.deliver(entries("a"))

    assert caught.value.again


@pytest.mark.parametrize("kind", ["loki", "elasticsearch", "otlp"])
@pytest.mark.parametrize(
    ("status", "again"),
    [(400, False), (413, False), (422, False), (401, True), (404, True), (429, True), (503, True)],
)
def test_what_was_sent_is_to_blame_for_some_answers_only(
    kind: str, status: int, again: bool, open_stand: Any
) -> None:
    stand = open_stand(kind, status=status)

    found = receiver(kind, stand)
    with closing(found), pytest.raises(NotDelivered, match=f"answered {status}: ") as caught:
        found.deliver(entries("a"))

    assert caught.value.again is again


def test_a_bulk_answer_tells_of_each_record(open_stand: Any) -> None:
    stand = open_stand(
        "elasticsearch",
        refuse=lambda each: {"b": "a field of another type", "c": "busy"}.get(each["message"], ""),
    )

    with closing(receiver("elasticsearch", stand)) as found:
        taken = found.deliver(entries("a", "b", "c", "d"))
        repeated = found.deliver(entries("a"))

    assert taken == Taken(
        refused=(Refusal(number=1, reason="400: mapper: a field of another type"),),
        again=(2,),
        problem="it is busy: mapper: busy",
    )
    assert stand.texts == ["a", "d"]
    assert repeated == Taken()


def test_a_bulk_answer_that_is_none_is_worth_another_try(open_stand: Any) -> None:
    stand = open_stand("otlp")

    found = receiver("elasticsearch", stand)
    with closing(found), pytest.raises(NotDelivered) as caught:
        found.deliver(entries("a"))

    assert "400" in caught.value.problem


def test_what_a_collector_refuses_unnamed_is_counted(open_stand: Any) -> None:
    stand = open_stand("otlp", refuse=lambda each: "quota" if each["text"] == "b" else "")

    with closing(receiver("otlp", stand)) as found:
        taken = found.deliver(entries("a", "b"))

    assert taken == Taken(unnamed=1, problem="quota")


def test_two_lines_alike_at_one_time_are_two_for_loki(open_stand: Any) -> None:
    stand = open_stand("loki")
    same = entries("a", "x", "a", "x", "a")

    with closing(receiver("loki", stand)) as found:
        stand.moods.append(503)
        with pytest.raises(NotDelivered):
            found.deliver(same)
        found.deliver(same)

    times = [each["at"] for each in stand.taken if each["text"] == "a"]
    assert len(set(times)) == 3
    assert times == sorted(times)


def test_what_a_record_says_is_told_in_the_words_of_each(open_stand: Any, until: Any) -> None:
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    fields = {"status": 500, "nested": {"a": [1, None, True, 0.5]}, "odd": float("nan")}
    said = entries("boom", level=Level.ERROR, trace=trace, fields=fields)
    labels = {"site": "fra"}
    stands = {kind: open_stand(kind) for kind in KINDS}

    for kind, stand in stands.items():
        with closing(receiver(kind, stand, labels=labels)) as found:
            found.deliver(said)
    until(lambda: all(each.taken for each in stands.values()), within=60, what="all arrive")

    (loki,), (bulk,), (otlp,), (lines,), (syslog,) = (each.taken for each in stands.values())
    assert loki["labels"] == {
        "service": "web",
        "instance": "web.1",
        "stream": "stdout",
        "host": "here",
        "level": "error",
        "site": "fra",
    }
    assert bulk["trace"] == lines["trace"] == {"id": trace}
    assert bulk["labels"] == {"site": "fra"}
    assert bulk["fields"]["status"] == 500
    assert bulk["fields"]["odd"] == "nan"
    assert bulk["log"]["level"] == "error"
    assert otlp["traceId"] == trace
    assert otlp["severityNumber"] == 17
    assert otlp["of"]["site"] == "fra"
    assert otlp["named"]["status"] == "500"
    assert syslog["priority"] == 3 * 8 + 3
    assert [each.wrong for each in stands.values()] == [[]] * 5


def test_secrets_go_where_they_belong(open_stand: Any) -> None:
    seen = {}
    wanted: dict[str, dict[str, Any]] = {
        "loki": {"token": "t", "tenant": "shop", "headers": {"X-Site": "fra"}},
        "elasticsearch": {"token": "t"},
        "otlp": {"user": "u", "password": "p"},
    }
    for kind, options in wanted.items():
        stand = open_stand(kind)
        with closing(receiver(kind, stand, **options)) as found:
            found.deliver(entries("a"))
        seen[kind] = stand.headers[0]

    assert seen["loki"]["authorization"] == "Bearer t"
    assert seen["loki"]["x-scope-orgid"] == "shop"
    assert seen["loki"]["x-site"] == "fra"
    assert seen["elasticsearch"]["authorization"] == "ApiKey t"
    assert seen["otlp"]["authorization"] == "Basic dTpw"
    assert {each["content-encoding"] for each in seen.values()} == {"gzip"}
