"""Describes the HTTP interface in OpenAPI 3.1, all of it from the verb table."""

from __future__ import annotations

from collections.abc import Mapping

from svcctl import __version__
from svcctl.app.verb import Arg, Effect, Kind, Selects
from svcctl.server.http.routes import Route, routes

_SCHEMAS: Mapping[Kind, Mapping[str, object]] = {
    Kind.TEXT: {"type": "string"},
    Kind.INTEGER: {"type": "integer", "minimum": 0, "maximum": 2**31 - 1},
    Kind.FLAG: {"type": "boolean"},
    Kind.DURATION: {"type": "string", "examples": ["10s", "5m"]},
    Kind.DOCUMENT: {"type": "object"},
}
_TEXTS: Mapping[str, object] = {"type": "array", "items": {"type": "string"}}
_PROBLEM = {"$ref": "#/components/schemas/Problem"}


def description() -> dict[str, object]:
    """Give the OpenAPI 3.1 document of everything that can be asked for."""
    paths: dict[str, dict[str, object]] = {}
    for route in routes():
        paths.setdefault(route.path, {})[route.method.lower()] = _operation(route)
    paths["/v1/operations/{id}"] = {"get": _OPERATION}
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "svcctl",
            "version": __version__,
            "description": "Everything svcctl can do with the services of one machine.",
        },
        "paths": paths,
        "components": {
            "securitySchemes": {"bearer": {"type": "http", "scheme": "bearer"}},
            "schemas": {"Problem": _PROBLEM_SCHEMA},
        },
        "security": [{"bearer": []}],
    }


def _operation(route: Route) -> dict[str, object]:
    verb = route.verb
    said: dict[str, object] = {
        "operationId": f"{route.operation}{_suffix(route)}",
        "summary": verb.summary,
        "description": f"Effect: {verb.effect}. Least role: {verb.role}.",
        "tags": [verb.effect.value],
        "parameters": _parameters(route),
        "responses": _responses(route),
    }
    if verb.effect is not Effect.READ:
        said["requestBody"] = {"content": {"application/json": {"schema": _body(route)}}}
    return said


def _suffix(route: Route) -> str:
    """Tell further paths to the same verb apart: each operation has one id."""
    parts = route.path.strip("/").split("/")
    usual = route.verb.name in parts and parts[0] == "v1"
    return "" if usual else "_at_" + "_".join(each.strip("{}") for each in parts)


def _parameters(route: Route) -> list[dict[str, object]]:
    found: list[dict[str, object]] = []
    if route.names_one:
        schema = {"type": "string"}
        found.append({"name": "name", "in": "path", "required": True, "schema": schema})
    if route.verb.waits:
        found.append(
            _in_query("wait", _SCHEMAS[Kind.TEXT], "true (default), false, or at most so long")
        )
    if route.verb.effect is not Effect.READ:
        return found
    if not route.names_one and route.verb.selects is not Selects.NONE:
        found.append(_in_query("service", _TEXTS, "names, globs, @groups"))
        found.append(_in_query("label", _TEXTS, "labels, all of which must fit"))
        found.append(_in_query("all", _SCHEMAS[Kind.FLAG], "every service"))
    return found + [
        _in_query(arg.name, _schema(arg), arg.help)
        for arg in route.verb.args
        if arg.kind is not Kind.DOCUMENT
    ]


def _in_query(name: str, schema: Mapping[str, object], text: str) -> dict[str, object]:
    return {"name": name, "in": "query", "schema": schema, "description": text}


def _body(route: Route) -> dict[str, object]:
    properties: dict[str, object] = {
        arg.name: {**_schema(arg), "description": arg.help} for arg in route.verb.args
    }
    if not route.names_one and route.verb.selects is not Selects.NONE:
        properties |= {"service": _TEXTS, "label": _TEXTS, "all": _SCHEMAS[Kind.FLAG]}
    return {"type": "object", "properties": properties, "additionalProperties": False}


def _schema(arg: Arg) -> dict[str, object]:
    schema = dict(_SCHEMAS[arg.kind])
    if arg.choices:
        schema["enum"] = list(arg.choices)
    if arg.default is not None:
        schema["default"] = arg.default
    return schema


def _responses(route: Route) -> dict[str, object]:
    result = {"type": "object", "properties": {"result": {}}, "required": ["result"]}
    content: dict[str, object] = {"application/json": {"schema": result}}
    if route.verb.streams:
        content["text/event-stream"] = {"schema": {"type": "string"}}
    found: dict[str, object] = {"200": {"description": "what came of it", "content": content}}
    if route.verb.waits:
        found["202"] = {"description": "it is under way: ask at Location"}
    problem = {"application/problem+json": {"schema": _PROBLEM}}
    return {**found, "default": {"description": "what is wrong", "content": problem}}


_OPERATION: dict[str, object] = {
    "operationId": "operation",
    "summary": "Show how something that was asked for stands.",
    "parameters": [
        {"name": "id", "in": "path", "required": True, "schema": {"type": "string"}},
    ],
    "responses": {
        "200": {"description": "running, done, failed or abandoned"},
        "default": {
            "description": "what is wrong",
            "content": {"application/problem+json": {"schema": _PROBLEM}},
        },
    },
}
_PROBLEM_SCHEMA: dict[str, object] = {
    "type": "object",
    "required": ["type", "title", "status", "detail", "code"],
    "properties": {
        "type": {"type": "string"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "detail": {"type": "string"},
        "code": {"type": "string", "pattern": "^SVC-[0-9]{4}$"},
        "hint": {"type": "string"},
        "request_id": {"type": "string"},
        "mistakes": {"type": "array", "items": {"type": "object"}},
    },
}
