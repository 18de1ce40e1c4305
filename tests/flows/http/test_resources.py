"""What HTTP has of its own: methods, types, pages, tags, preferences."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.wire import Selection
from tests.flows.http.stand import Stand, bearer_of, told

pytestmark = pytest.mark.slow


def test_options_and_a_wrong_method_say_what_can_be_done(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        options = await client.options("/v1/services/web/config")
        wrong = await client.delete("/v1/services/web/config", headers={"x-request-id": "r-7"})
        health = await client.post("/health")

        assert (options.status_code, options.content) == (204, b"")
        assert options.headers["allow"] == "GET, HEAD, OPTIONS, PUT"
        assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS, PUT")
        assert wrong.headers["x-request-id"] == "r-7"
        assert health.headers["allow"] == "GET, HEAD"
        assert stand.came == []

    told(stand, story)


def test_head_is_get_without_a_body(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        listed = await client.head("/v1/services")
        stream = await client.head("/v1/events?follow", headers={"accept": "text/event-stream"})

        assert (listed.status_code, listed.content) == (200, b"")
        assert listed.headers["content-type"] == "application/json"
        assert stream.headers["content-type"].startswith("text/event-stream")
        assert stand.came == ["status", "events"]

    told(stand, story)


@pytest.mark.parametrize(
    ("accept", "path", "status"),
    [
        ("application/json", "/v1/services", 200),
        ("text/html, */*;q=0.1", "/v1/services", 200),
        ("application/*", "/v1/services", 200),
        ("text/html", "/v1/services", 406),
        ("application/json;q=0", "/v1/services", 406),
        ("*/*, application/json;q=0", "/v1/services", 406),
        ("text/event-stream", "/v1/services", 406),
        ("text/plain;version=0.0.4, */*;q=0.1", "/metrics", 200),
        ("application/json", "/metrics", 406),
        ("application/json;q=many", "/v1/services", 406),
    ],
)
def test_who_takes_only_what_there_is_not_is_told(
    stand: Stand, accept: str, path: str, status: int
) -> None:
    async def metrics(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return {"type": "text/plain; version=0.0.4; charset=utf-8", "text": "up 1\n"}

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        answer = await client.get(path, headers={"accept": accept})

        assert answer.status_code == status

    stand.deeds["metrics"] = metrics
    told(stand, story)


def test_a_form_is_no_body(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        form = await client.post("/v1/services/web/stop", data={"timeout": "1s"})
        put = await client.put(
            "/v1/services/web/config",
            content="a: 1",
            headers={"content-type": "application/yaml", "if-match": "*"},
        )

        packed = await client.post(
            "/v1/services/web/stop", content=b"{}", headers={"content-encoding": "gzip"}
        )

        assert (form.status_code, put.status_code, packed.status_code) == (415, 415, 415)
        assert packed.headers["accept-encoding"] == "identity"
        assert form.headers["accept-post"] == "application/json"
        assert stand.came == []

    told(stand, story)


@pytest.mark.parametrize(
    ("path", "prefer", "status"),
    [
        ("/v1/services/web/stop", "respond-async", 202),
        ("/v1/services/web/stop", "respond-async, wait=0", 202),
        ("/v1/services/web/stop", 'wait="0"', 202),
        ("/v1/services/web/stop?wait=0", "", 202),
        ("/v1/services/web/stop?wait=10ms", "", 202),
        ("/v1/services/web/stop?wait=false", "wait=60", 202),
        ("/v1/services/web/stop?wait=soon", "", 400),
        ("/v1/services/web/stop?wait=1&wait=2", "", 400),
        ("/v1/services/web/stop", "wait=soon", 400),
    ],
)
def test_how_long_to_wait_is_said_in_two_ways(
    stand: Stand, path: str, prefer: str, status: int
) -> None:
    goes_on = asyncio.Event()

    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        await goes_on.wait()
        return "stopped"

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        answer = await client.post(path, headers={"prefer": prefer})
        goes_on.set()

        assert answer.status_code == status

    stand.deeds["stop"] = stop
    told(stand, story)


@pytest.mark.parametrize(
    ("query", "prefer", "applied"),
    [
        ("", "respond-async", "respond-async"),
        ("", "respond-async, wait=0", "wait=0"),
        ("?wait=0", "respond-async", None),
    ],
)
def test_who_waits_no_longer_is_told_why_and_when_to_look(
    stand: Stand, query: str, prefer: str, applied: str | None
) -> None:
    goes_on = asyncio.Event()

    async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        await goes_on.wait()
        return "stopped"

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        begun = await client.post(f"/v1/services/web/stop{query}", headers={"prefer": prefer})
        where = begun.headers["location"]
        looked = await client.get(where)
        goes_on.set()
        while (over := await client.get(where)).json()["state"] == "running":
            pass

        assert begun.headers.get("preference-applied") == applied
        assert begun.headers["retry-after"] == looked.headers["retry-after"] == "1"
        assert "retry-after" not in over.headers
        assert over.json()["ended_at"] >= begun.json()["begun_at"]

    stand.deeds["stop"] = stop
    told(stand, story)


def test_who_waits_long_enough_gets_the_outcome(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        for path, prefer in (
            ("/v1/services/web/stop?wait=60", ""),
            ("/v1/services/web/stop", "respond-async, wait=60"),
        ):
            answer = await client.post(path, headers={"prefer": prefer})
            assert answer.status_code == 200
            assert answer.json()["result"]["verb"] == "stop"

    told(stand, story)


async def pages(client: httpx.AsyncClient, path: str) -> list[Any]:
    """Give all pages from *path* on."""
    found = []
    while path:
        answer = await client.get(path)
        assert answer.status_code == 200, answer.text
        found.append(answer.json())
        link = answer.headers.get("link", "")
        path = link.partition(">")[0].removeprefix("<")
        assert not link or link.endswith('; rel="next"')
    return found


def test_a_list_comes_in_pages_that_fit_together_though_it_changes(stand: Stand) -> None:
    names = ["web", "web.2", "web.10", "db", "mail"]

    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return [{"service": each.partition(".")[0], "instance": each} for each in names]

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        found = await pages(client, "/v1/services?limit=2&all=true")
        assert [[row["instance"] for row in page["result"]] for page in found] == [
            ["db", "mail"],
            ["web", "web.2"],
            ["web.10"],
        ]

        first = await client.get("/v1/services?limit=2")
        names[:] = ["db", "nats", "web", "web.2"]
        rest = await client.get(first.headers["link"].partition(">")[0][1:])
        assert [row["instance"] for row in rest.json()["result"]] == ["nats", "web"]

    stand.deeds["status"] = status
    told(stand, story)


def test_the_agent_gives_no_more_of_a_long_list_than_a_page(stand: Stand) -> None:
    asked = []

    async def audit(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, emit
        after, first = args.integer("after") or 0, args.integer("first") or 0
        asked.append((after, first))
        return [{"number": number} for number in range(after + 1, 6)][:first]

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        found = await pages(client, "/v1/audit?limit=2")

        assert [[row["number"] for row in page["result"]] for page in found] == [
            [1, 2],
            [3, 4],
            [5],
        ]
        assert asked == [(0, 3), (2, 3), (4, 3)]

    stand.deeds["audit"] = audit
    told(stand, story)


@pytest.mark.parametrize(
    ("verb", "result"),
    [
        ("alerts", {"alerts": [{"began": 3 - n, "id": str(n)} for n in range(3)]}),
        ("findings", {"findings": [{"since": 3 - n, "id": str(n)} for n in range(3)]}),
        ("history", {"since": 0.0, "instances": {f"a{n}": [[n]] for n in range(3)}}),
        ("token-list", [{"issued_at": float(n), "id": str(n)} for n in range(3)]),
    ],
)
def test_every_list_has_pages(stand: Stand, verb: str, result: Any) -> None:
    async def look(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return result

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        found = [each["result"] for each in await pages(client, f"/v1/{verb}?limit=1")]

        assert len(found) == 3
        if isinstance(result, list):
            assert [row for page in found for row in page] == result
        else:
            (field,) = [name for name in result if name != "since"]
            joined = [row for page in found for row in page[field]]
            assert joined == list(result[field])

    stand.deeds[verb] = look
    told(stand, story)


@pytest.mark.parametrize(
    "query",
    [
        "limit=0",
        "limit=1001",
        "limit=all",
        "limit=1&limit=2",
        "limit=1&after=x",
        "limit=1&after=WzFd",
        "limit=1&after=e30",
        "limit=1&after=a&after=b",
    ],
)
def test_what_is_no_page_is_a_mistake(stand: Stand, query: str) -> None:
    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return [{"service": "web", "instance": "web"}]

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        assert (await client.get(f"/v1/services?{query}")).status_code == 400

    stand.deeds["status"] = status
    told(stand, story)


def reply(**more: object) -> dict[str, object]:
    return {"instance": "mailer", "ok": True, "problem": "", "hint": "", "answer": {}} | more


class Mailer:
    """A service whose configuration has one value, and a version."""

    def __init__(self, stand: Stand) -> None:
        self.version, self.period = 1, "10s"
        self.asked: list[dict[str, object]] = []
        stand.deeds |= {"config": self._config, "set-config": self._set}

    async def _config(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return [reply(answer={"newest": self.version, "values": [self.period]})]

    async def _set(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, emit
        self.asked.append({name: value for name, value in args.values.items() if value})
        config = args.values["config"]
        assert isinstance(config, dict)
        if config["period"] == "soon":
            mistakes = [{"problem": "no", "hint": "", "file": "x", "line": 1, "column": 1}]
            return [reply(ok=False, problem="refused", answer={"mistakes": mistakes})]
        if args.text("if_version") not in (None, f"mailer={self.version}"):
            return [reply(ok=False, problem="another is the newest", code="SVC-1603")]
        self.version, self.period = self.version + 1, config["period"]
        return [reply(answer={"verdict": "applied", "version": self.version})]


CONFIG = "/v1/services/mailer/config"


def test_a_configuration_is_replaced_by_who_saw_it(stand: Stand) -> None:
    mailer = Mailer(stand)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        seen = await client.get(CONFIG)
        tag = seen.headers["etag"]
        known = await client.get(CONFIG, headers={"if-none-match": f'"x", W/{tag}'})
        put = await client.put(CONFIG, json={"period": "5s"}, headers={"if-match": tag})
        late = await client.put(CONFIG, json={"period": "9s"}, headers={"if-match": tag})
        now = await client.get(CONFIG, headers={"if-none-match": tag})

        assert (known.status_code, known.content) == (304, b"")
        assert known.headers["etag"] == tag
        assert (put.status_code, late.status_code, now.status_code) == (200, 412, 200)
        assert now.headers["etag"] != tag
        assert mailer.asked == [
            {"config": {"period": "5s"}, "replace": True, "if_version": "mailer=1"}
        ]

    told(stand, story)


def test_who_does_not_say_what_is_replaced_replaces_nothing(stand: Stand) -> None:
    mailer = Mailer(stand)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        answer = await client.put(CONFIG, json={"period": "5s"})
        weak = await client.put(CONFIG, json={"period": "5s"}, headers={"if-match": 'W/"x"'})

        assert (answer.status_code, weak.status_code) == (428, 412)
        assert mailer.asked == []

    told(stand, story)


def test_a_value_that_is_refused_is_told_with_every_mistake(stand: Stand) -> None:
    Mailer(stand)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        answer = await client.put(CONFIG, json={"period": "soon"}, headers={"if-match": "*"})

        assert answer.status_code == 422
        assert answer.json()["mistakes"][0]["problem"] == "no"

    told(stand, story)


def test_the_service_has_the_last_word_on_which_version_is_the_newest(stand: Stand) -> None:
    mailer = Mailer(stand)

    async def outdated(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return [reply(ok=False, problem="another is the newest", code="SVC-1603")]

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        tag = (await client.get(CONFIG)).headers["etag"]
        answer = await client.put(CONFIG, json={"period": "5s"}, headers={"if-match": tag})

        assert (answer.status_code, mailer.version) == (412, 1)

    stand.deeds["set-config"] = outdated
    told(stand, story)


def test_the_short_path_will_do(stand: Stand) -> None:
    mailer = Mailer(stand)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        answer = await client.put(
            "/config?service=mailer&dry_run=true&reason=try",
            content='{"period": "5s"}',
            headers={"if-match": "*", "content-type": "application/json; charset=utf-8"},
        )

        assert answer.status_code == 200
        assert mailer.asked[0]["config"] == {"period": "5s"}
        assert mailer.asked[0]["dry_run"] is True

    told(stand, story)


@pytest.mark.parametrize("body", ["[1]", "{", '{"exec": 1e999}', "null"])
def test_what_is_no_table_of_values_is_refused(stand: Stand, body: str) -> None:
    mailer = Mailer(stand)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        answer = await client.put(CONFIG, content=body, headers={"if-match": "*"})

        assert answer.status_code == 400
        assert mailer.asked == []

    told(stand, story)


def test_a_viewer_reads_a_configuration_and_sets_none(stand: Stand) -> None:
    mailer = Mailer(stand)

    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        viewer = bearer_of(stand.token("eve", role="viewer"))
        seen = await client.get(CONFIG, headers=viewer)
        tag = {"if-match": seen.headers["etag"]}
        put = await client.put(CONFIG, json={"period": "5s"}, headers=viewer | tag)

        assert (seen.status_code, put.status_code) == (200, 403)
        assert mailer.asked == []

    told(stand, story)


def test_who_failed_too_often_is_told_when_to_try_again(stand: Stand) -> None:
    async def story(stand: Stand, client: httpx.AsyncClient) -> None:
        del stand
        nonsense = bearer_of("nonsense")
        while (answer := await client.get("/v1/services", headers=nonsense)).status_code == 401:
            pass

        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) >= 1

    told(stand, story)
