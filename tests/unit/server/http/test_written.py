"""What a crowd is shown alike is written once, and what each is shown is their own."""

from __future__ import annotations

import asyncio
import json

import pytest

pytest.importorskip(
    "svcctl.server.http.written", reason="Wine cannot load what serves", exc_type=ImportError
)

from svcctl.server.http.written import Written


async def test_who_is_given_the_same_object_is_shown_the_same_bytes() -> None:
    written, found = Written(), [{"service": "wéb"}]

    one, other = written.answer(found), written.answer(found)

    assert one.body is other.body
    assert one.raw_headers == other.raw_headers
    assert json.loads(bytes(one.body)) == {"result": found}


async def test_what_only_looks_alike_is_written_anew() -> None:
    written = Written()

    bodies = [bytes(written.answer(each).body) for each in ([], [1], None, [1])]

    assert bodies == [b'{"result":[]}', b'{"result":[1]}', b'{"result":null}', b'{"result":[1]}']


async def test_nothing_is_kept_beyond_the_turn_in_which_a_crowd_is_answered() -> None:
    written, found = Written(), [1]
    written.answer(found)

    await asyncio.sleep(0)
    found.append(2)

    assert bytes(written.answer(found).body) == b'{"result":[1,2]}'
