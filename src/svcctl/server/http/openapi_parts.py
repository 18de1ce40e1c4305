"""The parts of the OpenAPI document that many operations share: schemas, headers, errors."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from types import NoneType
from typing import Any, get_args, get_origin, get_type_hints

from svcctl.app.goals import Outcome
from svcctl.errors import Mistake, tree
from svcctl.ports import InstanceStatus, Recorded

Schema = Mapping[str, Any]

TEXT: Schema = {"type": "string"}
WHOLE: Schema = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
FLAG: Schema = {"type": "boolean"}
MOMENT: Schema = {"type": "number", "description": "seconds since 1970, UTC"}
DURATION: Schema = {
    "type": "string",
    "pattern": "^[0-9]+(ms|s|m|h|d)$",
    "maxLength": 8,
    "examples": ["500ms", "10s", "5m"],
}
_NAME: Schema = {"type": "string", "pattern": "^[A-Za-z0-9][A-Za-z0-9._-]*$", "maxLength": 100}

_PLAIN: Mapping[object, Schema] = {
    str: TEXT,
    int: {"type": "integer"},
    float: {"type": "number"},
    bool: FLAG,
    NoneType: {"type": "null"},
}
_OF_OTHERS = {
    400: "the request makes no sense as it stands",
    401: "what shows who asks is missing, or does not hold",
    403: "who asks may not do that",
    404: "there is no such service, path, operation or report",
    406: "there is no answer of a type that is accepted",
    409: "it is not possible in this state, or the same request is under way",
    412: "the configuration is not any more what was seen",
    413: "the body is too long",
    415: "the body is of a type that is not understood, or compressed",
    422: "what is to be taken over is wrong, or the key was used for another request",
    428: "it was not said which configuration is replaced",
    429: "whoever asks has failed too often of late",
}


def ref(kind: str, name: str) -> dict[str, str]:
    """Give a reference to a component."""
    return {"$ref": f"#/components/{kind}/{name}"}


def schema_of(kind: type) -> Schema:
    """Give the schema of the documents that are made of the fields of a dataclass."""
    hints = get_type_hints(kind)
    properties = {each.name: _schema(hints[each.name]) for each in fields(kind)}
    return {
        "type": "object",
        "description": (kind.__doc__ or "").splitlines()[0],
        "properties": properties,
        "required": list(properties),
    }


def _schema(hint: object) -> Schema:
    """Give the schema of values of a type, as JSON has them."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    known = get_args(hint)
    if get_origin(hint) is tuple:
        return {"type": "array", "items": _schema(known[0])}
    if known and NoneType in known:
        kinds = [_schema(each)["type"] for each in known]
        return {"type": kinds}
    if known:
        return {"type": "object", "additionalProperties": _schema(known[1])}
    return {}


def listed(name: str) -> Schema:
    """Give the schema of a list of what is called so."""
    return {"type": "array", "items": ref("schemas", name)}


SCHEMAS: Mapping[str, Schema] = {
    "InstanceStatus": schema_of(InstanceStatus),
    "Outcome": schema_of(Outcome),
    "Event": schema_of(Recorded),
    "Mistake": schema_of(Mistake),
    "LogItem": {
        "type": "object",
        "description": "One line that was written (text), or what happened in between (event).",
        "properties": {
            "at": MOMENT,
            "service": TEXT,
            "instance": TEXT,
            "stream": {"type": "string", "enum": ["stdout", "stderr"]},
            "text": TEXT,
            "event": TEXT,
        },
        "required": ["at", "service", "instance"],
    },
    "CrashReport": {
        "type": "object",
        "description": "An error that a service did not handle; report: all that is known of it.",
        "properties": {
            "id": TEXT,
            "service": TEXT,
            "instance": TEXT,
            "problem": TEXT,
            "at": {"type": ["number", "null"], "description": "seconds since 1970, UTC"},
            "where": TEXT,
            "kind": TEXT,
            "message": TEXT,
            "fingerprint": TEXT,
            "repeats": {"type": "integer"},
            "version": TEXT,
            "report": {"type": "object"},
        },
        "required": ["id", "service", "instance", "problem"],
    },
    "Reply": {
        "type": "object",
        "description": "What the program of one instance answered; problem: why it did not.",
        "properties": {
            "service": TEXT,
            "instance": TEXT,
            "obliging": FLAG,
            "ok": FLAG,
            "answer": {},
            "problem": TEXT,
            "hint": TEXT,
            "code": TEXT,
        },
        "required": ["service", "instance", "ok", "problem", "hint"],
    },
    "Operation": {
        "type": "object",
        "description": "Something that was asked for, and how it stands.",
        "properties": {
            "id": TEXT,
            "verb": TEXT,
            "begun_at": MOMENT,
            "ended_at": MOMENT,
            "state": {"type": "string", "enum": ["running", "done", "failed", "abandoned"]},
            "result": {},
            "error": ref("schemas", "Problem"),
        },
        "required": ["id", "verb", "begun_at", "state"],
    },
    "Problem": {
        "type": "object",
        "description": "What is wrong (RFC 9457); its code is never changed nor translated.",
        "properties": {
            "type": {"type": "string", "examples": ["urn:svcctl:error:svc-1300"]},
            "title": TEXT,
            "status": {"type": "integer"},
            "detail": TEXT,
            "code": {"type": "string", "enum": sorted({each.code for each in tree()})},
            "hint": TEXT,
            "request_id": TEXT,
            "mistakes": listed("Mistake"),
        },
        "required": ["type", "title", "status", "detail", "code", "request_id"],
    },
}


