"""No service may be called as an instance of another: both would have one journal."""

from __future__ import annotations

import pytest

from svcctl.engine.clashes import refuse
from svcctl.errors import Conflict
from svcctl.spec.service import ServiceSpec


def spec(name: str, instances: int = 1) -> ServiceSpec:
    return ServiceSpec(name=name, exec=("x",), instances=instances)


@pytest.mark.parametrize(
    ("wanted", "known"),
    [
        ([spec("web", 3), spec("web.3")], []),
        ([spec("web.3"), spec("web", 3)], []),
        ([spec("web.1")], [spec("web")]),
        ([spec("web", 2)], [spec("web.2")]),
        ([spec("web")], [spec("web.1")]),
        ([spec("a.b", 2), spec("c")], [spec("a.b.2")]),
        ([spec("a.b.2")], [spec("a.b", 2)]),
    ],
)
def test_the_name_of_an_instance_is_taken(
    wanted: list[ServiceSpec], known: list[ServiceSpec]
) -> None:
    with pytest.raises(Conflict, match="has the name of an instance of") as caught:
        refuse(wanted, known={each.name: each for each in known})

    assert caught.value.hint == "give one of them another name"


@pytest.mark.parametrize(
    ("wanted", "known"), [(spec("web.2"), spec("web", 2)), (spec("web", 2), spec("web.2"))]
)
def test_a_clash_is_named_with_both_services(wanted: ServiceSpec, known: ServiceSpec) -> None:
    with pytest.raises(Conflict) as caught:
        refuse([wanted], known={known.name: known})

    assert caught.value.problem == "service 'web.2' has the name of an instance of 'web'"


@pytest.mark.parametrize("name", ["web.4", "web.0", "web.03", "web.x", "web.", "webb", "x.1"])
def test_other_names_are_free(name: str) -> None:
    refuse([spec(name)], known={"web": spec("web", 3)})


def test_what_is_wanted_counts_in_its_new_size() -> None:
    refuse([spec("web", 2), spec("web.3")], known={"web": spec("web", 3)})


def test_there_is_no_instance_zero() -> None:
    refuse([spec("web", 3)], known={"web.0": spec("web.0")})
