"""What files say of logs to watch: planned first, then taken over."""

from __future__ import annotations

from pathlib import Path

import pytest

from svcctl.app.watch_settings import WatchSettings
from svcctl.errors import UsageError
from svcctl.ports import Document
from svcctl.spec import canonical
from svcctl.spec.watch import WatchSpec


class Keeper:
    """Remembers what it was told to follow."""

    def __init__(self) -> None:
        self.kept: dict[str, Document] = {}

    def keep(self, name: str, document: Document | None) -> None:
        if document is None:
            del self.kept[name]
        else:
            self.kept[name] = document


@pytest.fixture
def keeper() -> Keeper:
    return Keeper()


@pytest.fixture
def settings(keeper: Keeper) -> WatchSettings:
    return WatchSettings(keeper, services=lambda: ["web"], windows=False)


def written(name: str, path: str = "/a.log", *, file: str = "/x/svcctl.toml") -> Document:
    spec = canonical.dump(WatchSpec(name=name, path=(path,)))
    return {"name": name, "spec": spec, "revision": "1", "sources": {file: "digest"}}


def plan(settings: WatchSettings, *wanted: Document, prune: bool = False) -> list[tuple[str, str]]:
    planned = settings.plan(list(wanted), (), prune=prune)
    settings.take(list(wanted), planned)
    return [(each.service, each.change) for each in planned]


def test_what_is_new_changed_and_the_same_is_told(settings: WatchSettings) -> None:
    assert plan(settings, written("a"), written("b")) == [
        ("[watch.a]", "created"),
        ("[watch.b]", "created"),
    ]
    (changed, same) = settings.plan([written("a", "/b.log"), written("b")], (), prune=False)

    assert changed.changes == (("path", ["/a.log"], ["/b.log"]),)
    assert (changed.action, same.change, same.action) == ("take", "unchanged", "none")


def test_what_its_file_says_no_more_is_removed_if_asked_for(
    settings: WatchSettings, keeper: Keeper
) -> None:
    plan(settings, written("a"), written("b"))

    assert plan(settings, written("b"))[1:] == [("[watch.a]", "orphaned")]
    assert list(keeper.kept) == ["a", "b"]
    assert plan(settings, written("b"), prune=True)[1:] == [("[watch.a]", "removed")]
    assert list(keeper.kept) == ["b"]


def test_what_another_file_says_is_left(settings: WatchSettings, tmp_path: Path) -> None:
    (tmp_path / "other.toml").touch()
    plan(settings, written("a", file=str(tmp_path / "other.toml")))

    assert plan(settings, written("b"), prune=True) == [("[watch.b]", "created")]


def test_nothing_is_planned_where_nothing_is_watched(settings: WatchSettings) -> None:
    assert settings.plan(None, ("/x",), prune=True) == []
    assert settings.remove("a").document() == {
        "service": "[watch.a]",
        "change": "removed",
        "action": "take",
        "changes": [],
    }


def test_what_an_earlier_version_wrote_is_replaced(settings: WatchSettings, keeper: Keeper) -> None:
    keeper.kept["a"] = {"spec": {"name": "a", "odd": 1}}

    assert plan(settings, written("a")) == [("[watch.a]", "created")]


@pytest.mark.parametrize(
    ("wanted", "problem"),
    [
        (["x"], "is no definition"),
        ([{"name": "a"}], "is no definition"),
        ([written("web")], "there is a service 'web'"),
        ([written("a") | {"spec": {"name": "a", "odd": 1}}], "unknown option 'odd'"),
        ([written("a") | {"spec": {"name": "a"}}], "needs one of path, journal and eventlog"),
    ],
)
def test_what_cannot_be_is_refused(settings: WatchSettings, wanted: object, problem: str) -> None:
    with pytest.raises(UsageError, match=problem):
        settings.plan(wanted, (), prune=False)
