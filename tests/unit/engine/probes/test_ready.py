"""What a service waits for before it counts as running."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.engine.probes.ready import Readiness, readiness
from svcctl.errors import SpecError
from svcctl.spec.grammar import check_ready
from svcctl.spec.probe import Probe, Purpose
from svcctl.spec.service import ServiceSpec, Type

STARTUP = Probe(exec=("migrated",), purpose=Purpose.STARTUP)
READY = Probe(tcp="127.0.0.1:80", purpose=Purpose.READY)
LIVE = Probe(http="http://127.0.0.1/")
LIVE_LOG = Probe(log="PANIC")


def wanted(ready: str, *health: Probe) -> Readiness:
    return readiness(ServiceSpec(name="web", exec=("web",), ready=ready, health=health))


def test_a_program_without_probes_is_ready_at_once() -> None:
    assert wanted("exec", LIVE).at_once


@pytest.mark.parametrize(
    ("ready", "expected"),
    [
        ("exec", Readiness(probes=(STARTUP, READY))),
        ("delay:1m30s", Readiness(delay=90.0, probes=(STARTUP, READY))),
        ("notify", Readiness(notify=True, probes=(STARTUP, READY))),
        ("health", Readiness(probes=(STARTUP, READY))),
    ],
)
def test_startup_and_ready_probes_are_waited_for_as_well(ready: str, expected: Readiness) -> None:
    assert wanted(ready, STARTUP, LIVE, READY) == expected
    assert not expected.at_once


def test_a_port_and_a_line_are_probes_of_their_own() -> None:
    (port,) = wanted("port:8080").probes
    (line,) = wanted("log:ready: [a-z]+").probes

    assert (port.tcp, port.purpose) == ("127.0.0.1:8080", Purpose.STARTUP)
    assert (line.log, line.purpose) == ("ready: [a-z]+", Purpose.STARTUP)


def test_a_program_that_forks_is_ready_when_it_did() -> None:
    spec = ServiceSpec(name="d", exec=("d",), type=Type.FORKING, pid_file="/run/d.pid")

    assert readiness(spec) == Readiness(fork=True)
    assert not readiness(spec).at_once


def test_health_without_other_probes_means_the_live_ones() -> None:
    assert wanted("health", LIVE, LIVE_LOG).probes == (LIVE,)


@given(
    st.one_of(
        st.sampled_from(["exec", "notify", "health"]),
        st.integers(1, 65535).map("port:{}".format),
        st.integers(0, 10**6).map("delay:{}ms".format),
        st.text(max_size=10).map("log:{}".format),
        st.text(max_size=20),
    )
)
def test_whatever_the_loader_lets_through_is_understood(text: str) -> None:
    try:
        check_ready(text)
    except SpecError:
        return

    assert isinstance(wanted(text, READY), Readiness)
