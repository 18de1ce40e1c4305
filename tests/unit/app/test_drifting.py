"""What is said of services whose files say something else, or cannot be read, or are not known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from svcctl.app.drifting import drift
from svcctl.errors import Mistake, SpecError, SvcctlError, SystemFault
from svcctl.ports import Applied
from svcctl.spec import canonical
from svcctl.spec.drift import Origins
from svcctl.spec.service import ServiceSpec

FILES = {"/srv/svcctl.toml": "0" * 64}
ORIGIN = {"layer": "file", "file": "/srv/svcctl.toml", "line": 2, "column": 1}


class Disk:
    """Files that define *services*, or cannot be read; *asked* are those that were read."""

    def __init__(self, *services: ServiceSpec, error: SvcctlError | None = None) -> None:
        self._services, self._error = services, error
        self.asked: list[list[str]] = []

    def __call__(self, paths: Iterable[str]) -> Mapping[str, tuple[dict[str, object], Origins]]:
        self.asked.append(list(paths))
        if self._error:
            raise self._error
        return {each.name: (canonical.dump(each), {"exec": ORIGIN}) for each in self._services}


def spec(name: str = "web", *words: str) -> ServiceSpec:
    return ServiceSpec(name=name, exec=words or ("run", name))


def applied(found: ServiceSpec, sources: Mapping[str, str] | None = None) -> Applied:
    document = canonical.dump(found)
    return Applied(
        name=found.name,
        spec=document,
        revision=canonical.revision(document),
        origins={"exec": ORIGIN},
        sources=FILES if sources is None else sources,
    )


def told(found: Applied, disk: Disk) -> dict[str, Any]:
    (row,) = drift([found], disk)
    return row


def test_files_that_say_what_was_applied_are_the_same() -> None:
    row = told(applied(spec()), Disk(spec()))

    assert (row["state"], row["options"], row["files"]) == ("same", [], ["/srv/svcctl.toml"])


def test_what_differs_is_told_and_whether_it_takes_a_restart() -> None:
    row = told(applied(spec()), Disk(spec("web", "another")))

    assert (row["state"], row["needs_restart"]) == ("changed", True)
    assert row["options"] == [
        {
            "option": "exec",
            "change": "changed",
            "applied": ["run", "web"],
            "applied_from": ORIGIN,
            "on_disk": ["another"],
            "on_disk_from": ORIGIN,
        }
    ]


def test_a_service_that_no_file_has_any_more_is_undefined() -> None:
    row = told(applied(spec()), Disk(spec("db")))

    assert (row["state"], row["problem"]) == ("undefined", "no file defines it any more")


def test_a_service_that_came_from_no_file_says_so_and_nothing_is_read() -> None:
    disk = Disk()

    row = told(applied(spec(), sources={}), disk)

    assert (row["state"], row["problem"]) == ("unknown", "it did not come from files")
    assert "svcctl diff FILE" in row["hint"]
    assert disk.asked == []


def test_mistakes_in_files_are_told_with_their_place() -> None:
    mistake = Mistake(problem="is no TOML", hint="mend it", file="/srv/a.toml", line=3, column=1)
    error = SpecError("1 mistake", mistakes=[mistake])

    row = told(applied(spec()), Disk(error=error))

    assert (row["state"], row["problem"]) == ("unreadable", "/srv/a.toml:3:1: is no TOML")
    assert row["hint"] == "mend it"


def test_what_keeps_files_from_being_read_is_told() -> None:
    row = told(applied(spec()), Disk(error=SystemFault("the disk is gone", hint="look at it")))

    assert (row["state"], row["problem"]) == ("unreadable", "the disk is gone")
    assert row["hint"] == "look at it"


def test_files_that_several_services_share_are_read_once() -> None:
    disk = Disk(spec("web"), spec("db"), spec("job"))
    elsewhere = applied(spec("job"), sources={"/srv/job.toml": "0" * 64})

    rows = drift([applied(spec("web")), applied(spec("db")), elsewhere], disk)

    assert [each["state"] for each in rows] == ["same"] * 3
    assert disk.asked == [["/srv/svcctl.toml"], ["/srv/job.toml"]]
