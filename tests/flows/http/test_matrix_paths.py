"""Every path in other ways to write it, and by other methods: none leads past its gate."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.flows.http.asking import Line
from tests.flows.http.cells import OF_A_SESSION, OF_ANYBODY_KNOWN, cells, guarded
from tests.flows.http.matrix import (
    ask,
    told,
    verbs,
)
from tests.flows.http.stand import Stand, bearer_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("patience")]


def _tricks(target: str) -> list[str]:
    path, _, query = target.partition("?")
    more = f"?{query}" if query else ""
    first, last = path[:2], path[2:]
    return [
        *(f"/{path}{more}", f"{path}/{more}", f"{path}//{more}", f"{path}.{more}"),
        *(f"{path}%00{more}", f"{path}%2f{more}", f"{path};a=b{more}", f"{path}%20{more}"),
        *(path.upper() + more, f"/health/..{path}{more}", f"/assets/%2e%2e{path}{more}"),
        *(f"/.{path}{more}", f"{first}%2e%2e/{last}{more}", f"http://127.0.0.1{path}{more}"),
        *(f"/assets/..{path}{more}", f"{path}#{more}"),
        f"{path}{more}{'&' if more else '?'}access_token=a.b.c",
    ]


def test_no_other_way_to_write_a_path_leads_past_its_gate(whole: Stand) -> None:
    async def story(stand: Stand, line: Line) -> None:
        strangers = {400, 401, 403, 404, 405}
        nobody = bearer_of(stand.token("ci", role=""))
        known = OF_ANYBODY_KNOWN | {path for path, _ in OF_A_SESSION}
        for cell in guarded(stand.paths):
            sent = cell.requests()[0]
            for target in _tricks(sent.target):
                tried = replace(sent, target=target)
                assert (tried, (await ask(line, tried)).status in strangers) == (tried, True)
                if cell.path not in known:
                    answer = await ask(line, tried.showing(**nobody))
                    assert (tried, answer.status in strangers) == (tried, True)
        assert stand.came == []

    told(whole, story)


def test_no_method_does_more_than_those_of_the_table(whole: Stand) -> None:
    async def story(stand: Stand, line: Line) -> None:
        shown = bearer_of(stand.token())
        known = {(each.path, each.method) for each in cells(stand.paths)}
        for cell in guarded(stand.paths):
            sent = cell.requests()[0]
            for method in ("GET", "POST", "PUT", "PATCH", "DELETE", "TRACE", "PROPFIND"):
                if (cell.path, method) not in known:
                    answer = await ask(line, replace(sent, method=method).showing(**shown))
                    assert (method, sent, answer.status) == (method, sent, 405)
                    assert b"a.b.c" not in answer.body
            options = await ask(line, replace(sent, method="OPTIONS", body=None))
            assert (options.status, options.body) in {(204, b""), (405, options.body)}
            override = {"x-http-method-override": "POST", "x-original-url": "/v1/stop"}
            if sent.method == "GET":
                await ask(line, sent.showing(**override, **shown))
        assert set(stand.came) == {
            each.verb.name for each in verbs(stand) if each.method == "GET" and each.verb
        }

    told(whole, story)
