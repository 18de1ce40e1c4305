"""Prints the configuration that a service would have, without being it: ``run --print-config``."""

from __future__ import annotations

import os
import sys

from svcctl.sdk.assembly import sources
from svcctl.sdk.blueprint import Blueprint
from svcctl.sdk.choices import Choices


def print_config(blueprint: Blueprint, choices: Choices) -> int:
    """Write each value with its origin to stdout, as TOML with comments; give the exit status.

    Raises SpecError, with every mistake, where the configuration is bad.
    """
    from svcctl.sdk.config.explain import explain  # noqa: PLC0415 - for those who have one
    from svcctl.sdk.config.load import load  # noqa: PLC0415

    assert blueprint.config is not None
    rows = explain(load(blueprint.config, sources(blueprint, os.environ, choices)))
    width = max((len(f"{each.key} = {each.value}") for each in rows), default=0)
    for each in rows:
        line = f"{each.key} = {each.value}"
        sys.stdout.write(f"{line:<{width}}  # {each.origin}\n")
    return 0
