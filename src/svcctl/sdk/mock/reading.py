"""Reads what ``svcctl mock`` is to answer from a TOML file, or gives every mistake in it."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime, time
from typing import TypeVar

from svcctl.errors import SpecError
from svcctl.sdk.mock.routes import ANY, Answer, Fault, Filling, Route, parameters
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.names import did_you_mean
from svcctl.spec.notation import parse_duration, show
from svcctl.spec.report import Report
from svcctl.spec.source import File, UnreadableError, open_file

METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", ANY)

_TOP = ("seed", "routes")
_ANSWER = ("status", "headers", "body", "body_base64", "json", "_delay", "_error", "_probability")
_ROUTE = ("method", "path", "query", "answers", "cycle", *_ANSWER)
_BODIES = ("body", "body_base64", "json")
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")
_OURS = frozenset(("content-length", "transfer-encoding", "connection"))

_EXPECTED: Mapping[type, str] = {
    int: "a whole number",
    str: "text",
    bool: "true or false",
    list: "a list",
    dict: "a table",
}

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What a file says: *routes* in their order, and the *seed* of what is left to chance."""

    routes: tuple[Route, ...] = ()
    seed: int = 0


def read_script(shown: str) -> Script:
    """Read the file named *shown*; raises SpecError with every mistake there is, by its place."""
    report = Report()
    try:
        file = open_file(shown)
    except UnreadableError as error:
        report.add(error.mistake)
        report.conclude()
        raise
    script = _Reader(file, report).script()
    report.conclude()
    return script


