"""What is set from outside is laid over all else, and can neither run nor read anything."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import Outdated, SpecError
from svcctl.sdk.config.history import History
from svcctl.sdk.config.live import Live
from svcctl.sdk.config.outcome import Listeners, Outcome, Rejected, Verdict
from svcctl.sdk.config.restart import restart
from svcctl.sdk.config.secret import Secret, secret
from svcctl.sdk.config.set_values import SET, Setting, merged, with_set
from svcctl.sdk.config.sources import Sources
from svcctl.testing.fakes import FakeClock


@dataclass(frozen=True, kw_only=True)
class Smtp:
    host: str = "localhost"
    password: Secret = secret("env:PASSWORD", default="")


@dataclass(frozen=True, kw_only=True)
class Mailer:
    count: int = 0
    port: int = field(default=80, metadata=restart())
    smtp: Smtp = field(default_factory=Smtp)
    hosts: tuple[str, ...] = ()


Story = Callable[[Live[Mailer]], Awaitable[None]]


class Place:
    """A service's file and environment; :meth:`tell` has something happen to its configuration."""

    def __init__(self, folder: Path) -> None:
        self.file, self.folder = folder / "app.toml", str(folder / "history")
        self.changes: list[frozenset[str]] = []
        self.rejections: list[Rejected] = []
        self.file.write_text("count = 1\n")

    def tell(self, story: Story) -> None:
        async def told() -> None:
            await story(self._live())

        asyncio.run(told())

    def _live(self) -> Live[Mailer]:
        listeners: Listeners[Mailer] = Listeners(
            on_change=lambda _old, _new, changed: self.changes.append(changed),
            on_rejected=self.rejections.append,
        )
        sources = Sources(
            files=(str(self.file),), environ={"PASSWORD": "hunter2", "TOKEN": "seven"}
        )
        history = History(folder=self.folder)
        return Live(Mailer, sources, clock=FakeClock(), history=history, listeners=listeners)


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


async def put(live: Live[Mailer], values: dict[str, Any], **how: Any) -> Outcome:
    return await live.set_values(values, who="ann", how=Setting(**how))


def test_values_are_laid_over_files_and_outlive_the_process(place: Place) -> None:
    async def story(live: Live[Mailer]) -> None:
        outcome = await put(live, {"count": 7, "smtp": {"host": "relay"}})

        assert (outcome.verdict, outcome.changed) == (
            Verdict.APPLIED,
            frozenset({"count", "smtp.host"}),
        )
        assert live.history[-1].what == SET
        assert live.history[-1].who == "ann"

    async def later(live: Live[Mailer]) -> None:
        place.file.write_text("count = 2\n")
        await live.reload(who="ann")

        assert (live.value.count, live.value.smtp.host) == (7, "relay")

    place.tell(story)
    place.tell(later)


def test_values_are_added_to_those_set_before_or_come_instead(place: Place) -> None:
    async def story(live: Live[Mailer]) -> None:
        await put(live, {"count": 7})
        await put(live, {"smtp": {"host": "relay"}})
        assert (live.value.count, live.value.smtp.host) == (7, "relay")

        await put(live, {"smtp": {"host": "other"}}, instead=True)
        assert (live.value.count, live.value.smtp.host) == (1, "other")

        await put(live, {"smtp": None})
        assert live.value.smtp.host == "localhost"
        assert not any(each.name == SET for each in live.loaded.texts)

    place.tell(story)


def test_a_bad_value_changes_nothing_and_every_mistake_is_told(place: Place) -> None:
    async def story(live: Live[Mailer]) -> None:
        outcome = await put(live, {"count": "many", "noise": 1})

        assert outcome.verdict is Verdict.REJECTED
        assert outcome.rejected is not None
        problems = " ".join(each.problem for each in outcome.rejected.mistakes)
        assert "count" in problems
        assert "noise" in problems
        assert live.value.count == 1
        assert (live.rejected, place.rejections) == (None, [])  # who asked knows

    place.tell(story)


def test_a_trial_says_what_would_become_of_it_and_does_nothing(place: Place) -> None:
    async def story(live: Live[Mailer]) -> None:
        fine = await put(live, {"count": 7}, trial=True)
        waits = await put(live, {"port": 81}, trial=True)
        same = await put(live, {}, trial=True)
        bad = await put(live, {"count": "many"}, trial=True)

        assert (fine.verdict, fine.changed) == (Verdict.APPLIED, frozenset({"count"}))
        assert (waits.verdict, waits.restart_wanted) == (
            Verdict.RESTART_WANTED,
            frozenset({"port"}),
        )
        assert same.verdict is Verdict.UNCHANGED
        assert bad.verdict is Verdict.REJECTED
        assert bad.rejected is not None
        assert (live.version, live.value.count, live.rejected) == (1, 1, None)
        assert place.changes == []
        assert place.rejections == []

    place.tell(story)


def test_who_saw_an_older_version_changes_nothing(place: Place) -> None:
    async def story(live: Live[Mailer]) -> None:
        await put(live, {"port": 81}, over=1)

        assert (live.version, live.newest) == (1, 2)
        with pytest.raises(Outdated, match="version 2 is the newest, not 1"):
            await put(live, {"count": 7}, over=1)
        assert (await put(live, {"count": 7}, over=2)).verdict is Verdict.RESTART_WANTED

    place.tell(story)


def test_a_value_looks_nothing_up(place: Place, tmp_path: Path) -> None:
    key = tmp_path / "key"
    key.write_text("private")

    async def story(live: Live[Mailer]) -> None:
        await put(live, {"smtp": {"host": "${TOKEN}", "password": f"file:{key}"}})

        assert live.value.smtp.host == "${TOKEN}"
        assert live.value.smtp.password.reveal() == f"file:{key}"

        await put(live, {"smtp": {"password": "${PASSWORD}"}, "hosts": ["$$", "$A"]})

        assert live.value.smtp.password.reveal() == "${PASSWORD}"
        assert live.value.hosts == ("$$", "$A")

    place.tell(story)


def test_a_namespace_is_no_value(place: Place) -> None:
    async def story(live: Live[Mailer]) -> None:
        outcome = await put(live, {"prod": {"smtp": {"password": "env:TOKEN"}}})

        assert outcome.verdict is Verdict.REJECTED
        assert live.value.smtp.password.reveal() == "hunter2"

    place.tell(story)


def test_what_is_nested_too_deeply_is_refused() -> None:
    deep: Any = {}
    for _ in range(100):
        deep = {"a": deep}

    with pytest.raises(SpecError, match="too deeply"):
        with_set((), deep, kind=Mailer, namespaces=(), instead=False)


_TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=10,
)


@given(_TREES, st.dictionaries(st.text(max_size=3), _TREES, max_size=3))
def test_merging_twice_is_merging_once(before: object, patch: dict[str, object]) -> None:
    once = merged(before, patch)

    assert merged(once, patch) == once
    assert json.loads(json.dumps(once)) == once
