"""What definitions hold is shown elsewhere without what is secret, and is otherwise as it was."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.app.withheld import shown_elsewhere, withheld
from svcctl.spec import canonical
from svcctl.spec.probe import Probe
from svcctl.spec.secrecy import HIDDEN, without_pairs_of_words
from svcctl.spec.service import ServiceSpec

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "spec",
    [
        {"env": {"PLAIN": SECRET, "DB_PASSWORD": SECRET}},
        {"exec": ["app", "--password", SECRET]},
        {"exec": ["app", "-token", SECRET, f"--api-key={SECRET}"]},
        {"hook": {"pre_start": [["app", "--secret", SECRET], f"app password={SECRET}"]}},
        {"hook": {"run": {"dump": f"app --password {SECRET}"}}},
        {"health": [{"http": f"http://u:{SECRET}@h/?token={SECRET}", "for": "live"}]},
        {"windows": {"password": SECRET}},
        {"shipping": {"lake": {"headers": {"Authorization": f"Bearer {SECRET}abc"}}}},
        {"alerting": {"channels": {"ops": {"secret": SECRET, "urls": [f"x://u:{SECRET}@h"]}}}},
        {"labels": {"token": SECRET}},
    ],
)
def test_a_secret_is_hidden_wherever_it_stands(spec: dict[str, Any]) -> None:
    found = shown_elsewhere("show", [{"name": "web", "spec": spec, "origins": {}}])

    assert SECRET not in json.dumps(found)


def test_all_else_is_shown_as_it_is() -> None:
    spec = ServiceSpec(
        name="web",
        exec=("app", "--serve", "-p", "80"),
        secrets={"TOKEN": "file:secrets/token"},
        health=(Probe(http="http://127.0.0.1/health?verbose=1"),),
        labels={"tier": "front"},
    )
    shown = canonical.effective(spec)

    assert withheld(shown) == shown


def test_a_plan_says_what_changes_and_no_variable() -> None:
    plan = {
        "service": "web",
        "change": "changed",
        "changes": [
            ["env", {"A": SECRET}, {"A": "b"}],
            ["exec", ["a", "--token", SECRET], ["b"]],
            ["stop.timeout", 10.0, 20.0],
        ],
    }

    found: Any = shown_elsewhere("apply-signed", {"plan": [plan], "outcomes": [1]})

    assert found["plan"][0]["changes"] == [
        ["env", {"A": HIDDEN}, {"A": HIDDEN}],
        ["exec", ["a", "--token", HIDDEN], ["b"]],
        ["stop.timeout", 10.0, 20.0],
    ]
    assert found["outcomes"] == [1]


def test_what_differs_on_disk_is_told_without_what_is_secret() -> None:
    def option(path: str, applied: object, on_disk: object, **more: object) -> dict[str, object]:
        places: dict[str, object] = {"applied_from": {}, "on_disk_from": {}}
        both = {"applied": applied, "on_disk": on_disk}
        return {"option": path, "change": "changed", **both, **places, **more}

    flag = {"layer": "flag", "file": f"--set web.env.A={SECRET}"}
    row = {
        "service": "web",
        "state": "changed",
        "problem": f"password={SECRET}",
        "options": [
            option("env.PLAIN", SECRET, None, applied_from=flag),
            option('env."a.b"', None, SECRET),
            option("windows.password", SECRET, "file:x"),
            option("exec", ["a", "--token", SECRET], ["b"]),
            option("stop.timeout", 10.0, 20.0),
        ],
    }

    found: Any = shown_elsewhere("drift", [row])

    assert SECRET not in json.dumps(found)
    assert [(each["applied"], each["on_disk"]) for each in found[0]["options"]] == [
        (HIDDEN, None),
        (None, HIDDEN),
        (HIDDEN, "file:x"),
        (["a", "--token", HIDDEN], ["b"]),
        (10.0, 20.0),
    ]


def test_a_flag_is_told_without_the_value_it_set() -> None:
    origins = {
        "windows.password": {"layer": "flag", "file": f"--set web.windows.password={SECRET}"},
        "exec": {"layer": "file", "file": "/srv/a=b.toml", "line": 1, "column": 1},
    }

    found: Any = shown_elsewhere("show", [{"name": "web", "spec": {}, "origins": origins}])

    assert found[0]["origins"] == {
        "windows.password": {"layer": "flag", "file": "--set web.windows.password"},
        "exec": origins["exec"],
    }


def test_the_words_of_a_command_stay_apart() -> None:
    assert without_pairs_of_words(["a", "--key", "-v", "--password=x", "y"]) == [
        *("a", "--key", "-v", f"--password={HIDDEN}", "y")
    ]


@given(
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
        max_leaves=12,
    )
)
def test_whatever_an_answer_is_it_can_be_shown(answer: object) -> None:
    for verb in ("show", "drift", "alert-show", "apply-signed", "status"):
        json.dumps(shown_elsewhere(verb, answer))
    withheld(answer)
