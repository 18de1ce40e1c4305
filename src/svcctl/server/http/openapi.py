"""Describes the HTTP interface in OpenAPI 3.1, all of it from the verb table."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from svcctl import __version__
from svcctl.app.conversing import VERBS as ASKED_PROGRAMS
from svcctl.app.verb import Arg, Effect, Kind, Selects, Verb
from svcctl.server.http.openapi_parts import (
    DURATION,
    FLAG,
    HEADERS,
    PARAMETERS,
    RESPONSES,
    SCHEMAS,
    SECURITY,
    TEXT,
    WHOLE,
    Schema,
    listed,
    ref,
)
from svcctl.server.http.paging import LISTINGS
from svcctl.server.http.routes import Route, routes

_KINDS: Mapping[Kind, Schema] = {
    Kind.TEXT: TEXT,
    Kind.INTEGER: WHOLE,
    Kind.FLAG: FLAG,
    Kind.DURATION: DURATION,
    Kind.DOCUMENT: {},
}
_ITEMS: Mapping[str, str] = {"logs": "LogItem", "events": "Event"}
_RESULTS: Mapping[str, str] = {
    "status": "InstanceStatus",
    "crashes": "CrashReport",
    **dict.fromkeys(ASKED_PROGRAMS, "Reply"),
    **dict.fromkeys(
        ("start", "stop", "restart", "reload", "pause", "resume", "reset", "wait"), "Outcome"
    ),
}
"""What the lists are of that verbs give as their results; of others nothing is promised."""

_TAGS = (
    ("read", "what only looks"),
    ("write", "what changes something"),
    ("destroy", "what takes something away"),
)
_ALWAYS = (400, 401, 403, 406, 429, 500, 503)
_OF_SERVICES = (404,)
_OF_CHANGES = (409, 413, 415, 422, 502, 504)
_OF_PUTS = (412, 428)
_STREAM = """: svcctl

retry: 2000

id: 7
event: item
data: {"number":7,"at":1790000000.0,"kind":"PhaseChanged","service":"web"}

