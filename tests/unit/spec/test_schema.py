"""The schema takes what the loader takes, and the list of options is complete."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from svcctl.spec.common import CommonSpec
from svcctl.spec.load import load_files
from svcctl.spec.options import options
from svcctl.spec.schema import json_schema
from svcctl.spec.service import ServiceSpec
from svcctl.spec.shape import Kind, members
from svcctl.spec.toml import service_toml

EXAMPLES = sorted((Path(__file__).parents[3] / "examples").glob("*.toml"))


def is_valid(document: object) -> bool:
    validator = jsonschema.Draft7Validator(json_schema())
    return bool(validator.is_valid(document))


def test_the_schema_is_a_schema() -> None:
    jsonschema.Draft7Validator.check_schema(json_schema())
    jsonschema.Draft4Validator.check_schema(json_schema())


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_the_examples_load_and_fit_the_schema(path: Path) -> None:
    assert load_files([path], environ={}).services
    assert is_valid(tomllib.loads(path.read_text()))
    assert path.read_text().startswith("#:schema ./svcctl.schema.json\n")


@pytest.mark.parametrize(
    "options",
    [
        'exce = "a"',
        "exec = []",
        'shell = "yes"',
        'stop.timeout = "20x"',
        "stop.timeout = 20",
        'stop.signal = "TREM"',
        'restart.policy = "sometimes"',
        "restart.jitter = 2",
        "instances = 0",
        'instances = "all"',
        'needs = { db = "readyy" }',
        "umask = 27",
        'limits.memory = "1X"',
        'limits.cpu = "50"',
        "limits.nice = 20",
        "env = { A = 1 }",
        "health = {}",
        'health = [{ htp = "x" }]',
        'manager = "upstart"',
        'restart.give_up = "reboot"',
        'windows.triggers = [{ do = "stop" }]',
        'stop.signal = "CTRL_D"',
        'name = "x"',
        "schedule = 1",
        'rules = [{ match = "a", above = "much" }]',
        'rules = [{ match = "a", level = "loud" }]',
        'rules = [{ match = "a", count = 0 }]',
    ],
)
def test_the_schema_refuses_what_the_loader_refuses(options: str) -> None:
    assert is_valid(tomllib.loads("[services.a]"))
    assert not is_valid(tomllib.loads(f"[services.a]\n{options}\n"))


@pytest.mark.parametrize(
    "options",
    [
        'language = "de"',
        "channels.ops = {}",
        'channels.ops.kind = "pigeon"',
        'channels.ops = { kind = "mail", port = 0 }',
        "priorities.P3 = {}",
        'routes = [{ channels = ["ops"] }]',
        'severity.service_down = "P9"',
        'maintenance = [{ match = ["a=b"], begins = "2026-11-22", lasts = "1y" }]',
    ],
)
def test_the_schema_refuses_what_the_loader_refuses_of_alerting(options: str) -> None:
    assert is_valid(tomllib.loads("[alerting]"))
    assert not is_valid(tomllib.loads(f"[alerting]\n{options}\n"))


def test_names_and_keys_at_the_top_are_checked_too() -> None:
    assert not is_valid({"services": {"A b": {}}})
    assert not is_valid({"service": {}})
    assert not is_valid({"version": 2})


def test_variables_may_stand_for_any_text() -> None:
    text = '[services.a]\nexec = "${A}"\nstop.timeout = "${T}"\nrestart.policy = "${P:-never}"\n'

    assert is_valid(tomllib.loads(text))


def test_every_option_is_explained() -> None:
    listed = list(options())

    assert len({each.path for each in listed}) == len(listed) > 90
    for option in listed:
        assert len(option.doc) > 5, option.path
        assert option.type, option.path
        assert option.doc[0].islower() or option.doc[0] in "$UN", option.path


def test_the_example_of_every_option_has_every_option() -> None:
    (path,) = (each for each in EXAMPLES if each.stem == "every-option")
    document = tomllib.loads(path.read_text())
    services = document["services"].values()
    written = {each for service in services for each in _paths(service, ServiceSpec, "")}

    assert {option.path for option in options()} - written == set()
    written = _paths(document, CommonSpec, "")
    known = {re.sub("P[12]", "P0", option.path) for option in options(CommonSpec)}
    assert known - written == set()


def _paths(value: dict[str, Any], table: type, prefix: str) -> set[str]:
    found: set[str] = set()
    for key, member in members(table).items():
        if key not in value:
            continue
        path = f"{prefix}{key}"
        found.add(path)
        shape, inner = member.shape, [value[key]]
        if shape.kind is Kind.LIST and shape.item is not None:
            path, shape, inner = f"{path}[]", shape.item, value[key]
        if shape.kind is Kind.MAP and shape.item is not None:
            path, shape, inner = f"{path}.NAME", shape.item, list(value[key].values())
        if shape.kind is Kind.TABLE:
            for each in inner:
                found |= _paths(each, shape.of, f"{path}.")
    return found


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_a_spec_printed_as_a_file_loads_back_equal(path: Path, tmp_path: Path) -> None:
    services = load_files([path], environ={}).services
    printed = tmp_path / "printed.toml"

    printed.write_text("\n".join(service_toml(each) for each in services.values()))

    assert load_files([printed], environ={}).services == services
