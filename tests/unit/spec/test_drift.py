"""What differs between a definition as it was applied and as its files say it now."""

from __future__ import annotations

from typing import Any

from svcctl.spec import canonical
from svcctl.spec.drift import Difference, OptionChange, Said, differences, leaves
from svcctl.spec.policy import StopPolicy
from svcctl.spec.probe import Probe
from svcctl.spec.service import ServiceSpec

FILE = {"layer": "file", "file": "/srv/svcctl.toml", "line": 3, "column": 1}
FLAG = {"layer": "flag", "file": "--set web.stop.timeout=4s"}


def said(origins: dict[str, Any] | None = None, **options: Any) -> Said:
    spec = ServiceSpec(**{"name": "web", "exec": ("web",), **options})
    return Said(spec=canonical.effective(spec), origins={"exec": FILE, **(origins or {})})


def changes(applied: Said, on_disk: Said) -> list[tuple[str, str]]:
    return [(each.option, str(each.change)) for each in differences(applied, on_disk)]


def test_what_is_the_same_differs_in_nothing_wherever_it_stands() -> None:
    elsewhere = said({"exec": {**FILE, "line": 9}})

    assert differences(said(), elsewhere) == []


def test_a_default_that_is_written_out_is_no_difference() -> None:
    default = StopPolicy().timeout

    assert differences(said(), said({"stop.timeout": FILE}, stop=StopPolicy(timeout=default))) == []


def test_an_option_is_told_with_both_values_and_where_each_came_from() -> None:
    applied = said({"stop.timeout": FLAG}, stop=StopPolicy(timeout=4.0))
    on_disk = said({"stop.timeout": FILE}, stop=StopPolicy(timeout=5.0))

    assert differences(applied, on_disk) == [
        Difference(
            option="stop.timeout",
            change=OptionChange.CHANGED,
            applied=4.0,
            applied_from=FLAG,
            on_disk=5.0,
            on_disk_from=FILE,
        )
    ]


def test_what_nobody_wrote_before_was_added_and_what_nobody_writes_now_removed() -> None:
    without = said()
    longer = said({"stop.timeout": FILE}, stop=StopPolicy(timeout=99.0))

    assert changes(without, longer) == [("stop.timeout", "added")]
    assert changes(longer, without) == [("stop.timeout", "removed")]


def test_variables_are_told_one_by_one() -> None:
    one = said({"env.A": FILE, "env.B": FILE}, env={"A": "1", "B": "2"})
    other = said({"env.B": FILE, 'env."x y"': FILE}, env={"B": "3", "x y": "4"})

    assert changes(one, other) == [
        ("env.A", "removed"),
        ("env.B", "changed"),
        ('env."x y"', "added"),
    ]


def test_of_a_probe_that_is_new_only_what_is_written_is_told() -> None:
    probed = said({"health[0].tcp": FILE}, health=(Probe(tcp="127.0.0.1:80"),))

    assert changes(said(), probed) == [("health[0].tcp", "added")]
    assert changes(probed, said()) == [("health[0].tcp", "removed")]


def test_every_value_has_a_path_of_its_own() -> None:
    document = {"a": {"b": 1, "c d": [1, 2]}, "e": [{"f": {}}, {"g": None}], "h": []}

    assert dict(leaves(document)) == {
        "a.b": 1,
        'a."c d"': [1, 2],
        "e[0].f": {},
        "e[1].g": None,
        "h": [],
    }
