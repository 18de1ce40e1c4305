"""How every cell of the matrix is tried, and what a refusal is."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Awaitable, Callable

from tests.flows.http.asking import Answer, Line, line_to
from tests.flows.http.cells import OF_A_SESSION, Cell, Sent, guarded
from tests.flows.http.stand import PATIENCE, Stand

UNKNOWN, DENIED = (401, "SVC-1501"), (403, "SVC-1500")
Story = Callable[[Stand, Line], Awaitable[None]]
Showing = Callable[[Sent], Sent]


def told(stand: Stand, story: Story) -> None:
    """Have *story* happen at *stand*, over one connection that shows nothing by itself."""

    async def tell() -> None:
        async with (
            asyncio.timeout(PATIENCE * 2),
            stand.open() as client,
            line_to(stand.port, stand.client_tls) as line,
        ):
            del client
            await story(stand, line)

    asyncio.run(tell())


async def ask(line: Line, sent: Sent) -> Answer:
    """Send *sent*; give what it is answered with."""
    return await line.ask(sent.method, sent.target, sent.headers, sent.body)


def insist_on_refusal(answer: Answer, sent: Sent, wanted: tuple[int, str]) -> None:
    """Insist that it is a problem with our code, and says how to show who one is."""
    assert (sent, answer.status) == (sent, wanted[0])
    assert answer.headers["content-type"] == "application/problem+json"
    assert ("www-authenticate" in answer.headers) == (wanted == UNKNOWN)
    if sent.method != "HEAD":
        assert (sent, answer.json()["code"]) == (sent, wanted[1])


def said(answer: Answer) -> object:
    """Give what is told but for the name that was asked about, times, and the request's number."""
    if not answer.body:
        return answer.status
    document = json.loads(re.sub(rb"\d+s ", b"", answer.body.replace(b"absent", b"web")))
    return {key: value for key, value in document.items() if key != "request_id"}


async def refused(line: Line, tried: list[Cell], showing: Showing, wanted: tuple[int, str]) -> None:
    """Insist that all of *tried* is refused, once it is known who asks in the same words for all.

    That is, for a service that is there and for one that is not.
    """
    assert tried
    for cell in tried:
        words = []
        for sent in map(showing, cell.requests()[: None if wanted == DENIED else 1]):
            answer = await ask(line, sent)
            insist_on_refusal(answer, sent, wanted)
            words.append(said(answer))
        assert all(each == words[0] for each in words), words


def but_sessions(stand: Stand) -> list[Cell]:
    """Give every cell that takes another proof than that of a browser."""
    return [each for each in guarded(stand.paths) if (each.path, each.method) not in OF_A_SESSION]


def verbs(stand: Stand) -> list[Cell]:
    """Give every cell that stands for a verb."""
    return [each for each in guarded(stand.paths) if each.verb is not None]
