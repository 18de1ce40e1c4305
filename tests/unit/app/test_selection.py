"""Which services a person means."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.selection import choose, service_of
from svcctl.errors import SvcctlError, UnknownService, UsageError
from svcctl.spec.service import ServiceSpec
from svcctl.wire import Selection

SPECS = {
    spec.name: spec
    for spec in (
        ServiceSpec(name="web", exec=("w",), instances=2, groups=("shop",), labels={"tier": "f"}),
        ServiceSpec(name="api", exec=("a",), groups=("shop",), labels={"tier": "b", "zone": "1"}),
        ServiceSpec(name="db", exec=("d",), labels={"tier": "b", "zone": "2"}),
        ServiceSpec(name="job-1", exec=("j",)),
        ServiceSpec(name="job-2", exec=("j",)),
    )
}


def chosen(*names: str, labels: tuple[str, ...] = (), everything: bool = False) -> list[str]:
    return choose(Selection(names=names, labels=labels, all=everything), SPECS)


@pytest.mark.parametrize(
    ("names", "meant"),
    [
        (("web",), ["web"]),
        (("web", "db"), ["db", "web"]),
        (("web", "web"), ["web"]),
        (("job-*",), ["job-1", "job-2"]),
        (("job-[!1]",), ["job-2"]),
        (("?b",), ["db"]),
        (("@shop",), ["api", "web"]),
        (("@shop", "d*"), ["api", "db", "web"]),
        (("web.2",), ["web.2"]),
        (("web.1",), ["web.1"]),
    ],
)
def test_names_globs_groups_and_instances(names: tuple[str, ...], meant: list[str]) -> None:
    assert chosen(*names) == meant


def test_all_means_every_service() -> None:
    assert chosen(everything=True) == sorted(SPECS)


def test_labels_must_all_fit() -> None:
    assert chosen(labels=("tier=b",)) == ["api", "db"]
    assert chosen(labels=("tier=b", "zone=2")) == ["db"]


def test_labels_narrow_what_was_named() -> None:
    assert chosen("@shop", labels=("tier=b",)) == ["api"]
    assert chosen("web.2", labels=("tier=f",)) == ["web.2"]


def test_a_label_may_hold_a_sign_of_its_own() -> None:
    with pytest.raises(UnknownService):
        chosen(labels=("tier=b=c",))


@pytest.mark.parametrize("label", ["tier", "=b"])
def test_a_label_without_a_name_or_a_value_makes_no_sense(label: str) -> None:
    with pytest.raises(UsageError):
        chosen(labels=(label,))


def test_labels_that_nothing_has_are_named() -> None:
    with pytest.raises(UnknownService, match="'zone=9'"):
        chosen(labels=("zone=9",))


@pytest.mark.parametrize(
    "name",
    [
        "web.0",
        "web.3",
        "web.x",
        "web.",
        "web.²",
        "web.٢",
        "web.02",
        "web.-1",
        ".1",
        "",
        "web." + "9" * 5000,
    ],
)
def test_there_is_no_such_instance(name: str) -> None:
    with pytest.raises(UnknownService):
        chosen(name)


@pytest.mark.parametrize(
    ("name", "problem", "hint"),
    [
        ("wbe", "no service 'wbe'", "did you mean 'web'?"),
        ("@shpo", "no group '@shpo'", "did you mean '@shop'?"),
        ("zzz*", "no service 'zzz*'", "known: api, db, job-1, job-2, web"),
    ],
)
def test_what_is_unknown_is_named_with_what_was_meant(name: str, problem: str, hint: str) -> None:
    with pytest.raises(UnknownService) as raised:
        chosen(name)

    assert (raised.value.problem, raised.value.hint) == (problem, hint)


def test_with_no_services_none_is_known() -> None:
    with pytest.raises(UnknownService) as raised:
        choose(Selection(names=("web",)), {})

    assert raised.value.hint == "known: none yet"


def test_an_instance_belongs_to_its_service() -> None:
    assert service_of("web.2", SPECS) == service_of("web", SPECS) == "web"


def test_a_selection_of_nothing_is_empty() -> None:
    assert Selection().empty
    assert not any(
        each.empty
        for each in (Selection(names=("a",)), Selection(labels=("a=b",)), Selection(all=True))
    )


@given(names=st.lists(st.text(max_size=6), min_size=1, max_size=3))
def test_no_text_is_more_than_an_expected_mistake(names: list[str]) -> None:
    try:
        found = chosen(*names)
    except SvcctlError:
        return
    assert found == sorted(set(found))
