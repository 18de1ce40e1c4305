"""Definitions as commands need them: found, loaded, and in the form an agent takes."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from svcctl.app.verbs import VERBS
from svcctl.bootstrap.local import native_manager
from svcctl.errors import UsageError, quoted
from svcctl.spec import canonical
from svcctl.spec.layers import Layer, Origin
from svcctl.spec.load import Loaded, load_files
from svcctl.spec.overrides import Override
from svcctl.spec.shape import members

FILE = "svcctl.toml"
FOLDER = "svcctl.d"


def default_files() -> list[str]:
    """Give the definitions of the folder we are in; raises UsageError where there are none."""
    found = [each for each in (FILE, FOLDER) if Path(each).exists()]
    if not found:
        raise UsageError(
            f"there is neither {FILE} nor {FOLDER} in {quoted(os.getcwd())}",  # noqa: PTH109
            hint="name a file, or write one: svcctl init",
        )
    return found


def load(
    files: Iterable[str], *, flags: Iterable[str] = (), overrides: Iterable[Override] = ()
) -> Loaded:
    """Load *files*, or those of this folder if there are none; raises SpecError."""
    return load_files(
        list(files) or default_files(),
        environ=os.environ,
        flags=flags,
        overrides=overrides,
        verbs={verb.name for verb in VERBS},
        windows=on_windows(),
    )


def on_windows() -> bool:
    """Say whether what is defined here would run on Windows."""
    return native_manager() == "scm"


def documents(loaded: Loaded, *, names: Sequence[str] = ()) -> list[dict[str, object]]:
    """Give the ``services`` argument of the verb ``apply``: all services, or *names* only."""
    return [
        _document(loaded, name) for name in sorted(loaded.services) if not names or name in names
    ]


def arguments(loaded: Loaded, *, names: Sequence[str] = ()) -> dict[str, object]:
    """Give what files define as arguments of the verb ``apply``: all services, or *names* only."""
    common = {name: _common_document(loaded, name) for name in sorted(loaded.said)}
    watches = [_watch_document(loaded, name) for name in sorted(loaded.watches)]
    more = {"watches": watches} if watches else {}
    return {"services": documents(loaded, names=names), **more, **common}


def _watch_document(loaded: Loaded, name: str) -> dict[str, object]:
    spec = canonical.dump(loaded.watches[name])
    return {
        "name": name,
        "spec": spec,
        "revision": canonical.revision(spec),
        "origins": _origins(loaded.watch_origins[name]),
        "sources": dict(loaded.sources),
    }


def _common_document(loaded: Loaded, name: str) -> dict[str, object]:
    """Give the table *name* of what is said once for all services."""
    of_it = {
        path: origin
        for path, origin in loaded.common_origins.items()
        if re.split(r"[.\[]", path)[0] == name
    }
    shape = members(type(loaded.common))[name].shape
    return {
        "spec": canonical.dump_value(getattr(loaded.common, name), shape),
        "origins": _origins(of_it),
        "sources": dict(loaded.sources),
    }


def _origins(origins: Mapping[str, Origin]) -> dict[str, object]:
    """Give what has one: a path without an origin is a built-in default."""
    return {
        path: each.document() for path, each in origins.items() if each.layer is not Layer.BUILT_IN
    }


def _document(loaded: Loaded, name: str) -> dict[str, object]:
    spec = canonical.dump(loaded.services[name])
    return {
        "name": name,
        "spec": spec,
        "revision": canonical.revision(spec),
        "origins": _origins(loaded.origins[name]),
        "sources": dict(loaded.sources),
    }
