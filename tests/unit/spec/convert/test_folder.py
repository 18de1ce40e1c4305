"""What lies in a folder becomes drafts of services."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest

from svcctl.errors import SpecError
from svcctl.spec.convert import compose, executables, package_json, procfile, pyproject
from svcctl.spec.convert.folder import look
from svcctl.spec.draft import render
from svcctl.spec.load import load_files


def test_a_procfile_gives_a_service_a_line(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text(
        "# comment\nweb: gunicorn app:main --bind 0.0.0.0:$PORT\nworker_1: rq worker 'high q'\n"
        "release: ./migrate\nbroken line\n"
    )

    web, worker, release = procfile.find(tmp_path)

    assert (web.name, web.shell) == ("web", True)
    assert web.exec == ("gunicorn app:main --bind 0.0.0.0:$PORT",)
    assert worker.exec == ("rq", "worker", "high q")
    assert release.options == {"type": "oneshot"}


def test_a_compose_file_gives_commands_needs_and_environment(tmp_path: Path) -> None:
    (tmp_path / "compose.yaml").write_text("""
services:
  Web App:
    image: shop
    command: ["serve", "--port", "80"]
    environment: { DEBUG: false, LEVEL: 3, EMPTY: }
    depends_on:
      db: { condition: service_healthy }
      migrate: { condition: service_completed_successfully }
    restart: unless-stopped
  migrate:
    command: migrate --all
    environment: ["A=1", "B=x=y"]
    depends_on: [db]
    restart: "no"
  db:
    image: postgres:17
