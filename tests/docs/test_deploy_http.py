"""What is shipped to serve others by HTTP says what there is."""

from __future__ import annotations

import itertools
import shlex
from configparser import ConfigParser
from pathlib import Path

import click

from svcctl.cli.commands import svcctl
from svcctl.spec.load import load_files

FOLDER = Path(__file__).parents[2] / "deploy" / "http"


def _typed(words: list[str]) -> click.Command:
    command: click.Command = svcctl
    context = click.Context(svcctl)
    for word in itertools.takewhile(lambda each: not each.startswith("-"), words):
        assert isinstance(command, click.Group)
        found = command.get_command(context, word)
        assert found is not None
        command = found
    return command


def test_the_service_is_valid_and_its_command_can_be_typed() -> None:
    loaded = load_files([FOLDER / "svcctl-web.toml"], environ={})

    service = loaded.services["svcctl-web"]
    assert service.ready == "notify"
    assert loaded.common.access is not None
    assert loaded.common.access.fronts == ("uid:998",)
    assert _typed(list(service.exec[1:])).name == "http"
    assert not service.user  # it becomes svcctl-web itself


def test_the_unit_runs_the_same_as_the_same_account_which_can_gain_no_rights() -> None:
    unit = ConfigParser(interpolation=None, strict=False)
    unit.read(FOLDER / "svcctl-web.service")

    service = unit["Service"]
    command = shlex.split(service["ExecStart"])[1:]
    assert _typed(command).name == "http"
    assert command[-1] == "--system"  # an agent of that account it is not
    assert (service["Type"], service["User"]) == ("notify", "svcctl-web")
    assert (service["NoNewPrivileges"], service["CapabilityBoundingSet"]) == ("yes", "")
