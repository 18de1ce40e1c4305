"""What authors import is there, and costs nobody anything who does not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

import svcctl

STUB = Path(svcctl.__file__).with_suffix(".pyi")
NAMES = [
    line.rpartition(" as ")[2]
    for line in STUB.read_text(encoding="utf-8").splitlines()
    if line.startswith("from svcctl.")
]


def test_every_name_of_the_stub_is_there_and_none_brings_the_command_line() -> None:
    script = (
        f"import svcctl, sys\nfor name in {NAMES}: getattr(svcctl, name)\n"
        "print('svcctl.cli' in sys.modules)"
    )

    said = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert NAMES
    assert said == "False\n"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Mailer'"):
        svcctl.Mailer  # type: ignore[attr-defined]  # noqa: B018


def test_an_import_loads_neither_asyncio_nor_anything_of_others() -> None:
    script = (
        "import sys; before = set(sys.modules); import svcctl\n"
        "print(sorted(set(sys.modules) - before))"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert loaded.strip() == "['__future__', 'svcctl']"


def test_a_service_needs_nothing_of_others() -> None:
    script = (
        "import sys; import svcctl; svcctl.Service, svcctl.App\n"
        "print([each for each in ('click', 'pydantic', 'cronsim') if each in sys.modules])"
    )

    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout

    assert loaded.strip() == "[]"
