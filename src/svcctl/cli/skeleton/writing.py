"""Writes the files of a new project: all of them, or none."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import ExitStack, suppress
from pathlib import Path

from svcctl.errors import Conflict, SystemFault, quoted


def check_free(folder: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Raise Conflict where *folder* has one of *files* already, but for *force*."""
    there = sorted(name for name in files if (folder / name).exists())
    if there and not force:
        raise Conflict(
            f"there is already {', '.join(there)} in {quoted(folder)}",
            hint="another --dir, or --force to replace them",
        )


def write_all(folder: Path, files: Mapping[str, str], *, force: bool) -> None:
    """Write *files* into *folder*, which is made where it is not there.

    Raises as :func:`check_free`, and SystemFault where one cannot be written: then all is as it
    was.  With *force* those that exist are replaced, each in one step.
    """
    check_free(folder, files, force=force)
    try:
        with ExitStack() as undo:
            _make(folder, undo)
            trials = {folder / name: folder / f".{name}.new" for name in files}
            for path, trial in trials.items():
                with trial.open("w", encoding="utf-8", newline="\n") as stream:
                    undo.callback(trial.unlink, missing_ok=True)
                    stream.write(files[path.name])
            for path, trial in trials.items():
                _put(trial, path, undo)
            undo.pop_all()
    except OSError as error:
        raise SystemFault(
            f"the project cannot be written into {quoted(folder)}: {error.strerror}",
            hint="nothing was written",
        ) from error


def _make(folder: Path, undo: ExitStack) -> None:
    missing = [each for each in (folder, *folder.parents) if not each.exists()]
    for each in reversed(missing):
        each.mkdir()
        undo.callback(_remove_if_empty, each)


def _put(trial: Path, path: Path, undo: ExitStack) -> None:
    before = path.read_bytes() if path.is_file() else None
    trial.replace(path)
    if before is None:
        undo.callback(path.unlink, missing_ok=True)
    else:
        undo.callback(path.write_bytes, before)


def _remove_if_empty(folder: Path) -> None:
    with suppress(OSError):
        folder.rmdir()
