"""The page on the configuration of applications shows a service that runs."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.flows.conftest import until

PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)

pytestmark = [pytest.mark.slow, pytest.mark.posix]


@pytest.fixture
def page(root: Path, tmp_path: Path) -> Path:
    """The service of the page, with a file beside it."""
    text = (root / "docs" / "howto" / "configuration.md").read_text(encoding="utf-8")
    (tmp_path / "mailer.py").write_text("\n".join(PYTHON.findall(text)))
    (tmp_path / "mailer.toml").write_text('period = "10ms"\n[prod.smtp]\nhost = "old"\n')
    return tmp_path


def command(*words: str) -> list[str]:
    return [sys.executable, "mailer.py", "run", "--namespace", "prod", *words]


def test_its_configuration_is_printed_with_who_set_what(page: Path) -> None:
    words = command("--set", "smtp.port=2525", "--print-config")

    said = subprocess.run(words, cwd=page, capture_output=True, text=True, check=True).stdout

    assert re.search(r"^smtp\.host = \"old\" +# mailer\.toml:3:1$", said, re.MULTILINE)
    assert re.search(r"^smtp\.port = 2525 +# option --set smtp\.port$", said, re.MULTILINE)


def test_it_takes_over_a_file_that_changes(page: Path) -> None:
    def until_it_says(text: str) -> None:
        until(lambda: text in (page / "said").read_text(), what=text)

    with (
        (page / "said").open("w") as said,
        subprocess.Popen(
            command("--set", "health_port=0"), cwd=page, stdout=said, env={"SVCCTL_HOME": str(page)}
        ) as program,
    ):
        try:
            until_it_says('"by":"old"')
            (page / "mailer.toml").write_text('period = "10ms"\n[prod.smtp]\nhost = "new"\n')
            until_it_says('"by":"new"')
            until_it_says("changed: smtp.host")
        finally:
            program.kill()