def _header(text: str, schema: Schema = TEXT) -> dict[str, object]:
    return {"description": text, "schema": schema}


HEADERS: Mapping[str, Schema] = {
    "RequestId": _header("that of the request, or one that was made up for it"),
    "ETag": _header("what the configuration is now, strongly (RFC 9110)"),
    "Link": _header('where the next page is: <...>; rel="next" (RFC 8288)'),
    "Location": _header("where to ask how it stands"),
    "RetryAfter": _header("seconds after which to ask again", {"type": "integer"}),
    "Replayed": _header("true: this answer was given before, to the same request"),
}
_PROBLEM = {"application/problem+json": {"schema": ref("schemas", "Problem")}}
_REQUEST_ID = {"X-Request-Id": ref("headers", "RequestId")}


def _of_errors() -> dict[int, list[str]]:
    found: dict[int, list[str]] = {}
    for each in tree():
        found.setdefault(each.http_status, []).append(f"{each.code} {each.__name__}")
    return found


def _responses() -> dict[str, Schema]:
    codes = _of_errors()
    found: dict[str, Schema] = {}
    for status in sorted({*codes, *_OF_OTHERS}):
        listing = ", ".join(codes.get(status, ()))
        said = _OF_OTHERS.get(status, "it failed")
        headers = dict(_REQUEST_ID)
        if status in (409, 429, 503):
            headers["Retry-After"] = ref("headers", "RetryAfter")
        text = f"{said} ({listing})" if listing else said
        found[f"Error{status}"] = {"description": text, "headers": headers, "content": _PROBLEM}
    found["Error"] = {"description": "it failed", "headers": _REQUEST_ID, "content": _PROBLEM}
    return found


RESPONSES = _responses()
"""An answer for each status that an error may have, and one for all others."""


def _parameter(name: str, place: str, text: str, schema: Schema, **more: object) -> Schema:
    return {"name": name, "in": place, "description": text, "schema": schema, **more}


PARAMETERS: Mapping[str, Schema] = {
    "Name": _parameter(
        "name", "path", "a service, or one of its instances", _NAME, required=True, example="web"
    ),
    "Services": _parameter(
        "service",
        "query",
        "names, globs, @groups; any may fit",
        {"type": "array", "items": TEXT},
        example=["web", "@shop"],
    ),
    "Labels": _parameter(
        "label",
        "query",
        "NAME=VALUE; all must fit",
        {"type": "array", "items": TEXT},
        example=["tier=front"],
    ),
    "All": _parameter("all", "query", "every service", FLAG),
    "Limit": _parameter(
        "limit",
        "query",
        "rows of a page; the header Link says where the next one is",
        {"type": "integer", "minimum": 1, "maximum": 1000},
    ),
    "After": _parameter("after", "query", "where a page begins: from the header Link", TEXT),
    "Wait": _parameter(
        "wait",
        "query",
        "seconds, or a length of time such as 500ms; true (usual): for as long as it takes;"
        " false: not at all. Who waits no longer gets 202",
        TEXT,
        example="10",
    ),
    "RequestId": _parameter(
        "X-Request-Id", "header", "what the answer, and the front's log, call this request", TEXT
    ),
    "Prefer": _parameter(
        "Prefer", "header", "respond-async, wait=SECONDS (RFC 7240)", TEXT, example="wait=10"
    ),
    "IdempotencyKey": _parameter(
        "Idempotency-Key",
        "header",
        "of one request however often it is sent: it is done once, and answered alike for a day",
        {"type": "string", "pattern": "^[!#-+.-\\[\\]-~-]+$", "minLength": 1, "maxLength": 255},
        example="8e03978e-40d5-43dd-bc93-6894a57f9324",
    ),
    "LastEventId": _parameter(
        "Last-Event-ID", "header", "where a stream goes on: the id of its last event", TEXT
    ),
    "IfMatch": _parameter(
        "If-Match", "header", "the ETag of what is replaced, or *; else 428", TEXT, example="*"
    ),
    "IfNoneMatch": _parameter("If-None-Match", "header", "the ETag of what is known already", TEXT),
}

SECURITY: Mapping[str, Schema] = {
    "bearer": {
        "type": "http",
        "scheme": "bearer",
        "bearerFormat": "JWT",
        "description": "A token of this host (svcctl auth token issue), or of a trusted issuer.",
    },
    "certificate": {
        "type": "mutualTLS",
        "description": "A client certificate of the authority (svcctl cert issue).",
    },
}
