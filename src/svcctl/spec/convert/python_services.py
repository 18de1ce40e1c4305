"""Services in Python: classes and Apps of modules, which are read and never imported."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator
from pathlib import Path

from svcctl.spec.draft import Draft, service_name
from svcctl.spec.names import dashed

_LARGEST = 1 << 20  # bytes of a module somebody has written
_MOST = 500  # modules that are read


def find(folder: Path) -> list[Draft]:
    """Give a draft for each service in the modules of *folder* and of the packages in it."""
    return [
        Draft(
            name=service_name(name),
            python=f"{module}:{variable}",
            note=f"from {path.relative_to(folder).as_posix()}",
        )
        for path, module in _modules(folder)
        for variable, name in _services(path)
    ]


def _modules(folder: Path) -> Iterator[tuple[Path, str]]:
    paths = sorted((*folder.glob("*.py"), *folder.glob("*/*.py")))
    for path in paths[:_MOST]:
        words = path.relative_to(folder).with_suffix("").parts
        if words[-1] == "__init__":
            words = words[:-1]
        if words and words[0] != "tests" and all(each.isidentifier() for each in words):
            yield path, ".".join(words)


def _services(path: Path) -> Iterator[tuple[str, str]]:
    """Give the services of a module: what they stand in, and what they are called."""
    try:
        if path.stat().st_size > _LARGEST:
            return
        with warnings.catch_warnings(action="ignore"):  # the author hears of them from Python
            body = ast.parse(path.read_bytes()).body
    except (OSError, ValueError, SyntaxError, RecursionError, MemoryError):
        return
    if not any(map(_imports_us, body)):
        return
    for each in body:
        match each:
            case ast.ClassDef(name=name, bases=bases) if any(map(_is_service, bases)):
                yield name, _own_name(each) or dashed(name)
            case ast.Assign(
                targets=[ast.Name(id=variable)],
                value=ast.Call(func=called, args=[ast.Constant(value=str(name)), *_]),
            ) if _last(called) == "App":
                yield variable, name


def _imports_us(statement: ast.stmt) -> bool:
    match statement:
        case ast.ImportFrom(module=str(module)):
            return module.partition(".")[0] == "svcctl"
        case ast.Import(names=names):
            return any(each.name.partition(".")[0] == "svcctl" for each in names)
        case _:
            return False


def _is_service(base: ast.expr) -> bool:
    return _last(base) == "Service"


def _last(named: ast.expr) -> str:
    match named:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""


def _own_name(service: ast.ClassDef) -> str:
    """Give the name that a class sets itself."""
    for each in service.body:
        match each:
            case (
                ast.Assign(targets=[ast.Name(id="name")], value=ast.Constant(value=str(name)))
                | ast.AnnAssign(target=ast.Name(id="name"), value=ast.Constant(value=str(name)))
            ):
                return name
    return ""
