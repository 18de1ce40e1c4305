"""The page for scrapers, of an agent in a world of fakes."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest

from svcctl.app.agent import About
from svcctl.app.foreign_logs import ForeignLogs
from svcctl.app.log_source import LogSources
from svcctl.app.metrics import LineCount, Metrics, VerbCount
from svcctl.app.natives import Natives
from svcctl.app.watching import Watching
from svcctl.engine.life import Told
from svcctl.engine.manager import AgentManager
from svcctl.errors import Conflict
from svcctl.events import FindingMade
from svcctl.observe.metrics.exposition import TYPE
from svcctl.observe.metrics.tally import Tally
from svcctl.ports import Applied, Usage
from svcctl.spec import canonical
from svcctl.spec.policy import RestartPolicy
from svcctl.spec.probe import Probe, Purpose
from svcctl.spec.service import ServiceSpec
from svcctl.testing.world import FakeWorld
from svcctl.wire import Selection

WEB = 'service="web",service_instance="web"'


def no_sources() -> LogSources:
    raise AssertionError("nothing is watched here")


class Scraped:
    """An agent that keeps *specs*, and its page as numbers."""

    def __init__(self, world: FakeWorld) -> None:
        self.world, self.tally = world, Tally()
        self.trends: dict[str, float] = {}
        world.bus.subscribe(self.tally.notice)
        self.manager = AgentManager(world.ports)
        about = About(
            version="1.2",
            home="/x",
            socket="/x/agent.sock",
            started_at=5.0,
            adopted=0,
            recovered="",
            usage=lambda: {"cpu_seconds": 1.5, "memory_bytes": 4096, "open_files": None},
        )
        self.natives = Natives()
        watching = Watching(self.manager)
        self.foreign = ForeignLogs(self.manager, watching=watching, open_sources=no_sources)
        self.metrics = Metrics(
            self.manager,
            about=about,
            tally=self.tally,
            natives=self.natives,
            foreign=self.foreign,
            trend=self.trends.get,
        )

    async def keep(self, spec: ServiceSpec) -> None:
        document = canonical.dump(spec)
        revision = canonical.revision(document)
        await self.manager.install(Applied(name=spec.name, spec=document, revision=revision))
        self.manager.start(spec.name)

    def page(self) -> dict[str, float]:
        lines = (line for line in self.metrics.page().splitlines() if not line.startswith("#"))
        return {
            series.removeprefix("svcctl_"): float(value)
            for series, _, value in (line.rpartition(" ") for line in lines)
        }


@pytest.fixture
def scraped(world: FakeWorld) -> Scraped:
    return Scraped(world)


def spec(name: str = "web", *health: Probe) -> ServiceSpec:
    return ServiceSpec(name=name, exec=("/bin/app",), health=health)


async def test_a_running_service_is_up_and_measured(scraped: Scraped) -> None:
    await scraped.keep(spec())
    scraped.world.child().memory_bytes = 42
    scraped.world.clock.forward(10.0)

    page = scraped.page()

    assert page[f"service_up{{{WEB}}}"] == 1
    assert page[f'service_phase{{{WEB},phase="running"}}'] == 1
    assert page[f'service_phase{{{WEB},phase="failed"}}'] == 0
    assert page[f"service_ready{{{WEB}}}"] == 1
    assert page[f"service_uptime_seconds{{{WEB}}}"] == 10.0
    assert page[f'service_memory_bytes{{{WEB},memtype="resident"}}'] == 42
    assert page[f"service_open_fds{{{WEB}}}"] == 3
    assert page[f"service_starts_total{{{WEB}}}"] == 1


async def test_processor_time_is_told_by_who_worked(
    scraped: Scraped, monkeypatch: pytest.MonkeyPatch
) -> None:
    await scraped.keep(spec())
    used = Usage(cpu_seconds=3.5, system_seconds=1.25)
    monkeypatch.setattr(scraped.world.spawner, "usage", lambda _, **__: [used])

    page = scraped.page()

    assert page[f'service_cpu_seconds_total{{{WEB},mode="user"}}'] == 2.25
    assert page[f'service_cpu_seconds_total{{{WEB},mode="system"}}'] == 1.25


async def test_restarts_are_told_by_their_reason_whichever_agent_saw_them(
    scraped: Scraped,
) -> None:
    await scraped.keep(replace(spec(), restart=RestartPolicy(delay=0.0)))
    scraped.world.child().exit(1)
    scraped.world.child().exit(signal="SEGV")
    scraped.manager.instance("web").tell(Told.MEMORY_EXCEEDED)
    scraped.world.clock.forward(1.0)

    later = Scraped(scraped.world.successor())
    later.manager.load()

    page = later.page()
    assert page[f'service_restarts_total{{{WEB},reason="exited"}}'] == 2
    assert page[f'service_restarts_total{{{WEB},reason="memory"}}'] == 1


async def test_what_does_not_run_uses_nothing_and_keeps_its_exit_code(scraped: Scraped) -> None:
    await scraped.keep(spec())
    scraped.world.child().exit(3)

    page = scraped.page()

    assert page[f"service_up{{{WEB}}}"] == 0
    assert page[f"service_last_exit_code{{{WEB}}}"] == 3
    assert page[f'service_exits_total{{{WEB},status="3"}}'] == 1
    assert f"service_processes{{{WEB}}}" not in page
    assert f"service_start_time_seconds{{{WEB}}}" not in page


async def test_a_probe_without_a_verdict_is_neither_good_nor_bad(scraped: Scraped) -> None:
    await scraped.keep(spec("web", Probe(log="fatal", purpose=Purpose.LIVE)))
    name = f'probe_success{{{WEB},probe="log fatal",purpose="live"}}'

    assert name not in scraped.page()
    scraped.world.sinks["web"].log("fatal: no disk")

    assert scraped.page()[name] == 0


async def test_private_memory_is_measured_of_suspects_alone_and_seldom(scraped: Scraped) -> None:
    name = f'service_memory_bytes{{{WEB},memtype="private"}}'
    await scraped.keep(spec())
    scraped.world.child().memory_bytes = 42
    assert name not in scraped.page()
    scraped.tally.notice(leak())

    first = scraped.page()[name]
    scraped.world.child().memory_bytes = 43
    soon = scraped.page()[name]
    scraped.world.clock.forward(300.0)
    later = scraped.page()[name]

    assert (first, soon, later) == (42, 42, 43)


def leak() -> FindingMade:
    return FindingMade(
        at=0.0,
        service="web",
        instance="web",
        kind="leak",
        subject="memory",
        pattern="memory",
        observed="",
        expected="",
        since=0.0,
        score=1.0,
        explanation="",
    )


async def test_the_trend_is_told_of_what_leaks(scraped: Scraped) -> None:
    name = f"service_memory_trend_bytes_per_second{{{WEB}}}"
    await scraped.keep(spec())
    assert name not in scraped.page()

    scraped.trends["web"] = 1_500.0

    assert scraped.page()[name] == 1_500.0


async def test_the_agent_tells_of_itself_what_it_knows(scraped: Scraped) -> None:
    page = scraped.page()

    assert page['build_info{version="1.2"}'] == 1
    assert page["agent_start_time_seconds"] == 5.0
    assert page["agent_cpu_seconds_total"] == 1.5
    assert "agent_open_fds" not in page


async def test_the_page_is_given_as_text_to_whoever_scrapes(scraped: Scraped) -> None:
    kind, text = await scraped.metrics.exposition(True)

    assert kind == TYPE
    assert b"svcctl_build_info" in text


async def test_lines_are_counted_by_level_whenever_a_service_came(scraped: Scraped) -> None:
    lines = LineCount(scraped.manager, scraped.tally, scraped.foreign)
    await scraped.keep(spec())
    lines.begin()
    await scraped.keep(spec("db"))

    scraped.world.sinks["web"].log("INFO up", "ERROR down", "INFO up")
    scraped.world.sinks["db"].log("nothing", stream="stderr")

    page = scraped.page()
    assert page[f'log_lines_total{{{WEB},stream="stdout",level="info"}}'] == 2
    assert page[f'log_lines_total{{{WEB},stream="stdout",level="error"}}'] == 1
    db = 'service="db",service_instance="db",stream="stderr",level="unknown"'
    assert page[f"log_lines_total{{{db}}}"] == 1
    assert page[f"log_bytes_total{{{WEB}}}"] == len("INFO up\nERROR down\nINFO up\n")


async def test_a_restarted_program_has_its_lines_counted_once(scraped: Scraped) -> None:
    lines = LineCount(scraped.manager, scraped.tally, scraped.foreign)
    lines.begin()
    await scraped.keep(spec())
    scraped.manager.restart("web")
    scraped.world.child().exit(0)

    scraped.world.sinks["web"].log("INFO up")

    assert scraped.page()[f'log_lines_total{{{WEB},stream="stdout",level="info"}}'] == 1


@pytest.mark.parametrize(
    ("error", "result"),
    [
        (Conflict("not now"), "SVC-1600"),
        (ZeroDivisionError(), "crashed"),
        (asyncio.CancelledError(), "given up"),
    ],
)
def test_a_verb_that_failed_is_counted_by_how(
    scraped: Scraped, error: BaseException, result: str
) -> None:
    witness = VerbCount(scraped.tally, clock=scraped.world.clock)

    with pytest.raises(type(error)), witness("start", actor="me", selection=Selection()):
        raise error

    assert scraped.page()[f'verbs_total{{verb="start",result="{result}"}}'] == 1


def test_a_verb_that_was_done_is_counted_with_its_time(scraped: Scraped) -> None:
    witness = VerbCount(scraped.tally, clock=scraped.world.clock)

    for _ in range(2):
        with witness("start", actor="me", selection=Selection()):
            scraped.world.clock.forward(2.0)

    page = scraped.page()
    assert page['verbs_total{verb="start",result="done"}'] == 2
    assert page['verb_seconds_total{verb="start"}'] == 4.0


def test_what_is_asked_for_several_times_at_once_is_counted_so_often(scraped: Scraped) -> None:
    witness = VerbCount(scraped.tally, clock=scraped.world.clock)

    with witness("status", actor="me", selection=Selection(), times=3):
        scraped.world.clock.forward(2.0)

    page = scraped.page()
    assert page['verbs_total{verb="status",result="done"}'] == 3
    assert page['verb_seconds_total{verb="status"}'] == 6.0
