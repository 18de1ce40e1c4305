"""Who is told of what: read with places for every mistake, and never with a secret in it."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.spec import canonical
from svcctl.spec.alert_policy import Happening, Priority
from svcctl.spec.alerting import (
    AlertingSpec,
    ChannelKind,
    ChannelSpec,
    Language,
    RouteSpec,
    SeveritySpec,
)
from svcctl.spec.alerting_rules import alerting_findings
from svcctl.spec.layers import Layer
from svcctl.spec.load import Loaded, load_files

Load = Callable[..., Loaded]

GOOD = """
[alerting]
language = "zh"
[alerting.channels.ops]
kind = "wecom"
url = "file:secrets/wecom"
[alerting.priorities.P0]
channels = ["ops"]
escalate = [{ after = "5m", channels = ["ops"] }]
[alerting.severity]
crash = "P0"
"""


def alerting(load: Load, text: str) -> AlertingSpec:
    found = load(text).alerting
    assert found is not None
    return found


def mistakes(load: Load, text: str) -> list[str]:
    with pytest.raises(SpecError) as caught:
        load(text)
    return [f"{each.line}:{each.column} {each.problem}" for each in caught.value.mistakes]


def test_what_is_written_is_read_and_the_rest_has_its_defaults(load: Load, tmp_path: Path) -> None:
    spec = alerting(load, GOOD)

    assert spec.language is Language.ZH
    assert spec.channels["ops"].kind is ChannelKind.WECOM
    assert spec.channels["ops"].url == f"file:{tmp_path / 'secrets' / 'wecom'}"
    assert spec.priorities.of(Priority.P0).escalate[0].after == 300.0
    assert spec.severity.of(Happening.CRASH) is Priority.P0
    assert spec.severity.of(Happening.SERVICE_DOWN) is Priority.P0
    assert spec.severity.of(Happening.LATENCY) is Priority.P2


def test_every_happening_has_a_severity_of_its_name() -> None:
    assert {each.name for each in fields(SeveritySpec)} == {str(each) for each in Happening}


def test_a_file_without_alerting_says_nothing_of_it(load: Load) -> None:
    assert load("[services.a]\nexec = 'a'\n").alerting is None


def test_each_value_has_its_place(load: Load) -> None:
    origins = load(GOOD).common_origins

    assert origins["alerting.channels.ops.kind"].line == 5
    assert origins["alerting.channels.ops.patience"].layer is Layer.BUILT_IN
    assert origins["alerting.severity.latency"].layer is Layer.BUILT_IN


def test_what_is_handed_over_is_read_back_equal(load: Load) -> None:
    spec = alerting(load, GOOD)

    document = canonical.dump(spec)

    assert canonical.parse_table(document, AlertingSpec) == spec


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[alerting]\nlangage_ = 'en'", "2:1 unknown option 'alerting.langage_'"),
        ("[alerting]\nlanguage = 'de'", "2:12 alerting.language: 'de' is not one of en, zh"),
        ("alerting = 3", "1:12 'alerting' is not a table"),
        ("[alerting.channels.a]", "1:20 alerting.channels.a has no 'kind'"),
        (
            "[alerting.channels.a]\nkind = 'wecom'",
            "1:20 channel 'a' of kind 'wecom' has no 'url'",
        ),
        (
            "[alerting.channels.a]\nkind = 'wecom'\nurl = 'https://x/?key=hush'",
            "3:7 alerting.channels.a.url: this is not a reference",
        ),
        (
            "[alerting.channels.a]\nkind = 'webhook'\nurl = 'https://x/?key=hush'",
            "3:7 alerting.channels.a.url: this address may hold a secret",
        ),
        (
            "[alerting.channels.a]\nkind = 'webhook'\nurl = 'ftp://x'",
            "3:7 alerting.channels.a.url: this is not an address",
        ),
        (
            "[alerting.channels.a]\nkind = 'webhook'\nurl = 'http://x'\nheaders.A = 'hush'",
            "4:13 alerting.channels.a.headers.A: this is not a reference",
        ),
        (
            "[alerting.channels.a]\nkind = 'webhook'\nurl = 'http://x'\nhost = 'y'",
            "4:1 a channel of kind 'webhook' has no 'host'",
        ),
        (
            "[alerting.channels.a]\nkind = 'apprise'\nurls = ['slack://hush']",
            "3:9 alerting.channels.a.urls[0]: this is not a reference",
        ),
        (
            "[alerting.channels.a]\nkind = 'webhook'\nurl = 'http://x'\nfallback = 'a'",
            "4:12 channel 'a' is its own fallback",
        ),
        (
            "[alerting.channels.'A b']\nkind = 'webhook'\nurl = 'http://x'",
            "1:20 'A b' cannot name a channel",
        ),
        ("[alerting.priorities.P0]\nchannels = ['ops']", "2:13 there is no channel 'ops'"),
        ("[alerting.priorities.P3]", "1:22 unknown option 'alerting.priorities.P3'"),
        ("[[alerting.routes]]\nmatch = []", "2:9 alerting.routes[0].match is empty"),
        (
            "[[alerting.routes]]\nmatch = ['web']",
            "2:10 alerting.routes[0].match[0]: 'web' is no condition on a label",
        ),
        (
            "[[alerting.maintenance]]\nmatch = ['a=b']\nbegins = 'soon'\nlasts = '1h'",
            "3:10 alerting.maintenance[0].begins: 'soon' is not a time",
        ),
        (
            "[[alerting.maintenance]]\nmatch=['a=b']\nbegins='2026-01-01'\nlasts='1d'\nevery='1d'",
            "5:7 alerting.maintenance[0] lasts as long as it takes to come again",
        ),
        (
            "[services.a]\nexec = 'a'\nalert.to = ['ops']\n[alerting]",
            "3:13 there is no channel 'ops'",
        ),
        (
            "[services.a]\nexec = 'a'\nalert.on = ['crashs']",
            "3:13 alert.on[0]: 'crashs' is not one of",
        ),
    ],
)
def test_a_mistake_has_its_place(load: Load, text: str, expected: str) -> None:
    (found,) = mistakes(load, text)

    assert found.startswith(expected)
    assert "hush" not in found


def test_a_mistake_in_a_channel_is_the_only_one(load: Load) -> None:
    text = """[services.web]
