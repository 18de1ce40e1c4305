"""The files of the program are watched, and nobody else's."""

from __future__ import annotations

import os
import sys
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import ModuleType

from svcctl.sdk.debug.source import mistakes, watched


def module(name: str, file: Path, *, package: bool = False) -> ModuleType:
    made = ModuleType(name)
    made.__file__ = str(file)
    if package:
        made.__path__ = [str(file.parent)]
    return made


def test_beside_a_script_all_modules_and_of_a_package_all_files(tmp_path: Path) -> None:
    modules = {
        "__main__": module("__main__", tmp_path / "mailer.py"),
        "letters": module("letters", tmp_path / "letters.py"),
        "post": module("post", tmp_path / "post" / "__init__.py", package=True),
        "post.box": module("post.box", tmp_path / "post" / "deep" / "box.py"),
    }

    found = watched(modules)

    assert found == (
        os.path.join(str(tmp_path), "*.py"),
        os.path.join(str(tmp_path / "post"), "**", "*.py"),
    )


def test_a_module_that_was_run_belongs_to_its_package(tmp_path: Path) -> None:
    main = module("__main__", tmp_path / "post" / "mail.py")
    main.__spec__ = ModuleSpec("post.mail", None)
    package = module("post", tmp_path / "post" / "__init__.py", package=True)

    found = watched({"__main__": main, "post": package})

    assert found == (os.path.join(str(tmp_path / "post"), "**", "*.py"),)


def test_neither_python_nor_svcctl_nor_what_was_installed_is_watched(tmp_path: Path) -> None:
    installed = tmp_path / "venv" / "site-packages" / "lib" / "__init__.py"
    modules = {
        "os": os,
        "sys": sys,
        "svcctl": sys.modules["svcctl"],
        "svcctl.sdk.debug.source": sys.modules["svcctl.sdk.debug.source"],
        "lib": module("lib", installed, package=True),
    }

    assert watched(modules) == ()


def test_a_syntax_error_is_told_with_its_place(tmp_path: Path) -> None:
    good, bad = tmp_path / "good.py", tmp_path / "bad.py"
    good.write_text("raise ValueError('not run')\n")
    bad.write_text("def run(:\n    pass\n")

    (problem,) = mistakes([str(good), str(bad), str(tmp_path / "gone.py")])

    assert problem.startswith(f"{bad}:1:9: ")


def test_bytes_that_are_no_program_are_a_mistake_too(tmp_path: Path) -> None:
    odd = tmp_path / "odd.py"
    odd.write_bytes(b"x = '\0'\n")

    assert len(mistakes([str(odd)])) == 1
