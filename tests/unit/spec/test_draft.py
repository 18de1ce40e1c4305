"""Drafts become files that load, and files take one more service without harm."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.spec.draft import Draft, add_service, draft_toml, render, service_name
from svcctl.spec.load import load_files
from svcctl.spec.names import SERVICE_NAME


def test_a_new_file_names_its_schema_first_and_loads(tmp_path: Path) -> None:
    path = tmp_path / "svcctl.toml"
    drafts = [
        Draft(name="web", exec=("app", "--port", "80"), needs={"db": "ready"}, env={"A": "${B} $"}),
        Draft(name="web", exec=("echo $HOME ${X:-1} | cat",), shell=True, cwd="sub"),
        Draft(name="db", note="found somewhere\nfill in exec"),
    ]

    path.write_text(render(drafts))

    assert path.read_text().startswith("#:schema ./svcctl.schema.json\nversion = 1\n")
    assert "# found somewhere\n# fill in exec\n# [services.db]\n" in path.read_text()
    services = load_files([path], environ={}).services
    assert services["web"].exec == ("app", "--port", "80")
    assert services["web"].env == {"A": "${B} $"}
    assert services["web"].needs == {}
    assert services["web-2"].exec == ("echo $HOME ${X:-1} | cat",)


def test_a_file_without_drafts_shows_how_it_is_done(tmp_path: Path) -> None:
    path = tmp_path / "svcctl.toml"

    path.write_text(render([]))

    assert "# [services.web]" in path.read_text()
    assert load_files([path], environ={}).services == {}


@pytest.mark.posix
def test_a_service_is_added_behind_all_that_stands_in_the_file(tmp_path: Path) -> None:
    path = tmp_path / "svcctl.toml"
    before = '# mine\r\n[services.a]   # keep\r\nexec = "a"'
    path.write_bytes(before.encode())
    path.chmod(0o640)

    new = add_service(path, Draft(name="b", exec=("b", "$x", "${y}")), environ={})

    assert path.read_bytes().decode() == new
    assert new.startswith(before + "\r\n\r\n[services.b]\r\n")
    assert path.stat().st_mode & 0o777 == 0o640
    assert load_files([path], environ={}).services["b"].exec == ("b", "$x", "${y}")
    assert [each.name for each in tmp_path.iterdir()] == ["svcctl.toml"]


def test_a_service_is_added_to_a_file_that_is_made_for_it(tmp_path: Path) -> None:
    path = tmp_path / "svcctl.toml"

    add_service(path, Draft(name="b", exec=("b",)), environ={})

    assert load_files([path], environ={}).services["b"].exec == ("b",)


@pytest.mark.parametrize(
    ("before", "name", "problem"),
    [
        ("[services.b]\nexec = 'x'\n", "b", "there is a service 'b' already"),
        ("[services.a]\n", "b", "nothing was written, the result would not load: "),
        ("services = { a = { exec = 'x' } }\n", "b", "nothing was written, the result would not"),
        ("= 1", "b", "the file is not TOML: "),
        ("", "B b", "'B b' cannot name a service"),
        ("version = 1 # \xff", "b", "is not UTF-8"),
    ],
)
def test_nothing_is_written_that_would_not_load(
    tmp_path: Path, before: str, name: str, problem: str
) -> None:
    path = tmp_path / "svcctl.toml"
    path.write_bytes(before.encode("latin-1"))

    with pytest.raises(SpecError) as caught:
        add_service(path, Draft(name=name, exec=("x",)), environ={})

    assert problem in caught.value.problem
    assert ".new" not in caught.value.problem
    assert path.read_bytes() == before.encode("latin-1")
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.posix
def test_a_file_that_cannot_be_made_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SpecError, match="cannot be written: No such file"):
        add_service(tmp_path / "no" / "x.toml", Draft(name="b", exec=("x",)), environ={})
    with pytest.raises(SpecError, match="cannot be read: Is a directory"):
        add_service(tmp_path, Draft(name="b", exec=("x",)), environ={})


@given(st.text())
def test_any_text_gives_the_name_of_a_service(text: str) -> None:
    assert SERVICE_NAME.fullmatch(service_name(text))


_WORDS = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)


@given(
    st.lists(_WORDS, min_size=1, max_size=4).filter(lambda words: words[0].strip() != ""),
    st.text(max_size=20),
)
def test_any_command_is_written_so_that_it_loads_as_it_was(
    tmp_path_factory: pytest.TempPathFactory, words: list[str], note: str
) -> None:
    path = tmp_path_factory.mktemp("draft") / "svcctl.toml"

    path.write_text(draft_toml(Draft(name="x", exec=tuple(words), note=note)), encoding="utf-8")

    assert load_files([path], environ={}).services["x"].exec == tuple(words)
