"""Posts to receivers that are asked over HTTP, and words what they answer for good and for now."""

from __future__ import annotations

import gzip
import time
from collections.abc import Mapping

from svcctl.errors import NotDelivered
from svcctl.observe.ship.documents import encoded
from svcctl.posting import Answer, Poster

_TO_BLAME = frozenset((400, 413, 415, 422))  # it is what was sent: the same is refused for ever
_LONGEST = 300  # characters of what a receiver says


class Asked:
    """A receiver at an address; *headers* may hold secrets."""

    def __init__(self, poster: Poster, *, headers: Mapping[str, str], compress: bool) -> None:
        self._poster, self._headers, self._compress = poster, dict(headers), compress

    def post(self, path: str, body: bytes, kind: str) -> Answer:
        """Post *body*, which is of media type *kind*; give an answer of 2xx.

        Raises NotDelivered: not *again* where what was sent is to blame.
        """
        headers = {"Content-Type": kind, "User-Agent": "svcctl", **self._headers}
        if self._compress:
            body, headers["Content-Encoding"] = gzip.compress(body, 1), "gzip"
        host = self._poster.host
        try:
            answer = self._poster.post(body, headers, path=path)
        except OSError as error:
            raise NotDelivered(
                f"{host!r} cannot be asked: {error.strerror or error}",
                hint="it is tried again",
                again=True,
            ) from error
        if answer.is_good:
            return answer
        said = _shown(answer.body)
        raise NotDelivered(
            f"{host!r} answered {answer.status}{f': {said}' if said else ''}",
            hint="check its address, and who may write there",
            again=answer.status not in _TO_BLAME,
            wait=answer.wait(now=time.time()),
        )

    def post_json(self, path: str, value: object) -> Answer:
        """Post *value* as JSON; raises as :meth:`post`."""
        return self.post(path, encoded(value), "application/json")

    def close(self) -> None:
        """Let go of the connection."""
        self._poster.close()


def _shown(body: bytes) -> str:
    """Give what was said as one line for people."""
    return " ".join(body[: _LONGEST * 4].decode(errors="replace").split())[:_LONGEST]
