"""What an instance is called, and what it shares with the others of its service."""

from __future__ import annotations

import pytest

from svcctl.spec.instance import for_instance, instance_names
from svcctl.spec.policy import StopPolicy
from svcctl.spec.probe import Probe
from svcctl.spec.service import ServiceSpec

SHARED = ServiceSpec(
    name="web",
    exec=("app", "--serve"),
    env={"A": "1"},
    health=(Probe(http="http://127.0.0.1/"),),
    stop=StopPolicy(timeout=5.0),
)


@pytest.mark.parametrize(
    ("instances", "names"),
    [(1, ("web",)), (2, ("web", "web.2")), (3, ("web", "web.2", "web.3"))],
)
def test_the_first_instance_is_called_as_its_service(
    instances: int, names: tuple[str, ...]
) -> None:
    assert instance_names(ServiceSpec(name="web", exec=("x",), instances=instances)) == names


def test_a_spec_without_names_for_instances_is_kept_once() -> None:
    assert for_instance(SHARED, 2, 3) is SHARED


def test_what_names_no_instance_is_kept_once_beside_what_does() -> None:
    spec = ServiceSpec(
        name="web",
        exec=("app", "--port", "80${INSTANCE}"),
        env=SHARED.env,
        health=(*SHARED.health, Probe(tcp="127.0.0.1:80${INSTANCE_INDEX}")),
        stop=SHARED.stop,
    )

    found = for_instance(spec, 2, 3)

    assert found.exec == ("app", "--port", "802")
    assert found.health[1].tcp == "127.0.0.1:801"
    assert found.health[0] is SHARED.health[0]
    assert found.env is SHARED.env
    assert found.stop is SHARED.stop
    assert found.exec[0] is spec.exec[0]


def test_variables_are_replaced_one_by_one() -> None:
    env = {"ONE": "1", "ME": "${INSTANCE}/${INSTANCE_COUNT}", "TEXT": "$${INSTANCE}"}
    spec = ServiceSpec(name="web", exec=("x",), env=env)

    assert for_instance(spec, 1, 2).env == {"ONE": "1", "ME": "1/2", "TEXT": "${INSTANCE}"}
