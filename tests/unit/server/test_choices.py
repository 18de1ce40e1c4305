"""What whoever starts an agent may choose."""

from __future__ import annotations

import pytest

from svcctl.errors import UsageError
from svcctl.server.choices import Choices, read_choices


def test_nothing_is_chosen_unless_somebody_does() -> None:
    assert read_choices({"SVCCTL_AGENT_GROUP": "", "SVCCTL_AGENT_METRICS_PORT": ""}) == Choices()


def test_what_is_chosen_is_read() -> None:
    environ = {"SVCCTL_AGENT_GROUP": "ops", "SVCCTL_AGENT_METRICS_PORT": "9464"}

    assert read_choices(environ) == Choices(group="ops", metrics_port=9464)


def test_a_history_is_written_every_so_often() -> None:
    assert read_choices({"SVCCTL_AGENT_HISTORY": "1m"}).history == 60.0
    assert read_choices({"SVCCTL_AGENT_SAMPLE": "10s"}).sample == 10.0


@pytest.mark.parametrize("text", ["often", "500ms", "2h"])
def test_what_is_no_interval_for_a_history_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not an interval"):
        read_choices({"SVCCTL_AGENT_HISTORY": text})


@pytest.mark.parametrize("text", ["http", "-1", "65536", "٣"])
def test_what_is_no_port_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="not a port"):
        read_choices({"SVCCTL_AGENT_METRICS_PORT": text})
