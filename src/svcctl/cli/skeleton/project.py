"""Says what a new project is made of: the texts stand as templates beside this file."""

from __future__ import annotations

import keyword
import re
import sys
from importlib import resources
from string import Template

from svcctl.errors import UsageError
from svcctl.spec.names import SERVICE_NAME

_TAKEN = frozenset(
    {"click", "conftest", "context", "cronsim", "pydantic", "pyproject", "pytest", "service"}
    | {"svcctl"}
)
"""Modules and files that the project itself needs under these names."""


def project(name: str, *, as_app: bool) -> dict[str, str]:
    """Give the texts of the files of a project for the service *name*, by their names.

    Raises UsageError where *name* is no name of a service, or its module would hide another.
    """
    module = _module(name)
    words = {
        "name": name,
        "module": module,
        "class_name": "".join(each.capitalize() for each in module.split("_")),
        "prefix": module.upper(),
    }
    words["target"] = "app" if as_app else words["class_name"]
    style = "app" if as_app else "class"
    templates = {
        ".gitignore": "gitignore",
        "Dockerfile": "Dockerfile",
        "README.md": "README.md",
        "pyproject.toml": "pyproject.toml",
        "svcctl.toml": "svcctl.toml",
        f"{name}.toml": "settings.toml",
        f"{module}.py": f"service_{style}.py",
        f"test_{module}.py": f"test_{style}.py",
    }
    return {file: _filled(template, words) for file, template in templates.items()}


def _module(name: str) -> str:
    if not SERVICE_NAME.fullmatch(name):
        raise UsageError(
            f"{name!r} is no name of a service",
            hint="small letters, digits, '.', '_' and '-', beginning with a letter",
        )
    module = re.sub(r"[._-]+", "_", name).strip("_")
    if not module.isidentifier() or keyword.iskeyword(module):
        raise UsageError(
            f"{name!r} makes no name of a Python module", hint="begin with a letter: mailer-2"
        )
    if module in sys.stdlib_module_names or module in _TAKEN:
        raise UsageError(
            f"the module {module!r} would hide another one", hint=f"for example: my-{name}"
        )
    return module


def _filled(template: str, words: dict[str, str]) -> str:
    folder = resources.files("svcctl.cli.skeleton") / "templates"
    text = (folder / f"{template}.template").read_text(encoding="utf-8")
    return Template(text).substitute(words)
