"""The rule of tests/conftest.py, tried on a test session of its own."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

CONFTEST = Path(__file__).parents[1] / "conftest.py"

pytestmark = pytest.mark.slow


def run(folder: Path, reason: str, *options: str, ci: str = "") -> subprocess.CompletedProcess[str]:
    shutil.copy(CONFTEST, folder / "conftest.py")
    (folder / "pytest.ini").write_text("[pytest]\n")
    (folder / "test_it.py").write_text(
        f"import pytest\ndef test_it(): pytest.skip({reason!r})\ndef test_other(): pass\n"
    )
    env = {**os.environ, "CI": ci, "PYTEST_ADDOPTS": ""}
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *options, "."],
        cwd=folder,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("options", [(), ("-n", "1")], ids=["alone", "with workers"])
def test_a_skip_fails_the_run_in_ci_and_is_named(tmp_path: Path, options: tuple[str, ...]) -> None:
    done = run(tmp_path, "needs nginx", *options, ci="true")

    assert done.returncode == pytest.ExitCode.TESTS_FAILED
    assert "test_it.py::test_it: needs nginx" in done.stdout


@pytest.mark.parametrize(
    "reason", ["needs Windows", "Wine cannot show a boot", "needs the labelled data"]
)
def test_what_no_package_brings_may_be_skipped_in_ci(tmp_path: Path, reason: str) -> None:
    done = run(tmp_path, reason, ci="true")

    assert done.returncode == 0, done.stdout


def test_a_skip_is_no_failure_at_home(tmp_path: Path) -> None:
    done = run(tmp_path, "needs nginx")

    assert done.returncode == 0, done.stdout
