"""Knows which tests compute the same on every system: one system's run proves them."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]

OF_THE_SYSTEM = frozenset(
    [
        "asyncio",
        "codecs",
        "ctypes",
        "datetime",
        "fcntl",
        "getpass",
        "glob",
        "http",
        "io",
        "linecache",
        "locale",
        "mmap",
        "msvcrt",
        "multiprocessing",
        "os",
        "pathlib",
        "platform",
        "runpy",
        "select",
        "selectors",
        "shutil",
        "signal",
        "socket",
        "sqlite3",
        "ssl",
        "stat",
        "subprocess",
        "sys",
        "tempfile",
        "threading",
        "time",
        "winreg",
        "zoneinfo",
        "svcctl.system",
    ]
)
"""What has files, processes, clocks, sockets or encodings in it, and all of ours that has."""

OF_OTHERS = frozenset(
    [
        "click",
        "cronsim",
        "cryptography",
        "grpc",
        "joserfc",
        "keyring",
        "opentelemetry",
        "structlog",
        "stamina",
        "tzdata",
    ]
)
"""What is another build for another system, or does such things itself."""

_FIXTURES = ("tmp_path", "open(", "monkeypatch", "capsys", "caplog")
_IMPORT = re.compile(
    r"^ *(?:from|import) +([\w.]+)(?: +import +(?:\(([^)]*)\)|(.*)))?", re.MULTILINE
)


def same_everywhere(tests: Path) -> bool:
    """Say whether neither that file of tests nor anything it imports knows of a system.

    A module is known by its import statements, those within functions and for types too: what is
    doubtful runs.
    """
    text = tests.read_text(encoding="utf-8")
    if any(each in text for each in _FIXTURES):
        return False
    seen: set[Path] = set()
    left = [tests]
    while left:
        file = left.pop()
        if file in seen:
            continue
        seen.add(file)
        found = _imports(file)
        if any(_faces_the_system(each) for each in found):
            return False
        left += [path for each in found if (path := _file_of(each))]
    return True


def _faces_the_system(module: str) -> bool:
    top = module.partition(".")[0]
    ours = ".".join(module.split(".")[:2])
    return top in OF_THE_SYSTEM or top in OF_OTHERS or ours in OF_THE_SYSTEM


@functools.cache
def _imports(file: Path) -> frozenset[str]:
    return frozenset(_modules(file.read_text(encoding="utf-8")))


def _modules(text: str) -> Iterator[str]:
    """Give what is imported, names that may be modules themselves among it."""
    for module, several, names in _IMPORT.findall(text):
        yield module
        for name in re.findall(r"\w+", several or names):
            yield f"{module}.{name}"


@functools.cache
def _file_of(module: str) -> Path | None:
    """Give where a module of ours stands."""
    top = module.partition(".")[0]
    if top not in {"svcctl", "tests"}:
        return None
    place = (ROOT / "src" if top == "svcctl" else ROOT).joinpath(*module.split("."))
    return next(
        (each for each in (place.with_suffix(".py"), place / "__init__.py") if each.is_file()), None
    )
