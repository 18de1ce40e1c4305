"""Who answers a request that may be about native services: their managers, the agent, or both."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, Self

import pytest

from svcctl.auth.identity import inside
from svcctl.client.native import NativeClient
from svcctl.errors import AgentUnreachable, Conflict
from svcctl.observe.logs.query import Source
from svcctl.spec.service import ServiceSpec
from svcctl.wire import Request, Selection


@pytest.fixture
def client() -> NativeClient:
    """Give a client of a machine on which systemd keeps ``mailer``."""
    mailer = ServiceSpec(name="mailer", exec=("/bin/app",))
    services: Any = SimpleNamespace(specs=lambda: {"mailer": mailer})
    nobody: Any = None
    return NativeClient(
        services,
        host=nobody,
        sources=nobody,
        journal=nobody,
        events=nobody,
        audit=nobody,
        identity=nobody,
    )


def named(verb: str, *names: str) -> Request:
    return Request(verb=verb, select=Selection(names=names))


def test_a_native_service_is_asked_for_alone(client: NativeClient) -> None:
    split = client.split(named("status", "mailer"))

    assert split.native is not None
    assert split.agent is None


def test_the_agent_adds_to_the_events_of_a_native_service_if_it_is_there(
    client: NativeClient,
) -> None:
    split = client.split(named("events", "mailer"))

    assert split.native is not None
    assert split.agent is not None
    assert (split.agent.select.names, split.doubtful) == (("mailer",), True)


def test_a_name_that_is_none_of_theirs_is_for_the_agent(client: NativeClient) -> None:
    split = client.split(named("events", "web"))

    assert split.native is None
    assert not split.doubtful


class Host:
    """Answers as the host of one service does, or is not there."""

    def __init__(self, *, answers: object) -> None:
        self._answers = answers
        self.asked: list[Request] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing was opened."""

    def ask(self, request: Request) -> object:
        self.asked.append(request)
        if self._answers is None:
            raise AgentUnreachable("nobody answers")
        return self._answers


def hosted(host: Host, *, is_hosted: bool = True) -> NativeClient:
    """Give a client of a machine on which systemd keeps ``mailer`` by a *host*."""
    mailer = ServiceSpec(name="mailer", exec=("/bin/app",))
    services: Any = SimpleNamespace(
        specs=lambda: {"mailer": mailer}, is_hosted=lambda spec: is_hosted and spec is mailer
    )
    nobody: Any = None
    anybody: Any = lambda _: host  # noqa: E731
    audit: Any = lambda: SimpleNamespace(record=lambda _: None)  # noqa: E731
    return NativeClient(
        services,
        host=anybody,
        sources=nobody,
        journal=nobody,
        events=nobody,
        audit=audit,
        identity=inside("ann"),
    )


def result(client: NativeClient, verb: str, **args: object) -> object:
    request = Request(verb=verb, select=Selection(names=("mailer",)), args=args)
    ((is_result, document),) = client.answers(request)
    assert is_result
    return document


def test_what_a_host_heals_is_asked_of_it() -> None:
    shown = {"healing": {"enabled": True}, "wanted": [{"service": "mailer"}], "done": []}
    host = Host(answers=shown)

    assert result(hosted(host), "healing", since="1h") == shown
    assert [each.args for each in host.asked] == [{"since": "1h"}]


@pytest.mark.parametrize("host", [None, []], ids=["away", "none"])
def test_where_no_host_answers_nothing_is_healed(host: object) -> None:
    client = hosted(Host(answers=host), is_hosted=host is None)

    assert result(client, "healing") == {"healing": {}, "wanted": [], "done": []}
    assert result(client, "heal") == []


def test_a_command_is_run_by_the_host() -> None:
    rows = [{"service": "mailer", "instance": "mailer", "ok": True}]

    assert result(hosted(Host(answers=rows)), "run", command="dump") == rows
    with pytest.raises(Conflict, match="has no host of svcctl"):
        result(hosted(Host(answers=rows), is_hosted=False), "run", command="dump")


def logging_to(folder: Path) -> NativeClient:
    """Give a client of a machine on which ``mailer`` writes into *folder*."""
    mailer = ServiceSpec(name="mailer", exec=("/bin/app",))
    services: Any = SimpleNamespace(
        specs=lambda: {"mailer": mailer}, in_journal=lambda _: False, is_hosted=lambda _: True
    )
    source = Source(service="mailer", instance="mailer", folder=str(folder))
    nobody: Any = None
    return NativeClient(
        services,
        host=nobody,
        sources=lambda _: [source],
        journal=nobody,
        events=nobody,
        audit=nobody,
        identity=nobody,
    )


def logs(client: NativeClient, **args: object) -> list[Any]:
    request = Request(verb="logs", select=Selection(names=("mailer",)), args=args)
    return [document for _, document in client.answers(request)]


@pytest.fixture
def written(tmp_path: Path) -> Path:
    lines = ('{"level": "info", "msg": "sent"}', '{"level": "error", "msg": "lost"}')
    (tmp_path / "stdout.log").write_text("".join(f"{each}\n" for each in lines))
    return tmp_path


def test_records_are_found_by_what_they_say(written: Path) -> None:
    found, result = logs(logging_to(written), level="error")

    assert (found["level"], found["message"]) == ("error", "lost")
    assert result == {"lines": 1}


def test_records_are_summed_up(written: Path) -> None:
    total, result = logs(logging_to(written), stats=True)

    assert (total["service"], total["levels"]) == ("mailer", {"info": 1, "error": 1})
    assert result == {"services": 1}
