"""Services that are in no file: from flags and tables, checked as if they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.errors import SpecError
from svcctl.spec.layers import Layer
from svcctl.spec.load import Unwritten, load_files, load_unwritten
from svcctl.spec.overrides import Override, option_path

WEB = {"web": Unwritten(shown="rows.csv", line=3)}


def cell(option: str, text: str, *, service: str = "web", column: int = 5) -> Override:
    return Override(
        service=service,
        path=option_path(option),
        text=text,
        layer=Layer.FLAG,
        said="rows.csv",
        line=3,
        column=column,
    )


def test_a_service_is_all_that_was_said_of_it(tmp_path: Path) -> None:
    loaded = load_unwritten(
        WEB,
        folder=tmp_path,
        flags=("web.stop.timeout=3s", "web.pid_file=run/x", "web.type=forking"),
        overrides=(cell("exec", "app --serve"), cell("env.A", "1")),
    )

    spec = loaded.services["web"]
    assert (spec.exec, spec.env, spec.stop.timeout) == (("app", "--serve"), {"A": "1"}, 3.0)
    assert (spec.cwd, spec.pid_file) == (str(tmp_path), str(tmp_path / "run/x"))
    assert str(loaded.origins["web"]["exec"]) == "flag rows.csv:3:5"
    assert str(loaded.origins["web"]["stop.timeout"]) == "flag --set web.stop.timeout=3s"
    assert loaded.sources == {}


def test_what_nobody_said_is_as_given(tmp_path: Path) -> None:
    services = {"web": Unwritten(values={"cwd": str(tmp_path / "srv")})}

    loaded = load_unwritten(services, folder=tmp_path, overrides=(cell("exec", "app"),))

    assert loaded.services["web"].cwd == str(tmp_path / "srv")
    assert loaded.origins["web"]["cwd"].layer is Layer.BUILT_IN


def test_a_mistake_has_the_place_of_its_cell_and_a_gap_that_of_the_row(tmp_path: Path) -> None:
    services = {**WEB, "db": Unwritten(shown="rows.csv", line=4)}

    with pytest.raises(SpecError) as caught:
        load_unwritten(
            services,
            folder=tmp_path,
            overrides=(cell("exec", "app"), cell("start", "late", column=9)),
        )

    assert [str(each) for each in caught.value.mistakes] == [
        "rows.csv:3:9: start: 'late' is not one of auto, delayed, manual, disabled",
        "rows.csv:4:1: service 'db' has no command",
    ]


def test_services_may_need_each_other_and_what_is_known(tmp_path: Path) -> None:
    wanted = (
        cell("exec", "app"),
        cell("needs", '["db", "cache"]'),
        cell("exec", "db", service="db"),
    )
    services = {**WEB, "db": Unwritten()}

    loaded = load_unwritten(services, folder=tmp_path, overrides=wanted, known=("cache",))

    assert list(loaded.services["web"].needs) == ["db", "cache"]
    with pytest.raises(SpecError, match="there is no service 'cache'"):
        load_unwritten(services, folder=tmp_path, overrides=wanted)


def test_an_override_holds_for_a_service_of_a_file_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "svcctl.toml"
    path.write_text('[services.web]\nexec = "app"\nstart = "auto"\n')

    loaded = load_files(
        [path],
        environ={},
        overrides=(cell("start", "manual"), cell("start", "manual", service="db")),
    )

    assert loaded.services["web"].start == "manual"


def test_a_password_file_is_found_from_where_the_definition_is(tmp_path: Path) -> None:
    path = tmp_path / "svcctl.toml"
    path.write_text('[services.web]\nexec = "app"\nwindows.password = "file:secret"\n')

    loaded = load_files([path], environ={})

    assert loaded.services["web"].windows.password == f"file:{tmp_path / 'secret'}"
