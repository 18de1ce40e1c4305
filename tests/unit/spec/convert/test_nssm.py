"""Whatever NSSM keeps of a service becomes a definition that loads, or is named."""

from __future__ import annotations

import tempfile
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from svcctl.spec.convert.nssm import NssmSettings, Wrapped, is_nssm, wrapped
from svcctl.spec.convert.windows_service import Found, draft
from svcctl.spec.draft import render
from svcctl.spec.load import load_files

PARAMETERS = (
    *("AppParameters", "AppDirectory", "AppEnvironment", "AppEnvironmentExtra", "AppThrottle"),
    *("AppRestartDelay", "AppStopMethodSkip", "AppStopMethodConsole", "AppStopMethodWindow"),
    *("AppStopMethodThreads", "AppKillProcessTree", "AppStdin", "AppStdout", "AppStderr"),
    *("AppRotateFiles", "AppRotateOnline", "AppRotateBytes", "AppRotateBytesHigh"),
    *("AppRotateSeconds", "AppPriority", "AppAffinity", "AppNoConsole", "AppTimestampLog"),
)
ENDS = ("Restart", "Exit", "Ignore", "Suicide", "exit", "Else", "")
TEXTS = st.text(st.characters(codec="ascii", categories=("L", "N", "P", "S", "Z")))
VALUES = st.one_of(
    st.integers(0, 2**32 - 1),
    st.sampled_from((0, 1, 0x4000, "0-1,3", "2-1", "C:\\a b.txt", ["A=1", "B", "=x", "c d=e"])),
    TEXTS,
)
FOUND = st.builds(
    NssmSettings,
    parameters=st.dictionaries(st.sampled_from(PARAMETERS), VALUES).map(
        lambda found: {"Application": r"C:\apps\app.exe", **found}
    ),
    exits=st.dictionaries(
        st.sampled_from(("", "0", "1", "78", "-1", "4294967296", "x")), st.sampled_from(ENDS)
    ),
    events=st.dictionaries(
        st.sampled_from(("Start/Pre", "Stop/Pre", "Exit/Post", "Power/Resume")), TEXTS
    ),
)


def settings(**parameters: object) -> NssmSettings:
    return NssmSettings(parameters={"Application": r"C:\apps\app.exe", **parameters})


def taken(found: NssmSettings) -> Wrapped:
    return wrapped(found, is_file=lambda _: False)


@pytest.mark.slow
@given(FOUND)
@example(settings(AppStdin="~"))
def test_whatever_nssm_keeps_the_draft_loads(found: NssmSettings) -> None:
    service = Found(name="Web", command="nssm.exe", account=r".\anna", nssm=found)

    text = render([draft(service, is_file=lambda _: False)])

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "svcctl.toml"
        path.write_text(text, encoding="utf-8")
        (spec,) = load_files([path], environ={}).services.values()
    assert spec.exec[0] == r"C:\apps\app.exe"


@pytest.mark.parametrize(
    ("exits", "expected"),
    [
        ({}, {"restart.policy": "always"}),
        ({"": "Restart", "0": "Exit"}, {"restart.policy": "on-failure"}),
        ({"": "Restart", "7": "Ignore"}, {"restart.policy": "always", "restart.never_exit": [7]}),
        ({"": "Exit"}, {"restart.policy": "never"}),
        ({"": "Suicide", "0": "Exit"}, {"restart.policy": "never"}),
    ],
)
def test_what_follows_an_exit_is_a_policy(
    exits: dict[str, str], expected: dict[str, object]
) -> None:
    found = taken(NssmSettings(parameters={"Application": "a.exe"}, exits=exits))

    assert {key: found.options.get(key) for key in expected} == expected
    assert found.notes == ()


def test_a_code_after_which_alone_it_is_restarted_is_named() -> None:
    found = taken(
        NssmSettings(parameters={"Application": "a.exe"}, exits={"": "Exit", "3": "Restart"})
    )

    assert found.options["restart.policy"] == "never"
    assert found.notes == ("not carried over: AppExit 3 = 'Restart'",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("AppAffinity", "3-1"),
        ("AppAffinity", "all"),
        ("AppPriority", 17),
        ("AppRestartDelay", "soon"),
        ("AppKillProcessTree", "no"),
        ("AppRedirectHook", 1),
        ("AppTimestampLog", 1),
    ],
)
def test_a_value_that_means_nothing_to_us_is_named(name: str, value: object) -> None:
    found = taken(settings(**{name: value}))

    assert found.notes == (f"not carried over: {name} = {value!r}",)


def test_entries_that_are_no_variables_and_those_that_refer_to_others_are_named() -> None:
    found = taken(settings(AppEnvironmentExtra=["A=1", "B", "ProgramFiles(x86)=c", "P=%PATH%;x"]))

    assert found.env == {"A": "1", "P": "%PATH%;x"}
    assert found.notes == (
        "not carried over: variable = 'B'",
        "not carried over: variable = 'ProgramFiles(x86)=c'",
        "variable P refers to others, which is not replaced: '%PATH%;x'",
    )


def test_an_environment_of_its_own_replaces_that_of_windows() -> None:
    found = taken(settings(AppEnvironment=["A=1"], AppEnvironmentExtra=["B=2"]))

    assert (found.env, found.options["env_clean"]) == ({"A": "1", "B": "2"}, True)


def test_a_program_that_is_not_asked_to_stop_is_named() -> None:
    found = taken(settings(AppStopMethodSkip=7))

    assert "stop.sequence" not in found.options
    assert found.notes == ("NSSM kills it at once; svcctl asks it first: see stop.sequence",)


def test_where_output_went_is_named_and_how_much_is_kept_is_taken_over() -> None:
    found = taken(settings(AppStdout=r"C:\out.log", AppStderr=r"C:\err.log", AppRotateBytesHigh=1))

    assert found.options["log.max_size"] == f"{2**32}B"
    assert "log.stderr" not in found.options
    assert [each.split(";")[0] for each in found.notes] == [
        r"output went to C:\err.log",
        r"output went to C:\out.log",
    ]


def test_nssm_is_known_by_its_name_or_by_what_it_keeps() -> None:
    renamed = NssmSettings(parameters={"Application": "a.exe"}, exits={"": "Restart"})

    assert is_nssm(r"C:\tools\NSSM.exe", settings())
    assert is_nssm(r"C:\web\web-service.exe", renamed)
    assert not is_nssm(r"C:\Windows\srvany.exe", settings())
    assert not is_nssm(r"C:\tools\nssm.exe", NssmSettings())
