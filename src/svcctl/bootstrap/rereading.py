"""Reads definitions anew in a process of its own, run as ``python -P -m`` this module.

So an agent never has in memory what checks definitions (14 MB), and no file can hold it up.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, cast

from svcctl.errors import SvcctlError, SystemFault
from svcctl.ports import Document
from svcctl.wire import encode, error_document, to_error

_PATIENCE = 20.0  # seconds; ten thousand services take a fifth of that


def reread(paths: Iterable[str]) -> Mapping[str, tuple[Document, Mapping[str, Document]]]:
    """Give what *paths* define; see :class:`svcctl.app.drifting.Reread`."""
    argv = [sys.executable, "-P", "-m", "svcctl.bootstrap.rereading", *paths]
    try:
        ran = subprocess.run(  # noqa: S603 - our own program
            argv,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_PATIENCE,
            check=True,
            creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0),
        )
        answer = cast("dict[str, Any]", json.loads(ran.stdout))
    except subprocess.TimeoutExpired as error:
        raise SystemFault(f"its files could not be read within {_PATIENCE:g}s") from error
    except (OSError, ValueError, subprocess.CalledProcessError) as error:
        raise SystemFault(f"its files cannot be read: {error}") from error
    if "error" in answer:
        raise to_error(answer["error"])
    return {name: (each["spec"], each["origins"]) for name, each in answer["services"].items()}


def main(paths: Sequence[str]) -> None:
    """Write what *paths* define as one line of JSON, or why that cannot be said."""
    try:
        answer: dict[str, object] = {"services": _read(paths)}
    except SvcctlError as error:
        answer = {"error": error_document(error)}
    sys.stdout.buffer.write(encode(answer))


def _read(paths: Sequence[str]) -> dict[str, object]:
    """Give what files say by themselves: whoever overrides them does so when they apply them."""
    from svcctl.spec import canonical  # noqa: PLC0415 - for the new process alone
    from svcctl.spec.layers import Layer  # noqa: PLC0415
    from svcctl.spec.load import load_files  # noqa: PLC0415
    from svcctl.system.detect import native_manager  # noqa: PLC0415

    environ = {name: text for name, text in os.environ.items() if not name.startswith("SVCCTL_")}
    windows = native_manager() == "scm"
    loaded = load_files(_named(paths, environ), environ=environ, windows=windows)
    return {
        name: {
            "spec": canonical.dump(spec),
            "origins": {
                path: each.document()
                for path, each in loaded.origins[name].items()
                if each.layer is not Layer.BUILT_IN
            },
        }
        for name, spec in loaded.services.items()
    }


def _named(paths: Sequence[str], environ: Mapping[str, str]) -> Sequence[str]:
    """Give those of *paths* that no other one includes: what it includes has its defaults."""
    from svcctl.spec.files import read_files  # noqa: PLC0415 - as above
    from svcctl.spec.report import Report  # noqa: PLC0415

    read = [each for path in paths for each in read_files([path], environ, Report())]
    included = {str(each.path) for each in read if each.parent}
    return [path for path in paths if path not in included] or paths


if __name__ == "__main__":
    main(sys.argv[1:])
