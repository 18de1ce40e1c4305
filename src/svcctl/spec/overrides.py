"""Single values set from outside the files: ``SVCCTL_SERVICES__WEB__STOP__TIMEOUT=20s``, ``--set``.

For all services at once: ``SVCCTL_ALERTING__LANGUAGE=zh``, ``--set alerting.language=zh``; a
service that is called as such a table goes first.
A variable names the service and the option in parts joined by ``__``; letter case does not count,
and whatever is neither letter nor digit in the name of a service is ``_``.  A flag is
``web.stop.timeout=20s``.  Numbers from 0 tell items of ``health`` apart: ``HEALTH__0__INTERVAL``,
``web.health[0].interval=5s``.  Values are plain text, or TOML where the option is no text.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from itertools import pairwise
from typing import Any

from svcctl.errors import Mistake, SpecError
from svcctl.spec.cleaning import plain_text
from svcctl.spec.layers import Layer, Origin, Tree, forget
from svcctl.spec.locate import DEEPEST, KeyPath
from svcctl.spec.names import FOR_ALL, did_you_mean
from svcctl.spec.report import Report
from svcctl.spec.service import ServiceSpec
from svcctl.spec.shape import Kind, Shape, shape_at

PREFIX = "SVCCTL_SERVICES__"
_PART = re.compile(r'"([^"]+)"|([^.\[\]"=]+)|\[(\d{1,6})\]')
_PLAIN_KINDS = frozenset((Kind.TEXT, Kind.CHOICE))


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """One value set from outside: for which *service*, at which *path*, and *said* where.

    *service* is empty for what is said once for all; *path* begins with its table then.

    *line* and *column* (from 1; 0: none) are those in the file *said*, where it is one.
    """

    service: str
    path: KeyPath
    text: str
    layer: Layer
    said: str
    line: int = 0
    column: int = 0


def from_environment(
    environ: Mapping[str, str], names: Iterable[str], report: Report
) -> list[Override]:
    """Give the overrides in *environ*; a service that is not among *names* is reported."""
    by_variable = {re.sub(r"[^a-z0-9]", "_", name.lower()): name for name in names}
    found: list[Override] = []
    for variable in sorted(environ):
        if not variable.startswith(PREFIX):
            continue
        service, *parts = variable.removeprefix(PREFIX).split("__")
        name = by_variable.get(service.lower(), "")
        if not name or not all(parts) or not 0 < len(parts) < DEEPEST:
            hint = did_you_mean(service, by_variable) if not name else _VARIABLE_HINT
            problem = f"there is no service {service!r}" if not name else "names no option"
            report.add(Mistake(problem=problem, hint=hint, file=variable))
            continue
        found.append(
            Override(
                service=name,
                path=_known_path(parts),
                text=environ[variable],
                layer=Layer.ENVIRONMENT,
                said=variable,
            )
        )
    return found


def for_all_from_environment(
    environ: Mapping[str, str], table: type, report: Report
) -> list[Override]:
    """Give the overrides in *environ* of what is said once for all, in a *table* of such."""
    prefixes = {f"SVCCTL_{name.upper()}__": name for name in FOR_ALL}
    found: list[Override] = []
    for variable in sorted(environ):
        prefix = next((each for each in prefixes if variable.startswith(each)), "")
        if not prefix:
            continue
        parts = [prefixes[prefix], *variable.removeprefix(prefix).split("__")]
        if not all(parts) or len(parts) >= DEEPEST:
            report.add(Mistake(problem="names no option", hint=_FOR_ALL_HINT, file=variable))
            continue
        path = _known_path(parts, table)
        text, layer = environ[variable], Layer.ENVIRONMENT
        found.append(Override(service="", path=path, text=text, layer=layer, said=variable))
    return found


def from_flags(flags: Iterable[str], names: Iterable[str], report: Report) -> list[Override]:
    """Give the overrides in *flags*; a service that is not among *names* is reported."""
    known = sorted(names, key=len, reverse=True)
    found: list[Override] = []
    for flag in flags:
        said = f"--set {flag}"
        target, equals, text = flag.partition("=")
        name = next((each for each in known if target.startswith(f"{each}.")), "")
        path = option_path(target[len(name) + 1 :]) if name else ()
        if not name and target.partition(".")[0] in FOR_ALL and "." in target:
            name, path = target.partition(".")[0], option_path(target)
        if equals and path:
            service = name if name in known else ""
            found.append(
                Override(service=service, path=path, text=text, layer=Layer.FLAG, said=said)
            )
        elif equals and not name:
            service = target.partition(".")[0]
            hint = did_you_mean(service, known) or _FLAG_HINT
            report.add(Mistake(problem=f"there is no service {service!r}", hint=hint, file=said))
        else:
            report.add(Mistake(problem="names no option and value", hint=_FLAG_HINT, file=said))
    return found


_VARIABLE_HINT = f"write for example {PREFIX}WEB__STOP__TIMEOUT=20s"
_FOR_ALL_HINT = "write for example SVCCTL_ALERTING__LANGUAGE=zh"
_FLAG_HINT = "write for example --set web.stop.timeout=20s"


def override(tree: Tree, wanted: Override, report: Report) -> None:
    """Set one value in *tree*, or report why that is impossible."""
    header = tree.spot(())
    spot = replace(
        header,
        origin=Origin(layer=wanted.layer, file=wanted.said, line=wanted.line, column=wanted.column),
        shown=wanted.said,
        value=None,
    )
    try:
        value = _value(plain_text(wanted.text), shape_at(tree.table, wanted.path))
        table = _table(tree, wanted.path)
    except SpecError as error:
        report.add(spot.mistake(error.problem, error.hint))
        return
    forget(tree, wanted.path)
    table[wanted.path[-1]] = value
    tree.spots[wanted.path] = spot


def _table(tree: Tree, path: KeyPath) -> Any:  # noqa: ANN401 (a table, or a list long enough)
    """Give what the last step of *path* is to be set in, made where it is missing."""
    inner: Any = tree.value
    for before, step in pairwise(path):
        if isinstance(step, str):
            inner = inner.setdefault(before, {}) if isinstance(inner, dict) else inner[before]
            if not isinstance(inner, dict):
                raise SpecError(f"{before!r} is no table, so {step!r} cannot be set in it")
        else:
            inner = inner.get(before) if isinstance(inner, dict) else inner[before]
            if not isinstance(inner, list) or step >= len(inner):
                raise SpecError(f"{before!r} has no item {step}", hint="items count from 0")
    return inner


def _value(text: str, shape: Shape | None) -> object:
    if shape is None or shape.kind in _PLAIN_KINDS:
        return text
    if shape.unit is not None and not text.lstrip().startswith("["):
        return text
    try:
        document = tomllib.loads(f"value = {text}")
    except (ValueError, RecursionError):
        return text
    value = document.get("value", text)
    return value if len(document) == 1 and not _is_strange(value, depth=0) else text


def _is_strange(value: object, *, depth: int) -> bool:
    """Whether *value* is, or holds, what no option can be, such as a date."""
    if depth > DEEPEST:
        return True
    match value:
        case dict():
            return any(_is_strange(each, depth=depth + 1) for each in value.values())
        case list():
            return any(_is_strange(each, depth=depth + 1) for each in value)
        case str():
            return "\0" in value
        case bool():
            return False
        case int() | float():
            return not -(2**63) <= value < 2**63
        case _:
            return True


def _known_path(parts: list[str], table: type = ServiceSpec) -> KeyPath:
    """Give the path that *parts* of a variable's name mean; keys of maps keep their case."""
    path: list[str | int] = []
    for part in parts:
        inside = shape_at(table, path)
        if inside is not None and inside.kind is Kind.LIST and re.fullmatch(r"[0-9]{1,6}", part):
            path.append(int(part))
        elif inside is not None and inside.kind is Kind.MAP:
            path.append(part)
        else:
            known = inside.members if inside and inside.kind is Kind.TABLE else ()
            path.append({key.lower(): key for key in known}.get(part.lower(), part.lower()))
    return tuple(path)


def option_path(text: str) -> KeyPath:
    """Give the path that *text*, such as ``health[0].interval``, names; () if it names none."""
    path: list[str | int] = []
    at = 0
    while at < len(text):
        found = _PART.match(text, at)
        if found is None or len(path) >= DEEPEST:
            return ()
        quoted, bare, number = found.groups()
        path.append(int(number) if number else quoted or bare)
        at = found.end()
        if text.startswith(".", at) and at + 1 < len(text):
            at += 1
        elif at < len(text) and text[at] != "[":
            return ()
    return tuple(path)
