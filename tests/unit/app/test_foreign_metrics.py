"""Lines of logs that others keep are counted by level, and what is not read of them is told."""

from __future__ import annotations

from svcctl.app.agent import About
from svcctl.app.foreign_logs import ForeignLogs
from svcctl.app.metrics import LineCount, Metrics
from svcctl.app.natives import Natives
from svcctl.app.watching import Watching
from svcctl.engine.manager import AgentManager
from svcctl.observe.metrics.tally import Tally
from svcctl.record import Level, Portion, Record
from svcctl.spec import canonical
from svcctl.spec.watch import WatchSpec
from svcctl.testing.world import FakeWorld
from tests.unit.app.test_foreign_logs import Script, Scripts, lines, until

ABOUT = About(
    version="1",
    home="/x",
    socket="/x/s",
    started_at=5.0,
    adopted=0,
    recovered="",
    usage=dict,
)


async def test_a_page_tells_of_watches(world: FakeWorld) -> None:
    manager, scripts, tally = AgentManager(world.ports), Scripts(), Tally()
    spec = WatchSpec(name="nginx", path=("/a",), service="web")
    world.store.put("watch", "nginx", {"spec": canonical.dump(spec)})
    foreign = ForeignLogs(manager, watching=Watching(manager), open_sources=lambda: scripts)
    LineCount(manager, tally, foreign).begin()
    log: Script = scripts.of("nginx")
    record = Record(raw=b"x", at=1.0, message="x", level=Level.WARNING)
    log.coming.put(lines("ERROR one", "ERROR two", "fine"))
    log.coming.put(Portion(stream="journal", records=(record,)))
    foreign.begin()
    try:
        await until(lambda: log.acknowledged == 2)
        metrics = Metrics(manager, about=ABOUT, tally=tally, natives=Natives(), foreign=foreign)

        page = metrics.page()
    finally:
        foreign.close()

    where = 'service="web",service_instance="nginx"'
    assert f'svcctl_log_lines_total{{{where},stream="files",level="error"}} 2' in page
    assert f'svcctl_log_lines_total{{{where},stream="files",level="warning"}} 1' in page
    assert f"svcctl_log_lag_bytes{{{where}}} " in page
