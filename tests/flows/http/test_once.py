"""A request with an Idempotency-Key is done once, whatever becomes of who asks and who answers."""

from __future__ import annotations

import asyncio
from pathlib import Path

import httpx
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.errors import Conflict, LimitReached, StateFault, UsageError
from svcctl.server.idempotency import Given, Wish
from svcctl.server.idempotency_keys import KEPT, Keys
from svcctl.testing.fakes import FakeClock
from svcctl.wire import Selection
from tests.flows.http.stand import Stand, bearer_of, told

pytestmark = pytest.mark.slow

KEY = {"idempotency-key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
WISH = Wish(actor="ann", key="k", digest="d")
DONE = Given(status=200, headers={"content-type": "application/json"}, body=b"{}")


def test_the_same_request_is_answered_alike_and_done_once(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        first = await client.post("/v1/services/web/stop", json={}, headers=KEY)
        again = await client.post("/v1/services/web/stop", json={}, headers=KEY)

        assert stand.came == ["stop"]
        assert (again.status_code, again.content) == (first.status_code, first.content)
        assert again.headers["idempotency-replayed"] == "true"
        assert "idempotency-replayed" not in first.headers
        assert again.headers["x-request-id"] != first.headers["x-request-id"]

    told(stand, story)


def test_a_key_is_for_one_request_of_one_actor(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        await client.post("/v1/services/web/stop", json={}, headers=KEY)
        other = await client.post("/v1/services/web/stop", json={"timeout": "1s"}, headers=KEY)
        start = await client.post("/v1/services/web/start", json={}, headers=KEY)
        eve = KEY | bearer_of(stand.token("eve"))
        theirs = await client.post("/v1/services/web/stop", json={}, headers=eve)

        assert (other.status_code, start.status_code) == (422, 422)
        assert other.json()["code"] == "SVC-1201"
        assert theirs.status_code == 200
        assert stand.came == ["stop", "stop"]

    told(stand, story)


def test_while_it_is_under_way_nobody_else_begins_it(stand: Stand) -> None:
    begun, goes_on = asyncio.Event(), asyncio.Event()

    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        begun.set()
        await goes_on.wait()
        return "stopped"

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        first = asyncio.create_task(client.post("/v1/services/web/stop", headers=KEY))
        await begun.wait()
        second = await client.post("/v1/services/web/stop", headers=KEY)
        goes_on.set()

        assert (await first).json() == {"result": "stopped"}
        assert second.status_code == 409
        assert second.json()["code"] == "SVC-1604"
        assert second.headers["retry-after"] == "1"

    stand.deeds["stop"] = stop
    told(stand, story)


def test_what_was_only_begun_is_answered_with_its_outcome_later(stand: Stand) -> None:
    goes_on, came = asyncio.Event(), list[str]()

    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        came.append("stop")
        await goes_on.wait()
        return "stopped"

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        path = "/v1/services/web/stop?wait=0"
        first = await client.post(path, headers=KEY)
        second = await client.post(path, headers=KEY)
        goes_on.set()
        while (last := await client.post(path, headers=KEY)).status_code == 202:
            pass

        assert (first.status_code, second.status_code) == (202, 202)
        assert second.headers["location"] == first.headers["location"]
        assert last.json() == {"result": "stopped"}
        assert came == ["stop"]

    stand.deeds["stop"] = stop
    told(stand, story)


def test_a_failure_is_remembered_and_a_mistake_may_be_mended(stand: Stand) -> None:
    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        stand.came.append("stop")
        raise Conflict("it is being reloaded") if len(stand.came) > 1 else UsageError("what?")

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        answers = [await client.post("/v1/services/web/stop", headers=KEY) for _ in range(3)]

        assert [each.status_code for each in answers] == [400, 409, 409]
        assert answers[2].headers["idempotency-replayed"] == "true"
        assert answers[2].headers["content-type"] == "application/problem+json"
        assert stand.came == ["stop", "stop"]

    stand.deeds["stop"] = stop
    told(stand, story)


@pytest.mark.parametrize("key", ["", "a,b", "ä", "x" * 256, '"open'])
def test_what_is_no_key_is_refused(stand: Stand, key: str) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        headers = httpx.Headers({b"idempotency-key": key.encode()})
        answer = await client.post("/v1/services/web/stop", headers=headers)

        assert answer.status_code == 400
        assert stand.came == []

    told(stand, story)


def test_keys_outlive_the_process_for_a_day(tmp_path: Path) -> None:
    clock, path = FakeClock(), str(tmp_path / "keys.db")
    with Keys(path, clock=clock) as keys:
        assert keys.begin(WISH) is None
        keys.finish(WISH, DONE)

    with Keys(path, clock=clock) as keys:
        known = keys.begin(WISH)
        assert known is not None
        assert (known.status, known.body) == (200, b"{}")

        clock.forward(KEPT + 1)
        assert keys.begin(WISH) is None


def test_what_a_crash_left_open_is_not_done_again(tmp_path: Path) -> None:
    clock, path = FakeClock(), str(tmp_path / "keys.db")
    begun = Given(status=202, headers={}, body=b"{}", operation="7")
    other = Wish(actor="ann", key="other", digest="d")
    with Keys(path, clock=clock) as keys:
        keys.begin(WISH)
        keys.begin(other)
        keys.finish(other, begun)

    with Keys(path, clock=clock) as keys:
        for wish in (WISH, other):
            with pytest.raises(Conflict, match="nobody knows what became of it"):
                keys.begin(wish)


def test_old_answers_make_room_and_what_is_under_way_does_not(tmp_path: Path) -> None:
    def wish(number: int) -> Wish:
        return Wish(actor="ann", key=str(number), digest="d")

    with Keys(str(tmp_path / "keys.db"), clock=FakeClock(), most=10) as keys:
        for number in range(25):
            keys.begin(wish(number))
            keys.finish(wish(number), DONE)
        assert keys.begin(wish(24)) is not None

    with Keys(str(tmp_path / "others.db"), clock=FakeClock(), most=10) as keys:
        for number in range(10):
            keys.begin(wish(number))

        with pytest.raises(LimitReached, match="10 requests are under way"):
            keys.begin(wish(10))


def test_who_sends_much_pushes_out_no_answers_of_others(tmp_path: Path) -> None:
    hers = Wish(actor="ben", key="k", digest="d")
    with Keys(str(tmp_path / "keys.db"), clock=FakeClock(), most=10) as keys:
        keys.begin(hers)
        keys.finish(hers, DONE)
        for number in range(25):
            wish = Wish(actor="ann", key=str(number), digest="d")
            keys.begin(wish)
            keys.finish(wish, DONE)

        assert keys.begin(hers) is not None


def test_a_configuration_that_was_seen_anew_is_another_request(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        path = "/v1/services/web/config"
        first = await client.put(path, json={}, headers=KEY | {"if-match": "*"})
        other = await client.put(path, json={}, headers=KEY | {"if-match": '"another"'})

        assert (first.status_code, other.status_code) == (200, 422)
        assert stand.came == ["set-config"]

    told(stand, story)


def test_keys_that_cannot_be_kept_have_nothing_done(tmp_path: Path) -> None:
    with pytest.raises(StateFault, match="cannot be kept"):
        Keys(str(tmp_path / "nowhere" / "keys.db"), clock=FakeClock())
