"""Nothing that a user can meet is without words."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from svcctl import errors, events
from svcctl.app.verb import Verb
from svcctl.app.verbs import VERBS
from svcctl.engine.life import Phase
from svcctl.observe.metrics.catalogue import FAMILIES
from svcctl.observe.metrics.exposition import Family
from svcctl.sdk.metrics.built_in import BUILT_IN
from svcctl.sdk.metrics.instruments import Declaration
from svcctl.spec.common import CommonSpec
from svcctl.spec.options import options
from svcctl.spec.service import ServiceSpec
from svcctl.spec.watch import WatchesSpec

TABLES = (ServiceSpec, CommonSpec, WatchesSpec)
OPTIONS = {option.path: option for table in TABLES for option in options(table)}


@pytest.mark.parametrize("path", OPTIONS)
def test_an_option_says_what_it_is_for(path: str) -> None:
    assert OPTIONS[path].doc


@pytest.mark.parametrize("path", OPTIONS)
def test_an_option_stands_in_the_reference(path: str, reference: dict[str, str]) -> None:
    is_table = OPTIONS[path].type.endswith("table")
    wanted = f"\n## {path}" if is_table else f"\n| `{path}` |"

    assert wanted in reference["options.md"]


def test_what_this_version_cannot_do_is_marked(reference: dict[str, str]) -> None:
    lines = reference["options.md"].splitlines()
    (give_up,) = [line for line in lines if "| `restart.give_up`" in line]

    assert "fail (later: exec, reboot)" in give_up


@pytest.mark.parametrize("error", errors.tree(), ids=lambda error: error.__name__)
def test_an_error_is_explained(error: type[errors.SvcctlError], reference: dict[str, str]) -> None:
    assert error.__doc__
    assert f"| {error.code} | {error.__name__} |" in reference["errors.md"]


def test_no_two_errors_share_a_code() -> None:
    codes = [error.code for error in errors.tree()]

    assert len(codes) == len(set(codes))


def test_the_tree_in_the_docstring_is_the_tree() -> None:
    for error in errors.tree():
        assert error.__name__ in (errors.__doc__ or "")
        assert error.code in (errors.__doc__ or "")


def test_each_kind_of_event_is_given_once_as_the_module_has_it() -> None:
    assert all(getattr(events, kind.__name__) is kind for kind in events.kinds())


@pytest.mark.parametrize("kind", events.kinds(), ids=lambda kind: kind.__name__)
def test_an_event_is_explained(kind: type[events.Event], reference: dict[str, str]) -> None:
    # a dataclass without a docstring is given its signature for one
    assert not (kind.__doc__ or "").startswith(f"{kind.__name__}(")
    assert f"| {kind.__name__} |" in reference["events.md"]


@pytest.mark.parametrize("metric", BUILT_IN, ids=lambda metric: metric.name)
def test_a_metric_is_explained(metric: Declaration, reference: dict[str, str]) -> None:
    assert metric.text.endswith(".")
    assert f"\n| `{metric.name}` | {metric.kind} |" in reference["metrics.md"]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_metric_of_the_agent_is_explained(family: Family, reference: dict[str, str]) -> None:
    assert f"\n| `{family.name}` | {family.kind} |" in reference["metrics.md"]


@pytest.mark.parametrize("verb", VERBS, ids=lambda verb: verb.name)
def test_a_verb_is_explained_and_has_an_example(verb: Verb, reference: dict[str, str]) -> None:
    assert verb.summary.endswith(".")
    assert verb.examples
    assert all(arg.help for arg in verb.args)
    assert f"\n## {verb.name}\n" in reference["verbs.md"]


def test_every_phase_stands_in_the_table(reference: dict[str, str]) -> None:
    assert [phase for phase in Phase if phase not in reference["phases.md"]] == []


def test_the_menu_names_every_generated_page(reference: dict[str, str], root: Path) -> None:
    menu = (root / "mkdocs.yml").read_text(encoding="utf-8")

    pages = [name for name in reference if name.endswith(".md")]
    assert [name for name in pages if f"reference/{name}" not in menu] == []


def test_a_page_that_stays_as_it_is_is_not_written_again(
    generate: ModuleType, tmp_path: Path
) -> None:
    generate.write(tmp_path)
    before = {page: page.stat().st_mtime_ns for page in tmp_path.iterdir()}

    generate.write(tmp_path)

    assert before == {page: page.stat().st_mtime_ns for page in tmp_path.iterdir()}
