"""What is left out beside a run on Linux is arithmetic, and nothing else."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.unit.same_everywhere import same_everywhere

UNIT = Path(__file__).parent


@pytest.mark.parametrize(
    "tests",
    ["detect/test_least_squares.py", "engine/test_machine_table.py", "spec/test_notation.py"],
)
def test_arithmetic_and_tables_are_the_same_everywhere(tests: str) -> None:
    assert same_everywhere(UNIT / tests)


@pytest.mark.parametrize(
    "tests",
    [
        "system/test_lock.py",  # itself
        "system/windows/test_command_line.py",  # by what it tests
        "engine/test_store.py",  # a database
        "client/test_link_room.py",  # a loop of the system's
        "server/test_local.py",  # sockets
        "spec/test_no_input_breaks_the_loader.py",  # encodings
    ],
)
def test_what_meets_a_system_is_not(tests: str) -> None:
    assert not same_everywhere(UNIT / tests)


@pytest.mark.parametrize(
    "text",
    [
        "import os",
        "def test_it():\n    from pathlib import Path",
        "from svcctl.system import paths",
        "from svcctl import system",
        "from svcctl.testing.fakes import FakeClock",
        "def test_it(tmp_path): ...",
    ],
)
def test_one_import_or_fixture_is_enough(tmp_path: Path, text: str) -> None:
    file = tmp_path / "test_it.py"
    file.write_text(text, encoding="utf-8")

    assert not same_everywhere(file)


def test_what_is_taken_from_a_module_that_meets_none_is_the_same(tmp_path: Path) -> None:
    file = tmp_path / "test_it.py"
    file.write_text("import math\nfrom svcctl.detect.amounts import amounts\n", encoding="utf-8")

    assert same_everywhere(file)