exec = "a"
alert.to = ["ops"]
[alerting.channels.ops]
kind = "wecomm"
[alerting.channels.other]
kind = "webhook"
url = "http://x"
fallback = "ops"
[alerting.priorities.P0]
channels = ["ops"]
"""

    (found,) = mistakes(load, text)

    assert found.startswith("5:8 alerting.channels.ops.kind: 'wecomm' is not one of wecom")


@pytest.mark.parametrize("manager", ["systemd", "scm", "launchd"])
def test_a_service_of_which_nobody_would_tell_says_nothing_of_it(load: Load, manager: str) -> None:
    (found,) = mistakes(
        load, f"[services.web]\nexec = 'a'\nmanager = '{manager}'\nalert.on = ['crash']\n"
    )

    assert found == f"4:1 nobody tells of a service that {manager} keeps"


def test_channels_of_a_service_may_stand_in_another_file(load: Load) -> None:
    loaded = load("[services.a]\nexec = 'a'\nalert.to = ['ops']\n")

    assert loaded.services["a"].alert.to == ("ops",)


def test_flags_go_before_variables_and_those_before_files(load: Load) -> None:
    environ = {
        "SVCCTL_ALERTING__LANGUAGE": "en",
        "SVCCTL_ALERTING__SEVERITY__CRASH": "P2",
        "SVCCTL_ALERTING__PRIORITIES__P0__ENDED": "false",
    }
    flags = ("alerting.severity.crash=P1", 'alerting.priorities.P0.channels=["ops", "ops"]')

    loaded = load(GOOD, environ=environ, flags=flags)

    spec = loaded.alerting
    assert spec is not None
    assert spec.language is Language.EN
    assert spec.severity.crash is Priority.P1
    assert spec.priorities.P0.channels == ("ops", "ops")
    assert not spec.priorities.P0.ended
    assert loaded.common_origins["alerting.language"].layer is Layer.ENVIRONMENT
    assert loaded.common_origins["alerting.severity.crash"].layer is Layer.FLAG


@pytest.mark.parametrize(
    ("flag", "problem"),
    [
        ("alerting.langage_=en", "unknown option 'alerting.langage_'"),
        ("alerting.language=de", "alerting.language: 'de' is not one of en, zh"),
        ("alerting.=en", "names no option and value"),
        ("alerting.language", "names no option and value"),
    ],
)
def test_a_flag_that_says_nothing_known_is_refused(load: Load, flag: str, problem: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(GOOD, flags=(flag,))

    assert [each.problem for each in caught.value.mistakes] == [problem]


@pytest.mark.parametrize("rest", ["", "A____B", "__".join(["A"] * 60)])
def test_a_variable_that_names_nothing_is_refused(load: Load, rest: str) -> None:
    with pytest.raises(SpecError, match="names no option"):
        load(GOOD, environ={f"SVCCTL_ALERTING__{rest}": "x"})


def test_nothing_can_be_set_where_no_file_has_any(load: Load) -> None:
    with pytest.raises(SpecError, match=r"no file has \[alerting\]"):
        load("", flags=("alerting.language=en",))


def test_a_service_called_alerting_goes_first(load: Load) -> None:
    loaded = load("[services.alerting]\nexec = 'a'\n", flags=("alerting.stop.timeout=5s",))

    assert loaded.services["alerting"].stop.timeout == 5.0


def test_two_files_do_not_both_say_it(tmp_path: Path) -> None:
    (tmp_path / "a.toml").write_text("[alerting]\n")
    (tmp_path / "b.toml").write_text("\n[alerting]\n")

    with pytest.raises(SpecError) as caught:
        load_files([tmp_path], environ={})

    (mistake,) = caught.value.mistakes
    assert str(mistake) == f"{tmp_path / 'b.toml'}:2:2: 'alerting' is defined twice"
    assert mistake.hint == f"it is also in {tmp_path / 'a.toml'}:1:2"


def test_the_defaults_are_without_mistakes() -> None:
    assert list(alerting_findings(AlertingSpec())) == []


@given(
    st.builds(
        AlertingSpec,
        language=st.sampled_from(Language),
        channels=st.dictionaries(
            st.text(),
            st.builds(
                ChannelSpec,
                kind=st.sampled_from(ChannelKind),
                url=st.text(),
                headers=st.dictionaries(st.text(), st.text(), max_size=2),
                to=st.lists(st.text(), max_size=2).map(tuple),
                language=st.none() | st.sampled_from(Language),
                patience=st.floats(0, 1e9),
            ),
            max_size=3,
        ),
        severity=st.builds(SeveritySpec, crash=st.sampled_from(Priority)),
        routes=st.lists(
            st.builds(RouteSpec, match=st.just(("a=b",)), group_wait=st.none() | st.floats(0, 9)),
            max_size=2,
        ).map(tuple),
    )
)
def test_whatever_is_handed_over_is_read_back_equal(spec: AlertingSpec) -> None:
    document = json.loads(json.dumps(canonical.dump(spec)))

    assert canonical.parse_table(document, AlertingSpec) == spec