event: end
data: {"events":1}
"""


def description() -> dict[str, object]:
    """Give the OpenAPI 3.1 document of everything that can be asked for."""
    paths: dict[str, dict[str, object]] = {}
    for route in routes():
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    for path, operation in _OTHERS.items():
        paths[path] = {"get": operation}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "svcctl",
            "version": __version__,
            "summary": "Everything svcctl can do with the services of one machine.",
            "description": "Made from the table of verbs that the command line is made of too."
            " Every answer has the header X-Request-Id; every error is a problem document."
            " Instead of a token or a certificate a request may be signed (RFC 9421), its body by"
            " Content-Digest (RFC 9530).",
            "license": {"name": "Apache-2.0", "identifier": "Apache-2.0"},
        },
        "servers": [{"url": "/"}],
        "tags": [{"name": name, "description": text} for name, text in _TAGS],
        "paths": paths,
        "components": {
            "securitySchemes": SECURITY,
            "schemas": SCHEMAS,
            "headers": HEADERS,
            "parameters": PARAMETERS,
            "responses": RESPONSES,
        },
        "security": [{name: []} for name in SECURITY],
    }


def _operation(route: Route) -> dict[str, object]:
    verb = route.verb
    said: dict[str, object] = {
        "operationId": f"{route.operation}{_suffix(route)}",
        "summary": verb.summary,
        "description": f"Effect: {verb.effect}. Least role: {verb.role}. In a terminal: "
        + "; ".join(f"`{each}`" for each in verb.examples),
        "tags": [verb.effect.value],
        "parameters": list(_parameters(route)),
        "responses": _responses(route),
    }
    if verb.effect is not Effect.READ:
        said["requestBody"] = _body(route)
    return said


def _suffix(route: Route) -> str:
    """Tell further paths to the same verb apart: each operation has one id."""
    parts = route.path.strip("/").split("/")
    usual = route.verb.name in parts and parts[0] == "v1"
    return "" if usual else "_at_" + "_".join(each.strip("{}") for each in parts)


def _parameters(route: Route) -> Iterator[Schema]:
    verb = route.verb
    if route.names_one:
        yield ref("parameters", "Name")
    yield ref("parameters", "RequestId")
    if verb.effect is not Effect.READ:
        yield ref("parameters", "IdempotencyKey")
        yield ref("parameters", "Wait")
        yield ref("parameters", "Prefer")
    if route.method == "POST":
        return
    if not route.names_one and verb.selects is not Selects.NONE:
        yield from (ref("parameters", name) for name in ("Services", "Labels", "All"))
    if route.method == "PUT":
        yield ref("parameters", "IfMatch")
    if verb.name == "config":
        yield ref("parameters", "IfNoneMatch")
    if verb.streams:
        yield ref("parameters", "LastEventId")
    yield from _pages(verb)
    for arg in verb.args:
        if arg.kind is not Kind.DOCUMENT and not _is_replaced(route, arg):
            yield {
                "name": arg.name,
                "in": "query",
                "schema": _schema(arg),
                "description": arg.help,
            }


def _is_replaced(route: Route, arg: Arg) -> bool:
    """Say whether HTTP has words of its own for *arg*: its method, If-Match."""
    return route.method == "PUT" and arg.name in ("replace", "if_version")


def _pages(verb: Verb) -> Iterator[Schema]:
    if verb.name not in LISTINGS:
        return
    yield ref("parameters", "Limit")
    if not any(arg.name == "after" for arg in verb.args):
        yield ref("parameters", "After")


def _body(route: Route) -> dict[str, object]:
    if route.method == "PUT":
        schema: dict[str, object] = {"type": "object", "description": "values by their keys"}
        content: dict[str, object] = {
            "application/json": {"schema": schema, "example": {"smtp": {"port": 26}}}
        }
        return {"content": content, "required": True}
    properties: dict[str, object] = {
        arg.name: {**_schema(arg), "description": arg.help} for arg in route.verb.args
    }
    if not route.names_one and route.verb.selects is not Selects.NONE:
        texts = {"type": "array", "items": TEXT}
        properties |= {"service": texts, "label": texts, "all": FLAG}
    schema = {"type": "object", "properties": properties, "additionalProperties": False}
    return {"content": {"application/json": {"schema": schema}}}


def _schema(arg: Arg) -> dict[str, object]:
    schema = dict(_KINDS[arg.kind])
    if arg.choices:
        schema["enum"] = list(arg.choices)
    if arg.default is not None:
        schema["default"] = arg.default
    return schema


def _responses(route: Route) -> dict[str, object]:
    verb = route.verb
    headers: dict[str, object] = {"X-Request-Id": ref("headers", "RequestId")}
    if verb.name in LISTINGS:
        headers["Link"] = ref("headers", "Link")
    if verb.name == "config":
        headers["ETag"] = ref("headers", "ETag")
    if verb.effect is not Effect.READ:
        headers["Idempotency-Replayed"] = ref("headers", "Replayed")
    content: dict[str, object] = {"application/json": {"schema": _result(verb)}}
    if verb.streams:
        content["text/event-stream"] = {"schema": TEXT, "example": _STREAM}
    found: dict[str, Any] = {
        "200": {"description": "what came of it", "headers": headers, "content": content}
    }
    if verb.name == "config":
        found["304"] = {"description": "it is what is known already"}
    if verb.waits:
        found["202"] = _BEGUN
    statuses = {*_ALWAYS}
    statuses.update(_OF_SERVICES if verb.selects is not Selects.NONE else ())
    statuses.update(_OF_CHANGES if verb.effect is not Effect.READ else (409,))
    statuses.update(_OF_PUTS if route.method == "PUT" else ())
    found |= {str(each): ref("responses", f"Error{each}") for each in sorted(statuses)}
    return {**found, "default": ref("responses", "Error")}


def _result(verb: Verb) -> dict[str, object]:
    named = {"result": listed(_RESULTS[verb.name]) if verb.name in _RESULTS else {}}
    if verb.streams:
        items = listed(_ITEMS[verb.name]) if verb.name in _ITEMS else {"type": "array"}
        named = {"items": items, **named}
    return {"type": "object", "properties": named, "required": list(named)}


_BEGUN: Schema = {
    "description": "it is under way: ask at Location",
    "headers": {
        "Location": ref("headers", "Location"),
        "Retry-After": ref("headers", "RetryAfter"),
    },
    "content": {"application/json": {"schema": ref("schemas", "Operation")}},
}


def _look(name: str, summary: str, kind: str, schema: Schema, **more: object) -> dict[str, object]:
    """Describe what is looked at, and is no verb."""
    answer = {"description": "how it stands", "content": {kind: {"schema": schema}}}
    errors = {str(each): ref("responses", f"Error{each}") for each in _ALWAYS}
    return {
        "operationId": name,
        "summary": summary,
        "tags": ["read"],
        "responses": {"200": answer, **errors, "default": ref("responses", "Error")},
        **more,
    }


_ID = {"name": "id", "in": "path", "required": True, "schema": TEXT, "description": "its id"}
_OTHERS: Mapping[str, dict[str, object]] = {
    "/v1/operations/{id}": _look(
        "operation",
        "Show how something that was asked for stands.",
        "application/json",
        ref("schemas", "Operation"),
        parameters=[_ID],
    ),
    "/v1/openapi.json": _look(
        "openapi", "Give this document.", "application/json", {"type": "object"}
    ),
    "/metrics": _look(
        "scrape",
        "Give what the agent counts and measures, as Prometheus reads it.",
        "text/plain",
        TEXT,
    ),
    "/health": _look(
        "alive",
        "Say that this server answers; of services it says nothing.",
        "application/json",
        {"type": "object", "properties": {"status": TEXT}, "required": ["status"]},
        security=[{}],
    ),
}
