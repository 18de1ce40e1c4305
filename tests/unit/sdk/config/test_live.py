"""A configuration changes whole, in turn, and never to a bad one."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
from collections.abc import Awaitable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pydantic
import pytest

from svcctl.errors import SpecError, UsageError
from svcctl.sdk.config.explain import explain
from svcctl.sdk.config.history import History
from svcctl.sdk.config.live import Live
from svcctl.sdk.config.outcome import Listeners, Outcome, Rejected, Verdict
from svcctl.sdk.config.restart import restart
from svcctl.sdk.config.secret import Secret, secret
from svcctl.sdk.config.sources import Sources
from svcctl.sdk.config.text import Format, Text
from svcctl.testing.fakes import FakeClock


@dataclass(frozen=True, kw_only=True)
class Http:
    port: int = field(default=80, metadata=restart())
    path: str = "/"


@dataclass(frozen=True, kw_only=True)
class Mailer:
    count: int = 0
    name: str = "mailer"
    http: Http = field(default_factory=Http)
    tls: dict[str, str] = field(default_factory=dict, metadata=restart())
    password: Secret = secret("env:PASSWORD", default="")

    def __post_init__(self) -> None:
        if self.name == "broken":
            raise RuntimeError("this class is broken")


def mailer(**fields: Any) -> Mailer:
    """What is loaded: its secret was looked up."""
    return Mailer(password=Secret(""), **fields)


@dataclass
class Desk:
    """A configuration, its file, and all that was told."""

    folder: Path
    clock: FakeClock = field(default_factory=FakeClock)
    environ: dict[str, str] = field(default_factory=dict)
    changes: list[tuple[int, int, frozenset[str]]] = field(default_factory=list)
    restarts: list[frozenset[str]] = field(default_factory=list)
    rejections: list[Rejected] = field(default_factory=list)
    keep: int = 20
    remembers: bool = False

    @property
    def file(self) -> Path:
        return self.folder / "app.toml"

    def open(self, text: str | None = None, **listeners: Any) -> Live[Mailer]:
        if text is not None:
            self.file.write_text(text)
        known = {
            "on_change": self._on_change,
            "on_restart": self._on_restart,
            "on_rejected": self.rejections.append,
        }
        return Live(
            Mailer,
            Sources(files=(f"-{self.file}",), prefix="M", environ=self.environ),
            clock=self.clock,
            history=History(
                folder=str(self.folder / "history") if self.remembers else "", keep=self.keep
            ),
            listeners=Listeners(**{**known, **listeners}),
        )

    async def _on_change(self, old: Mailer, new: Mailer, changed: frozenset[str]) -> None:
        await asyncio.sleep(0)
        self.changes.append((old.count, new.count, changed))

    def _on_restart(self, keys: frozenset[str]) -> None:
        self.restarts.append(keys)


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(folder=tmp_path)


def done(call: Awaitable[Outcome]) -> Outcome:
    async def waited() -> Outcome:
        return await asyncio.wait_for(call, 60)

    return asyncio.run(waited())


def test_it_starts_with_version_1_and_what_the_sources_say(desk: Desk) -> None:
    live = desk.open("count = 1\n")

    assert (live.value.count, live.version, live.changed) == (1, 1, frozenset())
    assert [(each.version, each.what, each.who) for each in live.history] == [
        (1, "start", "svcctl")
    ]
    assert not live.restart_wanted
    assert live.rejected is None


def test_a_bad_start_raises_with_every_mistake(desk: Desk) -> None:
    with pytest.raises(SpecError) as raised:
        desk.open('count = "x"\nnmae = 1\n')

    assert len(raised.value.mistakes) == 2


def test_a_reload_swaps_announces_and_counts(desk: Desk) -> None:
    live = desk.open("count = 1\n")
    old = live.value
    desk.file.write_text('count = 2\nname = "x"\n')

    outcome = done(live.reload(who="SIGHUP", origin="signal"))

    assert outcome == Outcome(
        verdict=Verdict.APPLIED, version=2, changed=frozenset({"count", "name"})
    )
    assert live.value == replace(old, count=2, name="x")
    assert old.count == 1
    assert (live.version, live.changed) == (2, frozenset({"count", "name"}))
    assert desk.changes == [(1, 2, frozenset({"count", "name"}))]
    last = live.history[-1]
    assert (last.who, last.what, last.origin) == ("SIGHUP", "reload", "signal")
    assert (last.at, last.changed) == (desk.clock.now(), ("count", "name"))


def test_a_reload_that_changes_nothing_is_not_told(desk: Desk) -> None:
    live = desk.open("count = 1\n")
    desk.file.write_text("# a comment\ncount = 1\n")

    outcome = done(live.reload(who="me"))

    assert outcome == Outcome(verdict=Verdict.UNCHANGED, version=1)
    assert not desk.changes
    assert len(live.history) == 1
    assert [row.origin for row in explain(live.loaded) if row.key == "count"] == [
        f"{desk.file}:2:1"
    ]


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("count = ", "is not TOML: invalid value"),
        ("\0\1\2 garbage", "is not TOML: "),
        ('count = "x"\n', "count: 'x' is not a whole number"),
        ("conut = 1\n", "unknown key 'conut'"),
        ('name = "broken"\n', "loading failed: RuntimeError: this class is broken"),
    ],
)
def test_a_bad_one_changes_nothing_and_is_kept_with_its_mistakes(
    desk: Desk, text: str, problem: str
) -> None:
    live = desk.open("count = 1\n")
    before = live.value
    desk.file.write_text(text)

    outcome = done(live.reload(who="me", origin="here"))

    assert outcome.verdict is Verdict.REJECTED
    assert live.value is before
    assert (live.version, len(live.history), desk.changes) == (1, 1, [])
    assert outcome.rejected is live.rejected is not None
    assert desk.rejections == [live.rejected]
    assert live.rejected.mistakes[0].problem.startswith(problem)
    rejected = live.rejected
    assert (rejected.who, rejected.what, rejected.origin) == ("me", "reload", "here")
    assert rejected.at == desk.clock.now()


def test_a_good_one_after_a_bad_one_clears_it(desk: Desk) -> None:
    live = desk.open("count = 1\n")
    done(live.propose("count = [", who="me"))

    done(live.reload(who="me"))

    assert live.rejected is None
    assert len(desk.rejections) == 1


def test_a_file_that_vanished_changes_nothing(desk: Desk) -> None:
    desk.file.write_text("count = 1\n")
    live = Live(Mailer, Sources(files=(str(desk.file),)), clock=desk.clock)
    desk.file.unlink()

    outcome = done(live.reload(who="me"))

    assert outcome.verdict is Verdict.REJECTED
    assert live.value.count == 1


def test_a_proposal_is_laid_over_the_files_until_it_is_replaced(desk: Desk) -> None:
    live = desk.open('count = 1\nname = "file"\n')

    done(live.propose(Text(name="consul", content='{"count": 2}', format=Format.JSON), who="c"))
    desk.file.write_text('count = 3\nname = "new"\n')
    done(live.reload(who="me"))

    assert live.value == mailer(count=2, name="new")
    assert live.loaded.origins["count"] == "consul"
    done(live.propose(Text(name="consul", content="{}", format=Format.JSON), who="c"))
    assert live.value == mailer(count=3, name="new")


def test_a_proposal_in_the_place_of_a_file_holds_until_that_changes(desk: Desk) -> None:
    live = desk.open("count = 1\n")

    done(live.propose(Text(name=str(desk.file), content="count = 2"), who="me"))
    done(live.reload(who="logrotate"))
    proposed = live.value.count
    desk.file.write_text("count = 3\n")
    done(live.reload(who="me"))

    assert (proposed, live.value.count) == (2, 3)


def test_a_file_that_changed_just_before_a_proposal_is_not_lost(desk: Desk) -> None:
    live = desk.open("count = 1\n")
    desk.file.write_text("count = 2\n")

    done(live.propose("name = 'x'", who="me"))
    done(live.reload(who="files"))

    assert live.value == mailer(count=2, name="x")


def test_layers_take_the_place_of_all_even_of_files_that_cannot_be_read(desk: Desk) -> None:
    live = desk.open('count = 1\nname = "file"\n')
    desk.file.unlink()
    desk.file.mkdir()

    layers = (Text(name="a", content="count = 2"), Text(name="b", content="count = 3"))
    done(live.propose(layers, who="me", origin="api"))

    assert live.value == mailer(count=3)
    assert live.history[-1].origin == "api"


def test_variables_are_read_anew_and_secrets_too(desk: Desk) -> None:
    live = desk.open()
    desk.environ.update({"M_COUNT": "5", "PASSWORD": "hunter2"})

    outcome = done(live.reload(who="me"))

    assert outcome.changed == {"count", "password"}
    assert live.value == Mailer(count=5, password=Secret("hunter2"))
    assert "hunter2" not in repr(live.history)


@pytest.mark.slow
def test_a_hundred_proposals_at_once_are_made_one_after_the_other(desk: Desk) -> None:
    desk.keep = 101
    live = desk.open()

    async def storm() -> list[Outcome]:
        asked = (live.propose(f"count = {number}", who="storm") for number in range(1, 101))
        return await asyncio.gather(*asked)

    outcomes = asyncio.run(storm())

    assert [each.version for each in outcomes] == list(range(2, 102))
    assert [(old, new) for old, new, _ in desk.changes] == [(n, n + 1) for n in range(100)]
    assert live.value.count == 100
    assert [each.version for each in live.history] == list(range(1, 102))


@pytest.mark.slow
def test_a_storm_of_reloads_that_change_nothing_changes_nothing(desk: Desk) -> None:
    live = desk.open("count = 1\n")

    async def storm() -> list[Outcome]:
        return await asyncio.gather(*(live.reload(who="storm") for _ in range(200)))

    outcomes = asyncio.run(storm())

    assert {each.verdict for each in outcomes} == {Verdict.UNCHANGED}
    assert (live.version, len(live.history), desk.changes) == (1, 1, [])


def test_who_asked_may_be_cancelled_and_the_change_is_made_whole(desk: Desk) -> None:
    told, go_on = asyncio.Event(), asyncio.Event()

    async def slow(*_: object) -> None:
        told.set()
        await go_on.wait()

    live = desk.open(on_change=slow)

    async def cancelled() -> Outcome:
        asked = asyncio.ensure_future(live.propose("count = 1", who="me"))
        await asyncio.wait_for(told.wait(), 60)
        asked.cancel()
        with pytest.raises(asyncio.CancelledError):
            await asked
        go_on.set()
        return await asyncio.wait_for(live.reload(who="next"), 60)

    outcome = asyncio.run(cancelled())

    assert outcome.verdict is Verdict.UNCHANGED
    assert (live.value.count, live.version, len(live.history)) == (1, 2, 2)


def test_a_listener_that_fails_gets_the_old_one_back(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    seen: list[int] = []

    def fail(_old: Mailer, new: Mailer, _changed: frozenset[str]) -> None:
        seen.append(live.value.count)
        raise OSError(f"port {new.count} is taken")

    live = desk.open(on_change=fail)
    before = live.value

    with caplog.at_level(logging.CRITICAL):
        outcome = done(live.propose("count = 1", who="me"))

    assert seen == [1]
    assert outcome.verdict is Verdict.REJECTED
    assert live.value is before
    assert (live.version, len(live.history)) == (1, 1)
    assert [each.mistakes[0].problem for each in desk.rejections] == [
        "on_change failed: OSError: port 1 is taken"
    ]


def test_a_listener_that_waits_for_another_change_is_told_and_hangs_nobody(desk: Desk) -> None:
    async def ask_again(*_: object) -> None:
        await live.reload(who="listener")

    live = desk.open(on_change=ask_again)

    outcome = done(live.propose("count = 1", who="me"))

    assert outcome.rejected is not None
    assert "a listener waits for another change" in outcome.rejected.mistakes[0].problem


@pytest.mark.parametrize("listener", ["on_restart", "on_rejected"])
def test_other_listeners_that_fail_stop_nothing(desk: Desk, listener: str) -> None:
    def fail(_: object) -> None:
        raise OSError("no")

    failing: dict[str, Any] = {listener: fail}
    live = desk.open(**failing)

    outcomes = [
        done(live.propose("count = []", who="me")),
        done(live.propose("http.port = 81", who="me")),
    ]

    assert [each.verdict for each in outcomes] == [Verdict.REJECTED, Verdict.RESTART_WANTED]


def test_a_marked_field_asks_for_a_restart_and_leaves_the_process_as_it_is(desk: Desk) -> None:
    desk.remembers = True
    live = desk.open("count = 1\n")
    desk.file.write_text("count = 2\nhttp.port = 81\ntls.key = 'x'\n")

    outcome = done(live.reload(who="me"))
    again = done(live.reload(who="me"))
    after = desk.open()

    marked = {"http.port", "tls", "tls.key"}
    assert outcome.verdict is Verdict.RESTART_WANTED
    assert outcome.changed == {"count", *marked}
    assert outcome.restart_wanted == live.restart_wanted == marked
    assert again == Outcome(verdict=Verdict.UNCHANGED, version=1, restart_wanted=frozenset(marked))
    assert (live.value.count, live.version, desk.changes) == (1, 1, [])
    assert desk.restarts == [marked]
    assert [each.version for each in live.history] == [1, 2]
    assert (after.value.count, after.value.http.port, after.version) == (2, 81, 2)
    assert after.value.tls == {"key": "x"}


def test_a_proposal_that_waits_for_a_restart_is_not_lost_by_a_reload(desk: Desk) -> None:
    live = desk.open("count = 1\n")
    done(live.propose("http.port = 81", who="me"))
    desk.file.write_text("count = 2\n")

    outcome = done(live.reload(who="files"))

    assert outcome.verdict is Verdict.RESTART_WANTED
    assert outcome.changed == {"count", "http.port"}
    assert live.value == mailer(count=1)
    assert [each.name for each in live.history[-1].texts] == [str(desk.file), "proposed"]


def test_a_wish_for_a_restart_ends_when_the_change_is_taken_back(desk: Desk) -> None:
    live = desk.open("count = 1\n")
    done(live.propose(Text(name="p", content="http.port = 81"), who="me"))

    outcome = done(live.propose(Text(name="p", content="http.port = 80"), who="me"))

    assert outcome.verdict is Verdict.APPLIED
    assert not live.restart_wanted
    assert live.version == 3
    assert not desk.changes


def test_going_back_brings_the_texts_of_then(desk: Desk) -> None:
    live = desk.open("count = 1\n")
    desk.file.write_text('count = 2\nname = "new"\n')
    done(live.reload(who="me"))

    outcome = done(live.rollback(1, who="admin"))

    assert outcome == Outcome(
        verdict=Verdict.APPLIED, version=3, changed=frozenset({"count", "name"})
    )
    assert live.value == mailer(count=1)
    assert (live.history[-1].what, live.history[-1].who) == ("rollback to 1", "admin")


def test_going_back_to_what_is_forgotten_is_refused(desk: Desk) -> None:
    desk.keep = 2
    live = desk.open()
    for number in range(3):
        done(live.propose(f"count = {number + 1}", who="me"))

    with pytest.raises(UsageError, match="version 1 is not in the history") as raised:
        done(live.rollback(1, who="me"))

    assert raised.value.hint == "it has: 3, 4"


def test_versions_go_on_over_restarts_and_the_same_one_keeps_its_number(desk: Desk) -> None:
    desk.remembers = True
    first = desk.open("count = 1\n")
    desk.file.write_text("count = 2\n")
    done(first.reload(who="me"))

    same = desk.open()
    other = desk.open("count = 3\n")

    assert (same.version, same.changed) == (2, frozenset({"count"}))
    assert (other.version, other.changed) == (3, frozenset({"count"}))
    assert [each.what for each in other.history] == ["start", "reload", "start"]


def test_what_was_rolled_back_outlives_the_process_until_the_file_changes(desk: Desk) -> None:
    desk.remembers = True
    first = desk.open("count = 1\n")
    desk.file.write_text("count = 2\n")
    done(first.reload(who="me"))
    done(first.rollback(1, who="me"))

    rolled_back = desk.open()
    changed = desk.open("count = 4\n")

    assert (rolled_back.value.count, rolled_back.version) == (1, 3)
    assert (changed.value.count, changed.version) == (4, 4)


def test_a_pushed_text_outlives_the_process_and_the_files(desk: Desk) -> None:
    desk.remembers = True
    done(desk.open("count = 1\n").propose(Text(name="consul", content="name = 'c'"), who="c"))

    later = desk.open("count = 2\n")

    assert later.value == mailer(count=2, name="c")


def test_a_proposal_that_is_valid_no_more_does_not_stop_a_start(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.remembers = True
    live = desk.open("count = 1\n")
    done(live.propose("count = 2", who="me"))
    revision = live.history[-1]
    bad = Text(name="proposed", content="of_old = 1", proposed=True)
    History(folder=str(desk.folder / "history")).add(
        replace(revision, version=3, texts=(*live.history[0].texts, bad))
    )

    with caplog.at_level(logging.WARNING):
        later = desk.open()

    assert (later.value.count, later.version) == (1, 4)
    assert [each.message for each in caplog.records] == ["config.proposal_left_out"]


def test_a_history_that_cannot_be_written_stops_no_change(
    desk: Desk, caplog: pytest.LogCaptureFixture
) -> None:
    desk.remembers = True
    live = desk.open("count = 1\n")
    for each in (desk.folder / "history").iterdir():
        each.unlink()
    (desk.folder / "history").rmdir()
    (desk.folder / "history").write_text("in the way")

    with caplog.at_level(logging.CRITICAL):
        outcome = done(live.propose("count = 2", who="me"))

    assert outcome.verdict is Verdict.APPLIED
    assert "history" in outcome.unrecorded
    assert (live.value.count, live.version) == (2, 2)


@pytest.mark.parametrize("frozen", [False, True])
def test_the_number_stands_on_the_value_too(tmp_path: Path, frozen: bool) -> None:
    kind = dataclasses.make_dataclass("Config", [("port", int, 1)], frozen=frozen)
    file = tmp_path / "it.toml"
    file.write_text("port = 1")

    async def story() -> list[int]:
        live: Live[Any] = Live(kind, Sources(files=(str(file),)), clock=FakeClock())
        found = [live.value.version]
        await live.reload(who="ann")
        found.append(live.value.version)
        file.write_text("port = 2")
        await live.reload(who="ann")
        return [*found, live.value.version]

    assert asyncio.run(story()) == [1, 1, 2]


def test_a_value_without_room_for_a_number_has_none(tmp_path: Path) -> None:
    slotted = dataclasses.make_dataclass("Config", [("port", int, 1)], slots=True)
    named = dataclasses.make_dataclass("Config", [("version", str, "v7")])
    missing = (f"-{tmp_path / 'none.toml'}",)

    assert not hasattr(Live(slotted, Sources(files=missing), clock=FakeClock()).value, "version")
    assert Live(named, Sources(files=missing), clock=FakeClock()).value.version == "v7"


def test_a_model_of_pydantic_has_its_number_and_nothing_more(tmp_path: Path) -> None:
    class Config(pydantic.BaseModel):
        port: int = 1

    missing = (f"-{tmp_path / 'none.toml'}",)
    value: Any = Live(Config, Sources(files=missing), clock=FakeClock()).value

    assert value.version == 1
    assert value.model_dump() == {"port": 1}
    assert value == Config()
