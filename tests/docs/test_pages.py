"""What was written by hand: its links lead somewhere, and both languages say the same."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
FENCE = re.compile(r"^```.*?^```$", re.MULTILINE | re.DOTALL)
HEADING = re.compile(r"^(#+) ", re.MULTILINE)

TWINS = [
    ("README.md", "README.zh-CN.md"),
    ("docs/index.md", "docs/index.zh.md"),
    ("docs/tutorial/first-service.md", "docs/tutorial/first-service.zh.md"),
    ("docs/tutorial/service-in-python.md", "docs/tutorial/service-in-python.zh.md"),
    ("docs/howto/windows-service.md", "docs/howto/windows-service.zh.md"),
    ("docs/howto/systemd-service.md", "docs/howto/systemd-service.zh.md"),
    ("docs/howto/alerts.md", "docs/howto/alerts.zh.md"),
    ("docs/howto/languages.md", "docs/howto/languages.zh.md"),
    ("docs/howto/remote.md", "docs/howto/remote.zh.md"),
    ("docs/howto/access.md", "docs/howto/access.zh.md"),
    ("docs/howto/audit.md", "docs/howto/audit.zh.md"),
    ("docs/howto/dashboard.md", "docs/howto/dashboard.zh.md"),
    ("docs/howto/grpc.md", "docs/howto/grpc.zh.md"),
    ("docs/howto/http.md", "docs/howto/http.zh.md"),
    ("docs/howto/http-interface.md", "docs/howto/http-interface.zh.md"),
    ("docs/howto/live-control.md", "docs/howto/live-control.zh.md"),
    ("docs/howto/rabbitmq.md", "docs/howto/rabbitmq.zh.md"),
    ("docs/howto/redis.md", "docs/howto/redis.zh.md"),
    ("docs/howto/signed-specs.md", "docs/howto/signed-specs.zh.md"),
    ("examples/services/README.md", "examples/services/README.zh.md"),
]


def test_every_local_link_leads_somewhere(
    written: list[Path], reference: dict[str, str], root: Path
) -> None:
    generated = {root / "docs" / "reference" / name for name in reference}

    broken = [
        f"{page.relative_to(root)}: {target}"
        for page in written
        for target in LINK.findall(FENCE.sub("", page.read_text(encoding="utf-8")))
        if "://" not in target and not _leads_somewhere(page, target, generated)
    ]

    assert broken == []


def _leads_somewhere(page: Path, target: str, generated: set[Path]) -> bool:
    path, _, _ = target.partition("#")
    found = Path(os.path.normpath(page.parent / path)) if path else page
    return found.exists() or found in generated


@pytest.mark.parametrize(("english", "chinese"), TWINS, ids=lambda path: Path(path).name)
def test_both_languages_have_the_same_headings(english: str, chinese: str, root: Path) -> None:
    levels = [HEADING.findall(FENCE.sub("", _read(root / path))) for path in (english, chinese)]

    assert levels[0] == levels[1]


@pytest.mark.parametrize(("english", "chinese"), TWINS, ids=lambda path: Path(path).name)
def test_both_languages_have_the_same_code(english: str, chinese: str, root: Path) -> None:
    assert FENCE.findall(_read(root / english)) == FENCE.findall(_read(root / chinese))


@pytest.mark.parametrize(("english", "chinese"), TWINS, ids=lambda path: Path(path).name)
def test_both_languages_have_tables_of_the_same_size(
    english: str, chinese: str, root: Path
) -> None:
    rows = [
        [line.count("|") for line in _read(root / path).splitlines() if line.startswith("|")]
        for path in (english, chinese)
    ]

    assert rows[0] == rows[1]


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


@pytest.mark.slow
def test_the_site_builds_without_a_warning(root: Path, tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", tmp_path],
        cwd=root,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr
    assert (tmp_path / "reference" / "options" / "index.html").exists()
    assert (tmp_path / "zh" / "index.html").exists()
