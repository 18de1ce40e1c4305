"""What is refused of a service that its manager starts itself."""

from __future__ import annotations

from typing import Any

import pytest

from svcctl.errors import SpecError
from svcctl.spec.hostless import is_hosted, refuse_for_scm, refuse_for_systemd
from svcctl.spec.log_rule import LogRule
from svcctl.spec.policy import Hooks, Limits, ReloadPolicy, Schedule, StopPolicy
from svcctl.spec.probe import Probe
from svcctl.spec.service import SecretsAs, ServiceSpec, Type


def spec(**changes: Any) -> ServiceSpec:
    return ServiceSpec(name="mailer", exec=("python", "mailer.py", "run"), host=False, **changes)


@pytest.mark.parametrize(
    ("option", "changes"),
    [
        ("instances", {"instances": 2}),
        ("health", {"health": (Probe(tcp="127.0.0.1:80"),)}),
        ("ready", {"ready": "port:80"}),
        ("hook.pause", {"hook": Hooks(pause=("pause",))}),
        ("hook.resume", {"hook": Hooks(resume=("resume",))}),
        ("limits.memory_restart", {"limits": Limits(memory_restart=1)}),
        ("rules", {"rules": (LogRule(match="ERROR"),)}),
        ("reload.watch", {"reload": ReloadPolicy(watch=("*.toml",))}),
        ("stop.http", {"stop": StopPolicy(http="http://127.0.0.1/stop")}),
    ],
)
def test_what_only_a_host_does_is_refused_by_name(option: str, changes: dict[str, Any]) -> None:
    for refuse in (refuse_for_systemd, refuse_for_scm):
        with pytest.raises(SpecError, match=f"only a host does '{option}'"):
            refuse(spec(**changes))


@pytest.mark.parametrize(
    ("option", "changes"),
    [
        ("schedule", {"schedule": Schedule(cron="0 0 L * *")}),
        ("secrets", {"secrets": {"A": "env:A"}, "secrets_as": SecretsAs.ENV}),
    ],
)
def test_systemd_has_no_way_for_some_of_it(option: str, changes: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=f"'{option}'"):
        refuse_for_systemd(spec(**changes))


@pytest.mark.parametrize(
    ("option", "changes"),
    [
        ("type", {"type": Type.ONESHOT}),
        ("shell", {"shell": True}),
        ("stdin", {"stdin": "open"}),
        ("env_file", {"env_file": (".env",)}),
        ("env_clean", {"env_clean": True}),
        ("secrets", {"secrets": {"A": "file:/a"}}),
        ("schedule", {"schedule": Schedule(every=60.0)}),
        ("hook", {"hook": Hooks(pre_start=(("check",),))}),
        ("limits", {"limits": Limits(nice=1)}),
        ("stop", {"stop": StopPolicy(signal="INT")}),
        ("reload.exec", {"reload": ReloadPolicy(exec=("reload",))}),
    ],
)
def test_the_scm_does_less_for_a_program(option: str, changes: dict[str, Any]) -> None:
    with pytest.raises(SpecError, match=f"'{option}'"):
        refuse_for_scm(spec(**changes))


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SpecError, match=r"\(and 1 more\)") as caught:
        refuse_for_systemd(spec(instances=2, ready="port:80"))

    assert len(caught.value.mistakes) == 2


def test_a_service_in_python_is_no_trouble_to_either() -> None:
    plain = spec(ready="notify", health=(Probe(heartbeat=30.0),), stop=StopPolicy(timeout=40.0))

    refuse_for_systemd(plain)
    refuse_for_scm(plain)


@pytest.mark.parametrize(
    ("manager", "hosted"),
    [("systemd", False), ("scm", False), ("launchd", True), ("agent", True)],
)
def test_only_who_can_start_it_itself_does_without_a_host(manager: str, hosted: bool) -> None:
    assert is_hosted(spec(), manager) is hosted
