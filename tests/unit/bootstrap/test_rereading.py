"""Definitions are read anew in a process of its own, by themselves."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.bootstrap.rereading import reread
from svcctl.errors import SpecError, SystemFault

pytestmark = pytest.mark.slow


def test_what_files_define_is_given_with_where_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text('[services.web]\nexec = ["web"]\nstop.timeout = "4s"\n')

    spec, origins = reread([str(file)])["web"]

    assert spec["stop"] == {"timeout": 4.0}
    assert origins["stop.timeout"] == {
        "layer": "file",
        "file": str(file),
        "line": 3,
        "column": 6,
    }
    assert "user" not in origins


def test_a_file_that_another_includes_has_its_defaults(tmp_path: Path) -> None:
    inner, outer = tmp_path / "inner.toml", tmp_path / "outer.toml"
    inner.write_text('[services.web]\nexec = ["web"]\n')
    outer.write_text('include = ["inner.toml"]\n[defaults]\nstop.timeout = "4s"\n')

    found = reread([str(inner), str(outer)])

    assert found["web"][0]["stop"] == {"timeout": 4.0}


def test_what_overrides_files_here_is_not_what_they_say(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SVCCTL_SERVICES__WEB__STOP__TIMEOUT", "9s")
    monkeypatch.setenv("FOLDER", str(tmp_path))
    file = tmp_path / "svcctl.toml"
    file.write_text('[services.web]\nexec = ["web"]\ncwd = "${FOLDER}"\n')

    spec, _ = reread([str(file)])["web"]

    assert "stop" not in spec
    assert spec["cwd"] == str(tmp_path)


def test_a_mistake_is_raised_with_its_place(tmp_path: Path) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text("[services.web]\nexec = 1\n")

    with pytest.raises(SpecError) as caught:
        reread([str(file), str(tmp_path / "gone.toml")])

    places = {(each.file, each.line) for each in caught.value.mistakes}
    assert places == {(str(file), 2), (str(tmp_path / "gone.toml"), 0)}


def test_a_process_that_cannot_be_had_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.executable", "/nowhere/python")

    with pytest.raises(SystemFault, match="its files cannot be read"):
        reread(["/srv/svcctl.toml"])
