"""Posts JSON to a URL and says what came back, as channels need it."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from svcctl.alert.channels.thread import in_thread
from svcctl.errors import NotDelivered

if TYPE_CHECKING:
    from svcctl.posting import Answer

_TIMEOUT = 10.0  # seconds, for each step
_TOO_MANY, _SERVER_ERRORS = 429, 500


async def post(url: str, document: object, *, headers: Mapping[str, str] | None = None) -> Answer:
    """Post *document*; give an answer of 2xx.

    Raises NotDelivered for any other, which may be tried again where it is 429 or 5xx, and where
    nobody answers.  No message has *url*, which may hold a secret.  Certificates are checked,
    redirects not followed.
    """
    answer = await in_thread(partial(answer_to, url, document, headers or {}))
    if answer.is_good:
        return answer
    again = answer.status == _TOO_MANY or answer.status >= _SERVER_ERRORS
    raise NotDelivered(
        f"{_host(url)} answered {answer.status}",
        hint="it is tried again" if again else "check the address and the token of the channel",
        again=again,
        wait=answer.wait(now=time.time()),
    )


def answer_to(url: str, document: object, headers: Mapping[str, str]) -> Answer:
    """Post *document* and give whatever is answered; blocks, for 10 seconds at each step.

    Raises NotDelivered where nobody answers.
    """
    from svcctl.posting import Poster  # noqa: PLC0415 - 20 ms

    poster = Poster(url, patience=_TIMEOUT)
    wanted = {"Content-Type": "application/json; charset=utf-8", "Connection": "close", **headers}
    try:
        return poster.post(json.dumps(document, ensure_ascii=False).encode(), wanted)
    except OSError as error:
        problem = error.strerror or str(error) or type(error).__name__
        raise NotDelivered(
            f"{_host(url)} cannot be asked: {problem}", hint="it is tried again", again=True
        ) from error
    finally:
        poster.close()


def _host(url: str) -> str:
    return repr(urlsplit(url).hostname or "")
