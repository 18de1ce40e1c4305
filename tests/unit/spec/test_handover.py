"""What a host is left to do."""

from __future__ import annotations

from dataclasses import replace

import pytest

from svcctl.spec.handover import handed_over, to_launchd_host, to_scm_host
from svcctl.spec.policy import Limits, Overlap, Schedule
from svcctl.spec.service import Need, SecretsAs, ServiceSpec, Start

SPEC = ServiceSpec(
    name="web",
    exec=("web",),
    user="www",
    group="www-data",
    supplementary_groups=("ssl",),
    umask=0o27,
    no_new_privs=True,
    cap_bound=("chown",),
    needs={"db": Need.READY},
    after=("cache",),
    schedule=Schedule(every=60.0),
    start=Start.DELAYED,
    limits=Limits(memory=1000, tasks=3, memory_restart=900),
)


def test_what_the_unit_enforces_is_not_done_twice() -> None:
    found = handed_over(SPEC)

    assert found == ServiceSpec(
        name="web", exec=("web",), start=Start.MANUAL, limits=Limits(memory_restart=900)
    )


@pytest.mark.parametrize(
    "schedule", [Schedule(cron="0 0 L * *"), Schedule(every=1.0, overlap=Overlap.QUEUE)]
)
def test_a_clock_no_timer_can_be_stays_with_the_host(schedule: Schedule) -> None:
    assert handed_over(replace(SPEC, schedule=schedule)).schedule == schedule


@pytest.mark.parametrize(
    ("secrets", "secrets_as", "user", "expected"),
    [
        ({"A": "file:/etc/a"}, SecretsAs.FILE, "www", {}),
        ({"A": "file:/etc/a"}, SecretsAs.FILE, None, {}),
        (
            {"A": "file:/etc/a"},
            SecretsAs.ENV,
            "www",
            {"A": "file:/run/credentials/web.service/A"},
        ),
        ({"A": "file:/etc/a"}, SecretsAs.ENV, None, {"A": "file:/etc/a"}),
        (
            {"A": "file:/etc/a", "B": "env:B"},
            SecretsAs.FILE,
            "www",
            {"A": "file:/run/credentials/web.service/A", "B": "env:B"},
        ),
    ],
)
def test_secrets_are_read_where_the_host_may_read_them(
    secrets: dict[str, str], secrets_as: SecretsAs, user: str | None, expected: dict[str, str]
) -> None:
    spec = replace(SPEC, secrets=secrets, secrets_as=secrets_as, user=user)

    assert handed_over(spec).secrets == expected


def test_the_scm_has_logged_the_account_on_and_knows_no_clock() -> None:
    found = to_scm_host(replace(SPEC, needs={}))

    assert (found.user, found.start, found.schedule) == (None, Start.MANUAL, SPEC.schedule)


def test_launchd_minds_the_clock_and_nothing_else() -> None:
    found = to_launchd_host(SPEC)

    assert (found.user, found.needs, found.schedule) == ("www", {}, None)
    assert found.limits == SPEC.limits
