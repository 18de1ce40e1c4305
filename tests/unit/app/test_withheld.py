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
    for verb in ("show", "alert-show", "apply-signed", "status"):
        json.dumps(shown_elsewhere(verb, answer))
    withheld(answer)
