"""Every path and method, by nothing and by tokens that do not suffice: refused, not done.

What is tried is read from the server itself, and lacks nothing but a proof: the same requests are
carried out for who has the role.
"""

from __future__ import annotations

import pytest

from svcctl.app.verb import Role
from svcctl.app.verbs import VERBS
from svcctl.server.http.routes import routes
from tests.flows.attack.forging import TRIED_EVERYWHERE
from tests.flows.http.asking import Line
from tests.flows.http.cells import OF_A_SESSION, OF_ANYBODY_KNOWN, OPEN, cells, guarded
from tests.flows.http.matrix import (
    DENIED,
    UNKNOWN,
    ask,
    but_sessions,
    insist_on_refusal,
    refused,
    said,
    told,
)
from tests.flows.http.stand import Stand, bearer_of

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("patience")]


def test_every_path_and_method_is_in_the_matrix(whole: Stand) -> None:
    async def story(stand: Stand, line: Line) -> None:
        del line
        all_there_is = {(each.path, each.method) for each in cells(stand.paths)}
        of_the_table = {(each.path, each.method) for each in routes()}
        tried = guarded(stand.paths)

        assert {(each.path, each.method) for each in tried} | OPEN == all_there_is
        assert of_the_table | OF_A_SESSION <= all_there_is - OPEN
        assert {each.verb for each in tried} - {None} == {
            verb for verb in VERBS if not verb.local_only
        }
        assert len(tried) == len(all_there_is) - len(OPEN) > len(of_the_table)

    told(whole, story)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"authorization": ""},
        {"authorization": "Basic YW5uOmFubg=="},
        {"authorization": "Bearer"},
        {"cookie": "svcctl=AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"},
    ],
    ids=["nothing", "an empty header", "a password", "no token", "a cookie made up"],
)
def test_no_path_does_without_a_proof(whole: Stand, headers: dict[str, str]) -> None:
    async def story(stand: Stand, line: Line) -> None:
        await refused(line, but_sessions(stand), lambda sent: sent.showing(**headers), UNKNOWN)
        assert (stand.came, stand.rows) == ([], [])

    told(whole, story)


@pytest.mark.parametrize("what", TRIED_EVERYWHERE)
def test_no_path_takes_a_token_that_does_not_hold(whole: Stand, what: str) -> None:
    async def story(stand: Stand, line: Line) -> None:
        shown = bearer_of(TRIED_EVERYWHERE[what](stand))
        await refused(line, but_sessions(stand), lambda sent: sent.showing(**shown), UNKNOWN)
        assert (stand.came, stand.rows) == ([], [])

    told(whole, story)


@pytest.mark.parametrize("role", ["", *Role])
def test_a_role_may_what_the_table_says(whole: Stand, role: str) -> None:
    """So it is known too that what is refused above is refused for its proof alone."""
    order = ["", *(str(each) for each in Role)]

    async def story(stand: Stand, line: Line) -> None:
        shown = bearer_of(stand.token("ci", role=role))
        for cell in but_sessions(stand):
            words = []
            for sent in cell.requests():
                answer = await ask(line, sent.showing(**shown))
                words.append(said(answer))
                if cell.verb is None:
                    assert cell.path in OF_ANYBODY_KNOWN
                    assert stand.rows == []
                elif order.index(cell.verb.role) <= order.index(role):
                    assert (sent, answer.status) == (sent, 200)
                    assert stand.came == [cell.verb.name]
                else:
                    insist_on_refusal(answer, sent, DENIED)
                    assert stand.came == []
                    assert _written(stand) == [
                        (cell.verb.name, "asked"),
                        (cell.verb.name, DENIED[1]),
                    ]
                stand.came.clear()
                stand.rows.clear()
            assert all(each == words[0] for each in words), words

    told(whole, story)


def _written(stand: Stand) -> list[tuple[str, str]]:
    assert {(row.actor, row.way, row.source) for row in stand.rows} == {
        ("token:ci", "http", "127.0.0.1")
    }
    return [(row.verb, row.outcome) for row in stand.rows]