""")

    web, migrate, db = compose.find(tmp_path)

    assert (web.name, web.exec) == ("web-app", ("serve", "--port", "80"))
    assert web.env == {"DEBUG": "false", "LEVEL": "3", "EMPTY": ""}
    assert web.needs == {"db": "healthy", "migrate": "done"}
    assert web.options == {"restart.policy": "always"}
    assert migrate.env == {"A": "1", "B": "x=y"}
    assert migrate.options == {"restart.policy": "never"}
    assert db.exec == ()
    assert "fill in exec" in db.note


@pytest.mark.parametrize("text", ["", "[]", "services: 1", "services: { a: 1 }"])
def test_a_compose_file_without_services_gives_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "docker-compose.yml").write_text(text)

    assert compose.find(tmp_path) == []


def test_without_pyyaml_the_rest_of_the_folder_is_still_looked_at(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "yaml", None)
    (tmp_path / "compose.yaml").write_text("services: {}")
    (tmp_path / "Procfile").write_text("web: app")

    found = look(tmp_path)

    assert [draft.name for draft in found.drafts] == ["web"]
    assert [each.problem for each in found.problems] == ["reading compose.yaml needs PyYAML"]
    assert found.problems[0].hint == "pip install 'svcctl[yaml]'"


def test_a_compose_file_that_is_no_yaml_is_a_problem(tmp_path: Path) -> None:
    (tmp_path / "compose.yml").write_text("a: [")

    assert look(tmp_path).problems[0].problem.startswith("compose.yml is not YAML")


def test_package_json_gives_its_start_script_or_its_main_file(tmp_path: Path) -> None:
    path = tmp_path / "package.json"
    path.write_text(json.dumps({"name": "@me/My-App", "scripts": {"start": "node ."}}))
    (started,) = package_json.find(tmp_path)
    path.write_text(json.dumps({"main": "index.js"}))
    (tmp_path / "index.js").write_text("")
    (main,) = package_json.find(tmp_path)

    assert (started.name, started.exec) == ("my-app", ("npm", "start"))
    assert main.exec == ("node", "index.js")


@pytest.mark.parametrize("text", ["", "[]", "{", '{"scripts": 1}', '{"main": "none.js"}'])
def test_package_json_that_starts_nothing_gives_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "package.json").write_text(text)

    assert package_json.find(tmp_path) == []


def test_pyproject_gives_its_scripts_from_the_virtual_environment_if_there(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text('[project.scripts]\nserve = "shop.main:run"\n')
    (plain,) = pyproject.find(tmp_path)
    (tmp_path / ".venv" / "bin").mkdir(parents=True)
    (inside,) = pyproject.find(tmp_path)

    assert plain.exec == ("serve",)
    assert inside.exec == ("./.venv/bin/serve",)


@pytest.mark.parametrize("text", ["", "=", "project = 1", "[project]\nscripts = 1"])
def test_pyproject_without_scripts_gives_nothing(tmp_path: Path, text: str) -> None:
    (tmp_path / "pyproject.toml").write_text(text)

    assert pyproject.find(tmp_path) == []


@pytest.mark.posix
def test_programs_are_known_by_their_first_bytes(tmp_path: Path) -> None:
    program = tmp_path / "Serve.sh"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    (tmp_path / "not-executable.sh").write_text("#!/bin/sh\n")
    text = tmp_path / "text"
    text.write_text("hello")
    text.chmod(0o755)
    (tmp_path / "main.py").write_text("")

    drafts = executables.find(tmp_path)

    assert [(draft.name, draft.exec) for draft in drafts] == [("serve", ("./Serve.sh",))]


def test_a_script_with_a_usual_name_is_better_than_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("")
    (tmp_path / "other.py").write_text("")

    found = look(tmp_path)

    assert [draft.exec for draft in found.drafts] == [("python3", "app.py")]


def test_whatever_is_found_makes_a_file_that_loads(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("web: run ${PORT:-5000} > log\nworker: a \"b\" 'c'\n")
    (tmp_path / "package.json").write_text('{"name": "web", "scripts": {"start": "x\\ny"}}')
    (tmp_path / "compose.yaml").write_text("services: {db: {}, web: {depends_on: [db]}}")

    (tmp_path / "svcctl.toml").write_text(render(look(tmp_path).drafts))

    services = load_files([tmp_path / "svcctl.toml"], environ={}).services
    assert services["web"].exec == ("run ${PORT:-5000} > log",)
    assert sorted(services) == ["web", "web-3", "worker"]


@pytest.mark.posix
def test_what_cannot_be_read_is_left_out_or_a_mistake(tmp_path: Path) -> None:
    (tmp_path / "Procfile").write_text("web: echo 'open\n")
    (tmp_path / "compose.yaml").write_text("services: {a: {command: [1]}}")

    found = look(tmp_path)

    assert [(draft.name, draft.shell) for draft in found.drafts] == [("web", True), ("a", False)]
    assert found.drafts[1].exec == ()
    with pytest.raises(SpecError, match="cannot be read: No such file"):
        look(tmp_path / "none")


def test_a_variable_that_no_program_can_be_given_is_left_out_and_named(tmp_path: Path) -> None:
    text = 'services: {web: {command: x, environment: ["A=1", "$B", "=2", "C D=3"]}}'
    (tmp_path / "compose.yaml").write_text(text)

    (draft,) = look(tmp_path).drafts

    assert draft.env == {"A": "1"}
    assert "not carried over: variables called '', '$B', 'C D'" in draft.note


def test_services_in_python_are_found_without_being_imported(tmp_path: Path) -> None:
    (tmp_path / "shop").mkdir()
    (tmp_path / "tests").mkdir()
    for name, source in {
        "jobs.py": "from svcctl import App\nraise SystemExit\napp = App('night-jobs')\n",
        "shop/__init__.py": "import svcctl\n\nclass Front(svcctl.Service): ...\n",
        "shop/mail.py": (
            "from svcctl import Context, Service\n\n"
            "class OrderMailer(Service): ...\n"
            "class Other(Service):\n    name = 'mail-in'\n"
            "class Typed(Service):\n    name: str = 'typed'\n"
            "class Letter: ...\n"
            "count = int('3')\n"
        ),
        "shop/foreign.py": "from other import Service\n\nclass Nothing(Service): ...\n",
        "shop/broken.py": "from svcctl import Service\nclass (\n",
        "tests/test_it.py": "from svcctl import Service\n\nclass Fake(Service): ...\n",
        "not-a-module.py": "from svcctl import Service\n\nclass Fake(Service): ...\n",
    }.items():
        (tmp_path / name).write_text(source)

    found = {each.python: (each.name, each.note) for each in look(tmp_path).drafts}

    assert found == {
        "jobs:app": ("night-jobs", "from jobs.py"),
        "shop:Front": ("front", "from shop/__init__.py"),
        "shop.mail:OrderMailer": ("order-mailer", "from shop/mail.py"),
        "shop.mail:Other": ("mail-in", "from shop/mail.py"),
        "shop.mail:Typed": ("typed", "from shop/mail.py"),
    }


def test_a_definition_of_services_in_python_loads(tmp_path: Path) -> None:
    (tmp_path / "mailer.py").write_text(
        "from svcctl import Service\n\nclass Mailer(Service): ...\n"
    )
    file = tmp_path / "svcctl.toml"
    file.write_text(render(look(tmp_path).drafts))

    loaded = load_files([file], environ={})

    assert loaded.services["mailer"].python == "mailer:Mailer"
