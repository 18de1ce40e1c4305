"""The files a browser gets: a closed table, read once, so that no path leads anywhere else.

The texts of other languages are those that the command line has, see svcctl.words.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from importlib.resources.abc import Traversable
from pathlib import Path

from svcctl.words.catalogue import ENGLISH, LANGUAGES, catalogue_of

INDEX = "index.html"
"""The one page; all others are made in the browser."""

_TYPES = {
    "html": "text/html; charset=utf-8",
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "json": "application/json",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class File:
    """One file: what it holds, of which type, and the tag that says when it is another."""

    content: bytes = field(repr=False)
    media_type: str
    tag: str


@cache
def table() -> Mapping[str, File]:
    """Give every file by its path below ``assets``, such as ``lib/dom.js``."""
    found = {}
    for path, content in (*_below(files(__package__ or "") / "assets", ""), *_words()):
        digest = hashlib.sha256(content).hexdigest()[:32]
        media_type = _TYPES[path.rpartition(".")[2]]
        found[path] = File(content=content, media_type=media_type, tag=f'"{digest}"')
    return found


def _words() -> Iterator[tuple[str, bytes]]:
    for language in LANGUAGES:
        if language != ENGLISH:
            yield f"words.{language}.json", Path(catalogue_of(language)).read_bytes()


def _below(folder: Traversable, prefix: str) -> Iterator[tuple[str, bytes]]:
    for each in folder.iterdir():
        if each.is_dir():
            yield from _below(each, f"{prefix}{each.name}/")
        elif each.name.rpartition(".")[2] in _TYPES:
            yield f"{prefix}{each.name}", each.read_bytes()
