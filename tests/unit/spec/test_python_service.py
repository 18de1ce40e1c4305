"""A service written in Python is named, and svcctl knows how such a thing is run."""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.errors import SpecError
from svcctl.spec import canonical
from svcctl.spec.draft import Draft, render
from svcctl.spec.load import Loaded, Unwritten, load_files, load_unwritten
from svcctl.spec.python_service import ENTRY, check_target
from svcctl.spec.toml import service_toml

Load = Callable[..., Loaded]


def test_it_is_run_by_svcctls_own_python_tells_when_it_is_ready_and_reloads(load: Load) -> None:
    web = load('[services.web]\npython = "shop.web:Web"\n').services["web"]

    assert web.exec == (sys.executable, "-m", ENTRY, "shop.web:Web")
    assert (web.ready, web.reload.signal) == ("notify", "HUP")


def test_what_the_file_says_counts_more_than_these_defaults(load: Load) -> None:
    text = '[services.web]\npython = "a:B"\nready = "port:80"\nreload.exec = "tell"\n'

    web = load(text).services["web"]

    assert (web.ready, web.reload.exec, web.reload.signal) == ("port:80", ("tell",), None)


def test_on_windows_it_is_asked_to_reload_and_not_signalled(tmp_path: Path) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text('[services.web]\npython = "a:B"\n')

    web = load_files([file], environ={}, windows=True).services["web"]

    assert (web.ready, web.reload.signal) == ("notify", None)


def test_an_interpreter_with_a_folder_is_relative_to_the_file(load: Load, tmp_path: Path) -> None:
    text = '[defaults]\ninterpreter = ".venv/bin/python"\n[services.web]\npython = "a:B"\n'

    web = load(text).services["web"]

    assert web.exec[0] == web.interpreter == str(tmp_path / ".venv" / "bin" / "python")


def test_an_interpreter_without_a_folder_is_looked_for(load: Load) -> None:
    text = '[services.web]\npython = "a:B"\ninterpreter = "python3.13"\n'

    assert load(text).services["web"].exec[0] == "python3.13"


def test_defaults_may_name_an_interpreter_for_those_that_want_one(load: Load) -> None:
    text = '[defaults]\ninterpreter = "python3.13"\n[services.web]\nexec = "web"\n'

    assert load(text).services["web"].exec == ("web",)


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ('python = "a.b"', "2:10 python: 'a.b' is not module:Name"),
        ('python = "a b:C"', "2:10 python: 'a b:C' is not module:Name"),
        ('python = "a:B"\nexec = "c"', "2:1 a service takes one of exec and python"),
        ('exec = "c"\ninterpreter = "python3"', "3:1 interpreter is only for python"),
        ("python = 3", "2:10 python: 3 is not text"),
    ],
)
def test_what_cannot_be_is_told_in_its_place(load: Load, options: str, expected: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(f"[services.web]\n{options}\n")

    (mistake,) = (each for each in caught.value.mistakes if "no command" not in each.problem)
    assert f"{mistake.line}:{mistake.column} {mistake.problem}" == expected


@pytest.mark.parametrize("target", ["a:B", "a.b.c:D", "a:B.c", "grüße:Café"])
def test_whatever_can_be_imported_can_be_named(target: str) -> None:
    check_target(target)


def test_its_command_came_from_where_it_is_named(load: Load) -> None:
    origins = load('[services.web]\npython = "a:B"\n').origins["web"]

    assert origins["exec"] == origins["python"] == origins["reload.signal"]


def test_printed_and_loaded_again_it_is_the_same(load: Load) -> None:
    web = load('[services.web]\npython = "a:B"\ninterpreter = "python3"\n').services["web"]

    assert load(service_toml(web)).services["web"] == web
    assert canonical.parse(canonical.dump(web)) == web


def test_it_needs_no_file() -> None:
    loaded = load_unwritten(
        {"web": Unwritten(values={"python": "a:B"})}, folder=Path(os.path.abspath("x"))
    )

    assert loaded.services["web"].exec[-1] == "a:B"


def test_a_first_version_of_one_is_written_as_such() -> None:
    text = render([Draft(name="web", python="a:B")])

    assert tomllib.loads(text)["services"]["web"] == {"python": "a:B"}
