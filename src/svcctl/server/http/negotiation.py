"""What a request is written in, what may be answered with, and how long to wait for the answer.

RFC 9110 (sections 8.3, 12.5.1) and RFC 7240.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING

from svcctl.errors import SvcctlError, UsageError
from svcctl.server.http.problem import HttpError
from svcctl.spec.notation import parse_duration

if TYPE_CHECKING:
    from starlette.requests import Request

JSON = "application/json"
EVENTS = "text/event-stream"

_NOT_ACCEPTABLE, _UNSUPPORTED = 406, 415
_LONGEST_WAIT = 1e9  # seconds


def chosen(accept: str, offered: Iterable[str]) -> str:
    """Give which of *offered*, the usual one first, is wanted most; raises HttpError (406)."""
    if accept in ("", "*/*"):
        return next(iter(offered))
    wanted = list(_ranges(accept)) or [("*/*", 1.0)]
    rated = [(_quality(each, wanted), each) for each in offered]
    best = max(quality for quality, _ in rated)
    if best > 0:
        return next(each for quality, each in rated if quality == best)
    there_is = ", ".join(each for _, each in rated)
    error = UsageError(f"there is no answer in {accept!r:.200}", hint=f"there is {there_is}")
    raise HttpError(error, _NOT_ACCEPTABLE)


def insist_on_json(request: Request) -> None:
    """Raise HttpError (415) for a body that says it is something else, or is compressed."""
    coding = request.headers.get("content-encoding", "").strip().lower()
    if coding not in ("", "identity"):
        error = UsageError(f"a body in {coding!r:.100} is not understood", hint="send it as it is")
        raise HttpError(error, _UNSUPPORTED, {"accept-encoding": "identity"})
    said = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if said not in ("", JSON):
        hint = f"send JSON, and say so: Content-Type: {JSON}"
        error = UsageError(f"a body in {said!r:.100} is not understood", hint=hint)
        raise HttpError(error, _UNSUPPORTED, {"accept-post": JSON})


def wait_of(request: Request) -> float | None:
    """Give for how many seconds the outcome is waited for; None: as long as it takes.

    ``wait`` in the query comes before ``Prefer: wait=10`` and ``Prefer: respond-async``.  Raises
    UsageError for what is no length of time.
    """
    given = request.query_params.getlist("wait")
    if len(given) > 1:
        raise UsageError(f"'wait' is given {len(given)} times")
    if given:
        return _seconds(given[0])
    preferred = _preferences(request.headers.getlist("prefer"))
    if "wait" in preferred:
        return _seconds(preferred["wait"])
    return 0.0 if "respond-async" in preferred else None


def preference_applied(request: Request) -> Mapping[str, str]:
    """Give the header that says on what preference an answer came before the outcome."""
    found = _preferences(request.headers.getlist("prefer"))
    followed = "wait" if "wait" in found else "respond-async"
    if "wait" in request.query_params or followed not in found:
        return {}
    value = found[followed]
    return {"preference-applied": f"{followed}={value}" if value else followed}


def _seconds(text: str) -> float | None:
    if text == "true":
        return None
    if text == "false":
        return 0.0
    if text.isascii() and text.isdecimal():
        return min(float(text), _LONGEST_WAIT)
    try:
        return parse_duration(text)
    except SvcctlError as error:
        raise UsageError(f"'wait': {error.problem}", hint=error.hint) from error


def _preferences(headers: Iterable[str]) -> dict[str, str]:
    """Read ``Prefer``; of a preference that is there twice the first counts."""
    found: dict[str, str] = {}
    for header in headers:
        for each in header.split(","):
            name, _, value = each.partition(";")[0].partition("=")
            found.setdefault(name.strip().lower(), value.strip().strip('"'))
    return found


def _ranges(accept: str) -> Iterator[tuple[str, float]]:
    for each in accept.split(","):
        name, *parameters = (part.strip().lower() for part in each.split(";"))
        if not name:
            continue
        weights = [part[2:] for part in parameters if part.startswith("q=")]
        try:
            yield name, float(weights[0]) if weights else 1.0
        except ValueError:
            yield name, 0.0


def _quality(offered: str, wanted: list[tuple[str, float]]) -> float:
    """Give the weight of the range that fits *offered* most closely; 0: none does."""
    kind = offered.partition("/")[0]
    for name in (offered, f"{kind}/*", "*/*"):
        for each, quality in wanted:
            if each == name:
                return quality
    return 0.0
