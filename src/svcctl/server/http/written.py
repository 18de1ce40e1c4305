"""Has what a crowd is shown alike written as JSON once: a long list takes longer than all else."""

from __future__ import annotations

import asyncio

from starlette.responses import JSONResponse, Response

from svcctl.server.http.negotiation import JSON


class Written:
    """Remembers what was written in this turn of the loop, in which a crowd has its answers."""

    def __init__(self) -> None:
        self._found: object = None
        self._text: bytes | memoryview = b""

    def answer(self, found: object) -> Response:
        """Give the response whose result is *found*; who is given the same object shares it."""
        if found is None or found is not self._found:
            response = JSONResponse({"result": found})
            self._found, self._text = found, response.body
            asyncio.get_running_loop().call_soon(self._forget)
            return response
        return Response(self._text, media_type=JSON)

    def _forget(self) -> None:
        self._found, self._text = None, b""
