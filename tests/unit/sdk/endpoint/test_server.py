"""Whoever comes to a service is answered, or told why not; the service lives on."""

from __future__ import annotations

import asyncio

import pytest

from svcctl.engine.visits import MOST
from svcctl.errors import Conflict
from svcctl.sdk.endpoint.asked import Asked
from svcctl.sdk.endpoint.server import Endpoint
from svcctl.wire import Request, encode_request
from tests.unit.sdk.endpoint.visitors import Doorway, served


async def echo(asked: Asked) -> object:
    return {"who": asked.who, "args": dict(asked.args)}


async def refuse(_: Asked) -> object:
    raise Conflict("not today", hint="tomorrow")


async def fail(_: Asked) -> object:
    raise LookupError("a bug")


ANSWERS = {"echo": echo, "refuse": refuse, "fail": fail}


def test_a_request_is_answered_and_the_visitor_is_known() -> None:
    async def story(door: Doorway) -> None:
        assert await door.ask("echo", x=1) == {
            "id": 7,
            "result": {"who": "uid:1000", "args": {"x": 1}},
        }

    door = served(ANSWERS, story)

    assert door.closed


def test_who_gets_in_may_ask_for_somebody_else() -> None:
    async def story(door: Doorway) -> None:
        answer = await door.ask("echo", who="token:ann")

        assert answer["result"]["who"] == "token:ann"

    served(ANSWERS, story)


def test_a_refusal_comes_with_its_hint() -> None:
    async def story(door: Doorway) -> None:
        answer = await door.ask("refuse")

        assert answer["error"]["code"] == "SVC-1600"
        assert (answer["error"]["problem"], answer["error"]["hint"]) == ("not today", "tomorrow")

    served(ANSWERS, story)


def test_a_bug_is_told_as_one_and_its_details_stay_in_the_log(
    caplog: pytest.LogCaptureFixture,
) -> None:
    async def story(door: Doorway) -> None:
        answer = await door.ask("fail")

        assert answer["error"]["problem"] == "'fail' failed inside the service"

    served(ANSWERS, story)

    assert "a bug" in caplog.text


def test_an_unknown_request_is_told_what_there_is() -> None:
    async def story(door: Doorway) -> None:
        answer = await door.ask("dance")

        assert answer["error"]["hint"] == "ask: echo, fail, refuse"

    served(ANSWERS, story)


@pytest.mark.parametrize("noise", [b"\n", b"{}\n", b"[]\n", b"\xff\n", b'{"verb": "echo"'])
def test_noise_is_refused(noise: bytes) -> None:
    async def story(door: Doorway) -> None:
        answer = await door.told(door.enter(noise))

        assert answer["error"]["code"] == "SVC-1200"

    served(ANSWERS, story)


def test_a_request_too_long_is_refused_before_it_is_read_whole() -> None:
    async def story(door: Doorway) -> None:
        answer = await door.told(door.enter(b"x" * (65 * 1024), more=True))

        assert answer["error"]["problem"] == "a request has more than 64 KiB"

    served(ANSWERS, story)


def test_a_stranger_is_denied_before_he_is_heard() -> None:
    async def story(door: Doorway) -> None:
        door.denied = "not you"

        answer = await door.ask("echo")

        assert answer["error"]["code"] == "SVC-1500"

    served(ANSWERS, story)


def test_who_says_nothing_is_told_nothing() -> None:
    async def story(door: Doorway) -> None:
        writing = door.enter(b"")
        await asyncio.gather(*door.visits)

        assert (writing.said, writing.closed) == (b"", True)

    served(ANSWERS, story)


def test_who_only_waits_does_not_keep_the_service_from_ending() -> None:
    async def story(door: Doorway) -> None:
        door.enter(b"", more=True)
        await asyncio.sleep(0)  # it is heard

    served(ANSWERS, story)


def test_what_was_asked_for_is_done_though_the_asker_hangs_up() -> None:
    done = asyncio.Event()
    began = asyncio.Event()

    async def work(_: Asked) -> object:
        began.set()
        await asyncio.sleep(0)
        done.set()
        return None

    async def story(door: Doorway) -> None:
        door.enter(encode_request(Request(verb="work")), gone=True)
        await began.wait()
        await door.visits[0]

    served({"work": work}, story)

    assert done.is_set()


def test_what_is_under_way_at_the_end_gets_its_answer() -> None:
    async def told() -> dict[str, object]:
        door, goes_on = Doorway(), asyncio.Event()

        async def work(_: Asked) -> object:
            await goes_on.wait()
            return "done"

        async with Endpoint(door, lambda: {"work": work}):
            writing = door.enter(encode_request(Request(verb="work")))
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            asyncio.get_running_loop().call_soon(goes_on.set)
        return await door.told(writing)

    assert asyncio.run(told())["result"] == "done"


def test_whoever_says_nothing_for_longest_makes_place_for_who_asks() -> None:
    async def story(door: Doorway) -> None:
        silent = [door.enter(b"", more=True) for _ in range(MOST)]
        await asyncio.sleep(0)

        answer = await door.ask("echo")

        assert answer["result"]["who"] == "uid:1000"
        assert [each.closed for each in silent[:2]] == [True, False]

    served(ANSWERS, story)