class _Reader:
    """Goes through one document; what is wrong is reported and left out."""

    def __init__(self, file: File, report: Report) -> None:
        self._file, self._report = file, report

    def script(self) -> Script:
        document = self._file.document
        self._known(document, (), _TOP)
        seed = self._typed(document, ("seed",), int, 0)
        routes: dict[tuple[object, ...], Route] = {}
        for number, table in enumerate(self._tables(document, (), "routes")):
            path: KeyPath = ("routes", number)
            route = self._route(table, path)
            key = (route.method, route.path, tuple(sorted(route.query.items())))
            if route.path and key in routes:
                hint = "give one route several answers: answers = [{ ... }, { ... }]"
                self._add(path, f"{route.shown} is answered already, above", hint)
            routes.setdefault(key, route)
        return Script(routes=tuple(routes.values()), seed=seed)

    def _route(self, table: dict[str, object], path: KeyPath) -> Route:
        self._known(table, path, _ROUTE)
        method = self._typed(table, (*path, "method"), str, "GET").upper()
        if method not in METHODS:
            hint = did_you_mean(method, METHODS) or f"one of {', '.join(METHODS)}"
            self._add((*path, "method"), f"method {method!r} is not known", hint)
        pattern = self._typed(table, (*path, "path"), str, "")
        if not pattern.startswith("/"):
            hint = 'such as path = "/users/{id}"'
            self._add((*path, "path"), f"the path {pattern!r} does not begin with /", hint)
        if len(set(parameters(pattern))) < len(parameters(pattern)):
            self._add((*path, "path"), f"a parameter stands twice in {pattern!r}")
        return Route(
            method=method,
            path=pattern,
            query=self._texts(table, path, "query"),
            answers=self._answers(table, path),
            cycle=self._typed(table, (*path, "cycle"), bool, False),
        )

    def _answers(self, table: dict[str, object], path: KeyPath) -> tuple[Answer, ...]:
        if "answers" not in table:
            return (self._answer(table, path),)
        for name in _ANSWER:
            if name in table:
                hint = "move it into the answers"
                self._add((*path, name), f"{name!r} stands beside 'answers'", hint, key=True)
        found = []
        for number, each in enumerate(self._tables(table, path, "answers")):
            inner = (*path, "answers", number)
            self._known(each, inner, _ANSWER)
            found.append(self._answer(each, inner))
        if not found:
            self._add((*path, "answers"), "there is no answer", "such as [{ status = 200 }]")
        return tuple(found)

    def _answer(self, table: dict[str, object], path: KeyPath) -> Answer:
        status = self._typed(table, (*path, "status"), int, 200)
        if not 200 <= status <= 599:
            self._add((*path, "status"), f"status {status} is not from 200 to 599")
        least, most = self._delay(table, path)
        body, kind = self._body(table, path)
        headers = self._headers(table, path)
        if kind and not any(name.lower() == "content-type" for name in headers):
            headers["Content-Type"] = kind
        return Answer(
            status=status,
            headers=headers,
            body=body,
            filling=_filling(table),
            delay_least=least,
            delay_most=most,
            fault=self._fault(table, path),
        )

    def _body(self, table: dict[str, object], path: KeyPath) -> tuple[bytes, str]:
        """Give the body and its media type."""
        given = [name for name in _BODIES if name in table]
        for name in given[1:]:
            hint = "leave one of them out"
            self._add((*path, name), f"{name!r} stands beside {given[0]!r}", hint, key=True)
        match given[:1]:
            case ["json"]:
                text = json.dumps(table["json"], ensure_ascii=False, default=_as_text)
                return text.encode(), "application/json"
            case ["body"]:
                text = self._typed(table, (*path, "body"), str, "")
                return text.encode(), "text/plain; charset=utf-8"
            case ["body_base64"]:
                return self._base64(table, path), "application/octet-stream"
            case _:
                return b"", ""

    def _base64(self, table: dict[str, object], path: KeyPath) -> bytes:
        text = self._typed(table, (*path, "body_base64"), str, "")
        try:
            return base64.b64decode(text, validate=True)
        except ValueError:
            self._add((*path, "body_base64"), "that is not base64")
            return b""

    def _headers(self, table: dict[str, object], path: KeyPath) -> dict[str, str]:
        headers = self._texts(table, path, "headers")
        for name, value in headers.items():
            at = (*path, "headers", name)
            if name.lower() in _OURS:
                self._add(at, f"header {name!r} is set by the server itself", key=True)
            elif not _HEADER_NAME.fullmatch(name) or not value.isprintable():
                self._add(at, f"{name!r} is no header", "one line, without control characters")
        return headers

    def _delay(self, table: dict[str, object], path: KeyPath) -> tuple[float, float]:
        value = table.get("_delay", 0)
        given = value if isinstance(value, list) else [value]
        if len(given) not in {1, 2}:
            self._add((*path, "_delay"), f"{show(value)} is not a delay", _DELAY_HINT)
            return 0.0, 0.0
        seconds = [self._parsed((*path, "_delay"), each, parse_duration, 0.0) for each in given]
        if seconds != sorted(seconds):
            self._add((*path, "_delay"), "the shorter delay comes first", _DELAY_HINT)
        return seconds[0], seconds[-1]

    def _fault(self, table: dict[str, object], path: KeyPath) -> Fault | None:
        probability = table.get("_probability", 1)
        at = (*path, "_probability")
        if isinstance(probability, bool) or not isinstance(probability, int | float):
            self._add(at, f"{show(probability)} is not a number")
            probability = 1
        if not 0 <= probability <= 1:
            self._add(at, f"{probability:g} is not from 0 (never) to 1 (always)")
        if "_error" not in table:
            if "_probability" in table:
                self._add(at, "'_probability' without '_error'", 'such as _error = "reset"')
            return None
        match table["_error"]:
            case "reset" | "timeout" as kind:
                return Fault(kind=str(kind), probability=float(probability))
            case bool():
                pass
            case int(status) if 500 <= status <= 599:
                return Fault(kind="status", status=status, probability=float(probability))
        hint = 'write "reset", "timeout" or a status from 500 to 599'
        self._add((*path, "_error"), f"{show(table['_error'])} is no error", hint)
        return None

    def _tables(
        self, table: dict[str, object], path: KeyPath, name: str
    ) -> list[dict[str, object]]:
        found = self._typed(table, (*path, name), list, [])
        for number, each in enumerate(found):
            if not isinstance(each, dict):
                self._add((*path, name, number), f"{show(each)} is not a table")
        return [each if isinstance(each, dict) else {} for each in found]

    def _texts(self, table: dict[str, object], path: KeyPath, name: str) -> dict[str, str]:
        given = self._typed(table, (*path, name), dict, {})
        for key, value in given.items():
            if not isinstance(value, str):
                self._add((*path, name, key), f"{show(value)} is not text", "write it in quotes")
        return {key: value for key, value in given.items() if isinstance(value, str)}

    def _typed(self, table: Mapping[str, object], at: KeyPath, kind: type[_T], default: _T) -> _T:
        """Give what stands at *at*, of that *kind*; what is of another is reported."""
        value = table.get(str(at[-1]), default)
        if isinstance(value, kind) and (kind is bool or not isinstance(value, bool)):
            return value
        self._add(at, f"{at[-1]}: {show(value)} is not {_EXPECTED[kind]}")
        return default

    def _parsed(self, at: KeyPath, value: object, parse: Callable[[object], _T], default: _T) -> _T:
        try:
            return parse(value)
        except SpecError as error:
            self._add(at, f"{path_text(at[-1:])}: {error.problem}", error.hint)
            return default

    def _known(self, table: dict[str, object], path: KeyPath, names: tuple[str, ...]) -> None:
        for name in table:
            if name not in names:
                hint = did_you_mean(name, names) or f"one of {', '.join(names)}"
                self._add((*path, name), f"unknown option {name!r}", hint, key=True)

    def _add(self, at: KeyPath, problem: str, hint: str = "", *, key: bool = False) -> None:
        self._report.add(self._file.mistake(at, problem, hint, key=key))


_DELAY_HINT = 'such as _delay = "200ms", or between two: ["100ms", "2s"]'


def _filling(table: Mapping[str, object]) -> Filling:
    if "json" in table:
        return Filling.JSON
    return Filling.TEXT if "body" in table else Filling.NONE


def _as_text(value: object) -> str:
    """Give a time of TOML as JSON has it: as text."""
    assert isinstance(value, date | datetime | time)
    return value.isoformat()
