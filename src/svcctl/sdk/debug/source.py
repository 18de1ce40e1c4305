"""Which files a program is made of, and whether they can be run at all."""

from __future__ import annotations

import os
import sys
import sysconfig
import warnings
from collections.abc import Iterable, Mapping
from glob import escape
from types import ModuleType

_OTHERS = ("site-packages", "dist-packages")
_PURE = ("stdlib", "platstdlib", "purelib", "platlib")


def watched(modules: Mapping[str, ModuleType]) -> tuple[str, ...]:
    """Give globs for all that the loaded *modules* were written in, but for what was installed.

    Of a package they are all its files, of a module alone those beside it.
    """
    foreign = (
        *map(sysconfig.get_path, _PURE),
        os.path.dirname(sys.modules["svcctl"].__file__ or ""),
    )
    found = set[str]()
    for known_as, module in modules.items():
        file, spec = getattr(module, "__file__", None), getattr(module, "__spec__", None)
        name = spec.name if spec else known_as  # python -m package.module: it is called __main__
        if file and not _is_foreign(os.path.abspath(file), foreign):
            found.add(_glob(os.path.abspath(file), modules.get(name.partition(".")[0])))
    return tuple(sorted(found))


def _is_foreign(file: str, folders: Iterable[str]) -> bool:
    parts = file.split(os.sep)
    return any(each in parts for each in _OTHERS) or any(
        file.startswith(f"{each}{os.sep}") for each in folders
    )


def _glob(file: str, top: ModuleType | None) -> str:
    folder = os.path.dirname(file)
    home = getattr(top, "__file__", None) if hasattr(top, "__path__") else None
    if home is None:
        return os.path.join(escape(folder), "*.py")
    return os.path.join(escape(os.path.dirname(os.path.abspath(home))), "**", "*.py")


def mistakes(files: Iterable[str]) -> list[str]:
    """Give what is wrong with the syntax of *files*, each with its place; nothing is run."""
    return [problem for each in files if (problem := _mistake(each))]


def _mistake(file: str) -> str:
    try:
        with open(file, "rb") as opened, warnings.catch_warnings():
            warnings.simplefilter("ignore")
            compile(opened.read(), file, "exec", dont_inherit=True)
    except SyntaxError as error:
        return f"{file}:{error.lineno}:{error.offset}: {error.msg}"
    except ValueError as error:  # it holds a NUL
        return f"{file}: {error}"
    except OSError:  # it is gone: whoever imports it will say so
        return ""
    return ""
