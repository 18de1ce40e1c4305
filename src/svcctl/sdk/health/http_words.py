"""The little of HTTP/1.1 that a health answer needs, strictly: bytes in, bytes out (RFC 9112)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

_REQUEST_LINE = re.compile(rb"([A-Z]{1,16}) (/[!-~]{0,2048}) (HTTP/\d\.\d)")
_FIELD = re.compile(rb"([!#$%&'*+.^_`|~0-9A-Za-z-]+):[ \t]*([\t -~\x80-\xff]*?)[ \t]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What was asked for; *path* is without its query, names in *headers* are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


class BadRequestError(Exception):
    """The request is not understood; *status* says in which way."""

    def __init__(self, status: HTTPStatus) -> None:
        super().__init__(status.phrase)
        self.status = status


def parse(head: bytes) -> Request:
    """Read the *head* of a request, up to and with its empty line; raises BadRequestError.

    Lines end in CR LF and nothing else, no header is folded, there is exactly one Host, and no
    body: what is doubtful is refused, as it may be meant for another server.
    """
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    found = _REQUEST_LINE.fullmatch(first)
    if found is None:
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    method, target, version = (each.decode("ascii") for each in found.groups())
    if version not in {"HTTP/1.0", "HTTP/1.1"}:
        raise BadRequestError(HTTPStatus.HTTP_VERSION_NOT_SUPPORTED)
    headers = _headers(lines)
    if version == "HTTP/1.1" and "host" not in headers:
        raise BadRequestError(HTTPStatus.BAD_REQUEST)
    if "transfer-encoding" in headers or headers.get("content-length", "0") != "0":
        raise BadRequestError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE)
    return Request(method=method, path=target.partition("?")[0], headers=headers)


def _headers(lines: Iterable[bytes]) -> dict[str, str]:
    headers: dict[str, str] = {}
    for line in lines:
        found = _FIELD.fullmatch(line)
        if found is None:
            raise BadRequestError(HTTPStatus.BAD_REQUEST)
        name, value = found[1].decode("ascii").lower(), found[2].decode("latin-1")
        if name in headers and name in {"host", "content-length"}:
            raise BadRequestError(HTTPStatus.BAD_REQUEST)
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def accepts(request: Request, kind: str) -> bool:
    """Say whether the asker names the media type *kind*, and not as one it does not want."""
    for each in request.headers.get("accept", "").lower().split(","):
        name, *parameters = (part.strip() for part in each.split(";"))
        if name == kind:
            return not any(re.fullmatch(r"q=0(\.0*)?", part) for part in parameters)
    return False


def response(
    status: HTTPStatus, body: bytes, *, kind: str, has_body: bool = True, allow: str = ""
) -> bytes:
    """Give the bytes of an answer, after which the connection ends; to HEAD without its *body*."""
    fields = {
        "Content-Type": kind,
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Content-Type-Options": "nosniff",
        "Connection": "close",
        **({"Allow": allow} if allow else {}),
    }
    head = f"HTTP/1.1 {status.value} {status.phrase}\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in fields.items())
    return f"{head}\r\n".encode("ascii") + (body if has_body else b"")
