"""TCP checks, and what is said of a connection that failed."""

from __future__ import annotations

import errno
from typing import Any

import pytest

from svcctl.engine.probes.tcp import check_tcp, explain, split_address


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_who_accepts_passes_and_who_is_gone_refuses(
    serving: Any, saying: Any, host: str
) -> None:
    async with serving(saying(), host=host) as at:
        assert await check_tcp(at) == ""

    assert await check_tcp(at) == f"{at}: connection refused"


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("db.example:5432", ("db.example", 5432)),
        ("[::1]:80", ("::1", 80)),
        ("8080", ("127.0.0.1", 8080)),
    ],
)
def test_an_address_is_host_and_port(text: str, address: tuple[str, int]) -> None:
    assert split_address(text) == address


@pytest.mark.posix
@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(errno.ECONNREFUSED, "Connect call failed ('::1', 80)"), "connection refused"),
        (OSError(errno.EHOSTUNREACH, "Connect call failed ('x', 80)"), "no route to host"),
        (
            OSError(
                "Multiple exceptions: [Errno 111] Connect call failed ('::1', 80, 0, 0), "
                "[Errno 101] Connect call failed ('10.0.0.1', 80)"
            ),
            "connection refused, network is unreachable",
        ),
        (OSError(-2, "Name or service not known"), "name or service not known"),
        (TimeoutError(), "timeouterror"),
    ],
)
def test_an_error_is_explained_in_few_words(error: OSError, text: str) -> None:
    assert explain(error) == text
