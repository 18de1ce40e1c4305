"""A service says of itself what there is to say, and nothing that is secret."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from svcctl.errors import Conflict, UsageError
from svcctl.sdk.config.history import History
from svcctl.sdk.config.live import Live
from svcctl.sdk.config.secret import Secret, secret
from svcctl.sdk.config.sources import Sources
from svcctl.sdk.crash.folder import CrashFolder
from svcctl.sdk.endpoint.asked import Answers, Asked
from svcctl.sdk.endpoint.on_config import on_config, on_no_config, outcome_document
from svcctl.sdk.endpoint.on_health import on_crashes, on_health, on_metrics
from svcctl.sdk.endpoint.on_life import Doings, Identity, on_life
from svcctl.sdk.endpoint.on_logs import on_logs
from svcctl.sdk.health.checks import Checks
from svcctl.sdk.health.result import Group, Result, Status
from svcctl.sdk.logs.levels import Levels
from svcctl.sdk.metrics.registry import Registry
from svcctl.sdk.phases import Phase
from svcctl.testing.fakes import FakeClock


def ask(answers: Answers, verb: str, **args: object) -> Any:
    """Ask one thing."""

    async def asked() -> object:
        return await answers[verb](Asked(args=args, who="ann"))

    return asyncio.run(asked())


@dataclass
class FakeLife:
    """A life that does at once what it is told, unless it refuses."""

    phase: Phase = Phase.RUNNING
    text: str = "3 sent"
    refusal: str = ""
    heard: list[str] = field(default_factory=list)

    def stop(self, *, shutdown: bool) -> None:
        del shutdown
        self.phase = Phase.DRAINING

    async def await_pause(self) -> None:
        if self.refusal:
            raise Conflict(self.refusal)
        self.phase = Phase.PAUSED

    async def await_resume(self) -> None:
        self.phase = Phase.RUNNING

    async def await_reload(self, *, who: str) -> object:
        self.heard.append(f"reload for {who}")
        return None

    async def await_control(self, code: int) -> None:
        self.heard.append(f"control {code}")


IDENTITY = Identity(service="mailer", instance="mailer.2", version="1", started_at=5.0)


def life_answers(life: FakeLife, *, controls: bool = True, broken: bool = False) -> Answers:
    async def job(name: str) -> None:
        if life.refusal:
            raise Conflict(life.refusal)
        if broken:
            raise LookupError("password=hunter2")
        life.heard.append(name)

    return on_life(life, IDENTITY, Doings(jobs=["checkpoint"], job=job, controls=controls))


def test_a_service_says_who_it_is_and_how() -> None:
    about = ask(life_answers(FakeLife()), "about")

    assert (about["service"], about["instance"], about["jobs"]) == (
        "mailer",
        "mailer.2",
        ["checkpoint"],
    )
    assert (about["phase"], about["text"]) == ("running", "3 sent")


@pytest.mark.parametrize(
    ("verb", "phase"), [("pause", "paused"), ("resume", "running"), ("stop", "draining")]
)
def test_a_control_is_answered_with_what_is_true_after_it(verb: str, phase: str) -> None:
    assert ask(life_answers(FakeLife()), verb)["phase"] == phase


def test_a_pause_that_is_refused_is_no_answer() -> None:
    with pytest.raises(Conflict, match="not now"):
        ask(life_answers(FakeLife(refusal="not now")), "pause")


def test_a_service_without_a_configuration_has_applied_what_it_does_at_a_reload() -> None:
    life = FakeLife()

    assert ask(life_answers(life), "reload") == {"verdict": "applied", "mistakes": []}
    assert life.heard == ["reload for ann"]


def test_a_control_code_is_handed_on() -> None:
    life = FakeLife()

    ask(life_answers(life), "control", code=130)

    assert life.heard == ["control 130"]


def test_a_code_that_windows_would_not_send_is_refused() -> None:
    with pytest.raises(UsageError, match="5 is no user control code"):
        ask(life_answers(FakeLife()), "control", code=5)


def test_who_takes_no_codes_has_no_answer_for_them() -> None:
    assert "control" not in life_answers(FakeLife(), controls=False)


def test_a_job_is_called_now() -> None:
    life = FakeLife()

    assert ask(life_answers(life), "job", name="checkpoint") == {"job": "checkpoint"}
    assert life.heard == ["checkpoint"]


def test_a_job_there_is_not_is_named_with_those_there_are() -> None:
    with pytest.raises(UsageError, match="no job 'check_point'") as refused:
        ask(life_answers(FakeLife()), "job", name="check_point")

    assert refused.value.hint == "one of: checkpoint"


def test_a_job_that_is_refused_is_refused_in_its_own_words() -> None:
    with pytest.raises(Conflict, match=r"^not now$"):
        ask(life_answers(FakeLife(refusal="not now")), "job", name="checkpoint")


def test_what_a_job_fails_of_is_told_without_secrets() -> None:
    with pytest.raises(Conflict, match="job checkpoint failed: LookupError") as failed:
        ask(life_answers(FakeLife(), broken=True), "job", name="checkpoint")

    assert "hunter2" not in failed.value.problem


@dataclass(frozen=True, kw_only=True)
class Config:
    count: int = 0
    password: Secret = secret("env:PASSWORD", default="")


Scene = Callable[[Path, Answers], Awaitable[None]]


def configured(folder: Path, scene: Scene) -> None:
    """Play a scene with a service whose file is in *folder*."""
    path = folder / "mailer.toml"
    path.write_text("count = 1\n")

    async def played() -> None:
        sources = Sources(files=(str(path),), environ={"PASSWORD": "hunter2"})
        live = Live(Config, sources, clock=FakeClock(), history=History())
        await scene(path, {**on_config(live), "reload": _reload(live)})

    asyncio.run(played())


def _reload(live: Live[Config]) -> Callable[[Asked], Awaitable[object]]:
    async def reload(asked: Asked) -> object:
        return outcome_document(await live.reload(who=asked.who))

    return reload


async def said(answers: Answers, verb: str, **args: object) -> Any:
    return await answers[verb](Asked(args=args, who="ann"))


def test_a_configuration_is_shown_with_its_origins_and_no_secret(tmp_path: Path) -> None:
    async def scene(path: Path, answers: Answers) -> None:
        shown = await said(answers, "config")

        count, password = shown["values"]
        assert (count["key"], count["value"]) == ("count", "1")
        assert str(path) in count["origin"]
        assert password["value"] == "***"
        assert "hunter2" not in str(shown)

    configured(tmp_path, scene)


def test_a_service_without_a_configuration_says_so() -> None:
    with pytest.raises(Conflict, match="'mailer' has no configuration"):
        ask(on_no_config("mailer"), "config-history")


def test_a_rejected_reload_is_answered_with_every_mistake(tmp_path: Path) -> None:
    async def scene(path: Path, answers: Answers) -> None:
        path.write_text('count = "many"\nnoise = 1\n')

        outcome = await said(answers, "reload")

        assert outcome["verdict"] == "rejected"
        assert {each["line"] for each in outcome["mistakes"]} == {1, 2}
        assert (await said(answers, "config"))["rejected"]["who"] == "ann"

    configured(tmp_path, scene)


def test_a_rollback_is_written_down_with_who_asked_for_it(tmp_path: Path) -> None:
    async def scene(path: Path, answers: Answers) -> None:
        path.write_text("count = 2\n")
        assert (await said(answers, "reload"))["changed"] == ["count"]

        outcome = await said(answers, "config-rollback", version=1)

        assert (outcome["verdict"], outcome["version"]) == ("applied", 3)
        *_, last = await said(answers, "config-history")
        assert (last["who"], last["what"], last["in_force"]) == ("ann", "rollback to 1", True)
        assert "texts" not in last

    configured(tmp_path, scene)


def test_a_version_there_is_not_is_refused(tmp_path: Path) -> None:
    async def scene(_: Path, answers: Answers) -> None:
        with pytest.raises(UsageError, match="version 9 is not in the history"):
            await said(answers, "config-rollback", version=9)

    configured(tmp_path, scene)


def test_a_level_is_set_for_a_while_and_taken_back() -> None:
    answers = on_logs(Levels(FakeClock()))

    changed = ask(answers, "set-log-level", level="debug", **{"for": 600})

    assert (changed[0]["level"], changed[0]["until"] is not None) == ("debug", True)
    assert ask(answers, "log-level") == changed
    assert ask(answers, "set-log-level", reset=True)[0] == {
        "logger": "",
        "level": "info",
        "until": None,
    }


def test_a_level_of_one_logger_leaves_the_others() -> None:
    answers = on_logs(Levels(FakeClock()))

    shown = ask(answers, "set-log-level", logger="mailer.smtp", level="error")

    assert [(each["logger"], each["level"]) for each in shown] == [
        ("", "info"),
        ("mailer.smtp", "error"),
    ]


def test_a_change_without_a_level_is_refused() -> None:
    with pytest.raises(UsageError, match="no level"):
        ask(on_logs(Levels(FakeClock())), "set-log-level")


def test_health_is_told_check_by_check_whatever_is_in_the_details() -> None:
    async def story() -> Any:
        checks = Checks(clock=FakeClock())

        async def disk() -> Result:
            return Result(status=Status.DEGRADED, details={"free": 1, "at": Path("x")})

        checks.add("disk", disk, groups=[Group.LIVE])
        answers = on_health(checks)
        return await said(answers, "health"), await said(answers, "health", group="startup")

    every, startup = asyncio.run(story())

    assert every == {
        "status": "DEGRADED",
        "checks": {"disk": {"status": "DEGRADED", "details": {"free": 1, "at": "x"}}},
    }
    assert startup == {"status": "UP", "checks": {}}


def test_a_group_there_is_not_is_refused() -> None:
    with pytest.raises(UsageError, match="no group 'dead'"):
        ask(on_health(Checks(clock=FakeClock())), "health", group="dead")


def test_metrics_are_given_as_they_are_scraped() -> None:
    registry = Registry()
    registry.counter("mails", "Mails sent.").add(2)

    async def exposition(open_metrics: bool) -> tuple[str, bytes]:
        return registry.exposition(open_metrics=open_metrics)

    given = ask(on_metrics(exposition), "metrics")

    assert "mails_total 2" in given["text"]


def test_crash_reports_are_named_newest_first(tmp_path: Path) -> None:
    folder = CrashFolder(str(tmp_path))
    for stamp in ("1", "2"):
        folder.add(f"crash-{stamp}-f-0.json", {})

    found = ask(on_crashes(folder), "crashes")

    assert [Path(each).name for each in found] == ["crash-2-f-0.json", "crash-1-f-0.json"]
