"""What changed, and whether a running program has to be started again for it."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest

from svcctl.spec.diff import ChangeKind, diff
from svcctl.spec.options import options
from svcctl.spec.policy import Hooks, Limits, LogPolicy, RestartPolicy, Schedule, Stderr, StopPolicy
from svcctl.spec.probe import Probe
from svcctl.spec.service import Need, ServiceSpec, Start

WEB = ServiceSpec(name="web", exec=("web",))


def test_a_service_is_created_removed_or_unchanged() -> None:
    assert diff(None, WEB).kind is ChangeKind.CREATED
    assert diff(WEB, None).kind is ChangeKind.REMOVED
    assert diff(WEB, replace(WEB)).kind is ChangeKind.UNCHANGED
    assert diff(None, None).kind is ChangeKind.UNCHANGED


def test_each_changed_option_is_named_with_both_values() -> None:
    new = replace(
        WEB, exec=("web", "-v"), stop=StopPolicy(timeout=3.0), schedule=Schedule(every=60)
    )

    change = diff(WEB, new)

    assert change.kind is ChangeKind.CHANGED
    assert change.options == (
        ("exec", ["web"], ["web", "-v"]),
        ("stop.timeout", 15.0, 3.0),
        ("schedule", None, {"every": 60.0}),
    )


@pytest.mark.parametrize(
    "new",
    [
        replace(WEB, exec=("other",)),
        replace(WEB, cwd="/srv"),
        replace(WEB, env={"A": "1"}),
        replace(WEB, user="app"),
        replace(WEB, stdin="open"),
        replace(WEB, limits=Limits(nofile=10)),
        replace(WEB, log=LogPolicy(stderr=Stderr.MERGE)),
        replace(WEB, secrets={"A": "env:A"}),
    ],
    ids=lambda new: diff(WEB, new).options[0].path,
)
def test_what_a_program_gets_at_its_start_needs_a_restart(new: ServiceSpec) -> None:
    assert diff(WEB, new).needs_restart


@pytest.mark.parametrize(
    "new",
    [
        replace(WEB, restart=RestartPolicy(max=1)),
        replace(WEB, stop=StopPolicy(signal="INT")),
        replace(WEB, health=(Probe(tcp="a:1"),)),
        replace(WEB, hook=Hooks(pre_stop=(("x",),))),
        replace(WEB, labels={"a": "b"}),
        replace(WEB, description="x"),
        replace(WEB, log=LogPolicy(keep=1)),
        replace(WEB, limits=Limits(memory_restart=10)),
        replace(WEB, needs={"db": Need.READY}),
        replace(WEB, start=Start.MANUAL),
        replace(WEB, instances=2),
    ],
    ids=lambda new: diff(WEB, new).options[0].path,
)
def test_what_the_keeper_does_itself_needs_none(new: ServiceSpec) -> None:
    assert diff(WEB, new).options
    assert not diff(WEB, new).needs_restart


def test_options_that_need_a_restart_are_options() -> None:
    from svcctl.spec import diff as module

    known = {option.path for option in options()}

    assert known >= module.FIXED_AT_SPAWN
    assert len(fields(ServiceSpec)) > 30
