"""Posts JSON to a URL and says what came back, as channels need it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import Any
from urllib.parse import urlsplit

from svcctl.alert.channels.thread import in_thread
from svcctl.errors import NotDelivered

_TIMEOUT = 10.0  # seconds, for each step
_LARGEST_ANSWER = 64 * 1024  # bytes
_TOO_MANY, _SERVER_ERRORS = 429, 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """What came back: *body* is the JSON of it, None where it is none."""

    status: int
    body: Any
    headers: Mapping[str, str] = field(default_factory=dict)


async def post(url: str, document: object, *, headers: Mapping[str, str] | None = None) -> Answer:
    """Post *document*; give an answer of 2xx.

    Raises NotDelivered for any other, which may be tried again where it is 429 or 5xx, and where
    nobody answers.  No message has *url*, which may hold a secret.  Certificates are checked,
    redirects not followed.
    """
    answer = await in_thread(partial(answer_to, url, document, headers or {}))
    if 200 <= answer.status < 300:
        return answer
    again = answer.status == _TOO_MANY or answer.status >= _SERVER_ERRORS
    wait = answer.headers.get("retry-after", "")
    raise NotDelivered(
        f"{_host(url)} answered {answer.status}",
        hint="it is tried again" if again else "check the address and the token of the channel",
        again=again,
        wait=float(wait) if wait.isdecimal() else 0.0,
    )


def answer_to(url: str, document: object, headers: Mapping[str, str]) -> Answer:
    """Post *document* and give whatever is answered; blocks, for 10 seconds at each step.

    Raises NotDelivered where nobody answers.
    """
    from http.client import HTTPConnection, HTTPException, HTTPSConnection  # noqa: PLC0415 - 20 ms

    parts = urlsplit(url)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    body = json.dumps(document, ensure_ascii=False).encode()
    wanted = {"Content-Type": "application/json; charset=utf-8", "Connection": "close", **headers}
    connection = kind(parts.hostname or "", parts.port, timeout=_TIMEOUT)
    try:
        connection.request("POST", path, body, wanted)
        answer = connection.getresponse()
        said = answer.read(_LARGEST_ANSWER)
    except (OSError, HTTPException) as error:
        problem = getattr(error, "strerror", None) or type(error).__name__
        raise NotDelivered(
            f"{_host(url)} cannot be asked: {problem}", hint="it is tried again", again=True
        ) from error
    finally:
        connection.close()
    found = {name.lower(): value for name, value in answer.getheaders()}
    return Answer(status=answer.status, body=_json(said), headers=found)


def _json(said: bytes) -> object:
    try:
        return json.loads(said)
    except ValueError:
        return None


def _host(url: str) -> str:
    return repr(urlsplit(url).hostname or "")
