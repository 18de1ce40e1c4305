"""What a spec prints as JSON loads back equal, and nothing else loads."""

from __future__ import annotations

import dataclasses
import json
import subprocess
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.spec import canonical
from svcctl.spec.diff import ChangeKind, diff
from svcctl.spec.service import ServiceSpec
from svcctl.spec.shape import Kind, Shape, members

_TEXTS = st.text(max_size=6)


def values_of(shape: Shape) -> st.SearchStrategy[Any]:
    """Make values of the type *shape* says, whether or not they make sense."""
    if shape.kind is Kind.TABLE:
        made: st.SearchStrategy[Any] = tables_of(shape.of)
    elif shape.kind is Kind.CHOICE:
        made = st.sampled_from(list(shape.of))  # type: ignore[call-overload]  # an enum
    elif shape.kind is Kind.LIST and shape.item:
        made = st.lists(values_of(shape.item), max_size=3).map(tuple)
    elif shape.kind is Kind.MAP and shape.item:
        made = st.dictionaries(_TEXTS, values_of(shape.item), max_size=3)
    else:
        made = {
            Kind.FLAG: st.booleans(),
            Kind.WHOLE: st.integers(),
            Kind.NUMBER: st.floats(allow_nan=False, allow_infinity=False),
            Kind.TEXT: _TEXTS,
        }[shape.kind]
    return st.none() | made if shape.optional else made


def tables_of(table: type) -> st.SearchStrategy[Any]:
    """Make *table* with some options set and others left at their defaults."""
    known = members(table).values()
    required = {each.name: values_of(each.shape) for each in known if each.required}
    optional = {each.name: values_of(each.shape) for each in known if not each.required}
    return st.fixed_dictionaries(required, optional=optional).map(lambda parts: table(**parts))


@given(tables_of(ServiceSpec))
def test_whatever_a_spec_prints_loads_back_equal(spec: ServiceSpec) -> None:
    document = canonical.dump(spec)
    read = json.loads(canonical.text(document))

    assert canonical.parse(read) == spec
    assert canonical.dump(canonical.parse(read)) == document
    assert canonical.revision(read) == canonical.revision(document)


@given(tables_of(ServiceSpec), tables_of(ServiceSpec))
def test_two_specs_have_one_revision_only_if_they_are_equal(
    one: ServiceSpec, other: ServiceSpec
) -> None:
    same = canonical.revision(canonical.dump(one)) == canonical.revision(canonical.dump(other))

    assert same == (canonical.text(canonical.dump(one)) == canonical.text(canonical.dump(other)))
    assert diff(one, one).kind is ChangeKind.UNCHANGED


def test_only_what_differs_from_the_defaults_is_written_in_a_stable_order() -> None:
    document = canonical.dump(ServiceSpec(name="web", start="auto", exec=("app",)))  # type: ignore[arg-type]

    assert list(document) == ["name", "exec"]
    assert canonical.text(document) == '{"exec":["app"],"name":"web"}'
    assert canonical.revision(document) == "29ab1475692b"


@pytest.mark.parametrize(
    ("document", "problem"),
    [
        (None, "spec is not table"),
        ({}, "spec has no 'name'"),
        ({"name": "a", "exce": []}, "spec has an unknown option 'exce'"),
        ({"name": 1}, "spec.name is not text"),
        ({"name": "a", "exec": "b"}, "spec.exec is not list"),
        ({"name": "a", "shell": 1}, "spec.shell is not true or false"),
        ({"name": "a", "instances": True}, "spec.instances is not whole number"),
        ({"name": "a", "restart": {"factor": "2"}}, "spec.restart.factor is not number"),
        ({"name": "a", "restart": {"factor": float("nan")}}, "spec.restart.factor is not number"),
        ({"name": "a", "restart": None}, "spec.restart is not table"),
        ({"name": "a", "health": [{"for": "x"}]}, "spec.health[0].for is not one of startup"),
        ({"name": "a", "start": []}, "spec.start is not one of auto"),
        ({"name": "a", "env": {"a": None}}, "spec.env.a is not text"),
        ({"name": "a", 5: None}, "spec is not table"),
    ],
)
def test_anything_else_is_refused(document: object, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        canonical.parse(document)

    assert caught.value.problem.startswith(problem)


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | _TEXTS,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(list(members(ServiceSpec))) | _TEXTS, inner, max_size=4)
    ),
)


@given(_JSON)
def test_no_document_makes_parse_raise_anything_but_a_spec_error(document: object) -> None:
    try:
        spec = canonical.parse(document)
    except SpecError:
        return
    assert dataclasses.is_dataclass(spec)


@pytest.mark.slow
def test_the_agent_reads_specs_without_any_third_party_package() -> None:
    code = (
        "import sys\n"
        "import svcctl.spec.canonical, svcctl.spec.diff, svcctl.spec.instance\n"
        "loaded = {name.partition('.')[0] for name in sys.modules}\n"
        "print(sorted(loaded & {'pydantic', 'pydantic_core', 'cronsim', 'click', 'yaml'}))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, text=True, timeout=30
    )

    assert done.stdout == "[]\n"
