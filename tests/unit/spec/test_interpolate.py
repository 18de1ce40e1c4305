"""Variables in strings."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.spec.instance import for_instance
from svcctl.spec.interpolate import escape, interpolate
from svcctl.spec.probe import Probe
from svcctl.spec.service import ServiceSpec

ENVIRON = {"A": "a", "EMPTY": "", "B_2": "${A}"}


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("plain", "plain"),
        ("${A}-${A}", "a-a"),
        ("${EMPTY}", ""),
        ("${B_2}", "${A}"),
        ("${X:-d}", "d"),
        ("${EMPTY:-d}", "d"),
        ("${X:-}", ""),
        ("${X:-${A}/${Y:-z}}", "a/z"),
        ("${X:-{b}}", "{b}"),
        ("${A:?needed}", "a"),
        ("$$A $$$$ $A $", "$A $$ $A $"),
        ("$${A}", "${A}"),
        (
            "${INSTANCE} ${INSTANCE_INDEX} $${INSTANCE}",
            "${INSTANCE} ${INSTANCE_INDEX} $${INSTANCE}",
        ),
        ("${X:-80${INSTANCE}}", "80${INSTANCE}"),
        ("$${INSTANCE_NAME} $${INSTANCE", "${INSTANCE_NAME} ${INSTANCE"),
        ("${A} $x ${A}", "a $x a"),
        ("${X:-" * 8 + "z" + "}" * 8, "z"),
    ],
)
def test_a_text_gets_its_variables(text: str, result: str) -> None:
    assert interpolate(text, ENVIRON) == result


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("${X}", "variable 'X' is not set"),
        ("${X:?set it}", "X is not set: set it"),
        ("${EMPTY:?}", "EMPTY is not set: it is required"),
        ("${", "'${' is not closed"),
        ("${A", "'${' is not closed"),
        ("${}", "'${}' is not understood"),
        ("${1}", "'${1}' is not understood"),
        ("${A%x}", "'${A%x}' is not understood"),
        ("${A-x}", "'${A-x}' is not understood"),
        ("${INSTANCE_NAME}", "'${INSTANCE_NAME}' is not known"),
        ("${X:-" * 20 + "}" * 20, "defaults within defaults are nested too deeply"),
        ("${X:-" * 9 + "}" * 9, "defaults within defaults are nested too deeply"),
    ],
)
def test_a_text_that_cannot_be_filled_is_refused_with_a_hint(text: str, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        interpolate(text, ENVIRON)

    assert caught.value.problem == problem
    assert caught.value.hint


@pytest.mark.parametrize(
    ("text", "escaped"),
    [
        ("a$b", "a$b"),
        ("$$", "$$$"),
        ("${A}", "$${A}"),
        ("${INSTANCE}", "${INSTANCE}"),
        ("$${INSTANCE}", "$${INSTANCE}"),
    ],
)
def test_only_what_would_be_replaced_is_escaped(text: str, escaped: str) -> None:
    assert escape(text) == escaped
    assert interpolate(escaped, {}) == text


@given(st.text("${}AINSTANCE_:-x", max_size=30) | st.text())
def test_an_escaped_text_stays_as_it_is(text: str) -> None:
    assert interpolate(escape(text), {}) == text


def test_an_instance_gets_its_number_in_every_text() -> None:
    spec = ServiceSpec(
        name="web",
        exec=("app", "${INSTANCE}/${INSTANCE_COUNT}", "$${INSTANCE} $x $$"),
        env={"INDEX": "${INSTANCE_INDEX}"},
        pid_file="/run/${INSTANCE}.pid",
        instances=3,
        health=(Probe(tcp="127.0.0.1:808${INSTANCE}"),),
    )

    second = for_instance(spec, 2, 3)

    assert second.exec == ("app", "2/3", "${INSTANCE} $x $$")
    assert second.env == {"INDEX": "1"}
    assert second.pid_file == "/run/2.pid"
    assert second.health == (Probe(tcp="127.0.0.1:8082"),)
    assert (second.name, second.instances, second.restart) == ("web", 3, spec.restart)


@pytest.mark.parametrize(
    ("text", "hint"),
    [
        ("${QQQ}", "set QQQ in the environment, or write ${QQQ:-default}"),
        ("${QQQ:?}", "set QQQ in the environment"),
        (
            "${INSTANCE_NAME}",
            "there are ${INSTANCE}, ${INSTANCE_INDEX}, ${INSTANCE_COUNT}",
        ),
        ("${B_3}", "did you mean 'B_2'?"),
    ],
)
def test_a_hint_says_what_to_write(text: str, hint: str) -> None:
    with pytest.raises(SpecError) as caught:
        interpolate(text, ENVIRON)

    assert caught.value.hint == hint


def test_where_nobody_replaces_them_later_run_time_names_are_variables_as_all_others() -> None:
    text = "${INSTANCE} ${INSTANCE_NAME:-n} $${INSTANCE}"

    assert interpolate(text, {"INSTANCE": "2"}, run_time=False) == "2 n ${INSTANCE}"
