"""How the SCM is to keep a service, decided from its definition."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import Conflict, SpecError
from svcctl.spec.native import (
    ErrorControl,
    Recovery,
    RecoveryPolicy,
    RecoveryStep,
    Sandbox,
    SidType,
    Trigger,
    WindowsOptions,
)
from svcctl.spec.policy import (
    Hooks,
    Limits,
    LogPolicy,
    LogTo,
    ReloadPolicy,
    RestartPolicy,
    RestartWhen,
    Schedule,
    StopPolicy,
    StopStep,
)
from svcctl.spec.service import Need, Scope, ServiceSpec, Start
from svcctl.system.windows.scm_config import FailureActions, FailureStep, ScmStart
from svcctl.system.windows.scm_password import password_for
from svcctl.system.windows.scm_plan import (
    DEFAULT_SECURITY,
    Standpoint,
    acts,
    desired,
    quoted,
    start_of,
)

STANDPOINT = Standpoint(
    command=(r"C:\Program Files\Python\python.exe", "-I", "host.py", "web"),
    account=r"NT SERVICE\web",
    enabled=True,
    keepers={},
)


def a_spec(**changes: object) -> ServiceSpec:
    return replace(ServiceSpec(name="web", exec=("web.exe",)), **changes)  # type: ignore[arg-type]


def a_windows_spec(**options: object) -> ServiceSpec:
    return a_spec(windows=replace(WindowsOptions(), **options))  # type: ignore[arg-type]


# --- the configuration


def test_a_plain_service_has_the_least_rights_and_a_host_that_is_restarted() -> None:
    config = desired(a_spec(), STANDPOINT)

    assert config.command == r'"C:\Program Files\Python\python.exe" "-I" "host.py" "web"'
    assert config.display_name == "web"
    assert config.start is ScmStart.AUTO
    assert config.account == r"NT SERVICE\web"
    assert config.sid_type is SidType.UNRESTRICTED
    assert config.privileges == ("SeChangeNotifyPrivilege",)
    assert config.failure_actions == FailureActions(
        steps=(
            FailureStep(do=Recovery.RESTART, delay=5000),
            FailureStep(do=Recovery.RESTART, delay=60000),
            FailureStep(do=Recovery.NONE, delay=0),
        ),
        reset=86400,
    )
    assert config.actions_on_error
    assert config.security is None


def test_every_option_of_windows_reaches_the_configuration() -> None:
    spec = replace(
        a_windows_spec(
            privileges=(),
            sid_type=SidType.RESTRICTED,
            depends_on=("Tcpip",),
            depends_on_groups=("NetworkProvider", "+TDI"),
            load_order_group="Base",
            error_control=ErrorControl.SEVERE,
            recovery=RecoveryPolicy(
                steps=(RecoveryStep(do=Recovery.RUN, delay=0.5),),
                reset=60.0,
                on_error=False,
                command="tell.exe",
                reboot_message="bye",
            ),
            preshutdown_timeout=90.0,
            security="D:(A;;GA;;;SY)",
            triggers=(Trigger(on="ip-available"),),
        ),
        display_name="The shop",
        description="sells",
    )

    config = desired(spec, STANDPOINT)

    assert (config.display_name, config.description) == ("The shop", "sells")
    assert config.dependencies == ("Tcpip", "+NetworkProvider", "+TDI")
    assert (config.load_order_group, config.error_control) == ("Base", ErrorControl.SEVERE)
    assert (config.privileges, config.sid_type) == ((), SidType.RESTRICTED)
    assert config.failure_actions == FailureActions(
        steps=(FailureStep(do=Recovery.RUN, delay=500),),
        reset=60,
        command="tell.exe",
        reboot_message="bye",
    )
    assert not config.actions_on_error
    assert config.preshutdown == 90_000
    assert config.security == "D:(A;;GA;;;SY)"
    assert len(config.triggers) == 1


@pytest.mark.parametrize(
    ("start", "enabled", "expected"),
    [
        (Start.AUTO, True, ScmStart.AUTO),
        (Start.AUTO, False, ScmStart.MANUAL),
        (Start.DELAYED, True, ScmStart.DELAYED),
        (Start.DELAYED, False, ScmStart.MANUAL),
        (Start.MANUAL, True, ScmStart.AUTO),
        (Start.MANUAL, False, ScmStart.MANUAL),
        (Start.DISABLED, True, ScmStart.AUTO),
        (Start.DISABLED, False, ScmStart.DISABLED),
    ],
)
def test_when_it_starts_is_for_the_definition_and_the_operator_to_say(
    start: Start, enabled: bool, expected: ScmStart
) -> None:
    assert start_of(start, enabled=enabled) is expected


def test_a_shutdown_waits_for_every_step_of_a_stop_and_its_hooks() -> None:
    spec = a_spec(
        stop=StopPolicy(sequence=(StopStep(signal="CTRL_C", timeout=20), StopStep(exec=("x",)))),
        hook=Hooks(pre_stop=(("a",), ("b",)), post_stop=(("c",),), timeout=5),
    )

    config = desired(spec, STANDPOINT)

    assert config.preshutdown == (20 + 15 + 3 * 5 + 10) * 1000


def test_the_default_stop_gives_windows_25_seconds_to_wait() -> None:
    assert desired(a_spec(), STANDPOINT).preshutdown == 25_000


def test_a_service_that_hears_of_no_shutdown_sets_no_time_for_it() -> None:
    assert desired(a_windows_spec(preshutdown=False), STANDPOINT).preshutdown is None


def test_no_steps_mean_no_failure_actions_at_all() -> None:
    config = desired(a_windows_spec(recovery=RecoveryPolicy(steps=())), STANDPOINT)

    assert config.failure_actions == FailureActions()
    assert not config.actions_on_error


def failure_steps(**changes: object) -> list[tuple[Recovery, int]]:
    """Give what Windows is to do after failures of a service without a host."""
    config = desired(a_spec(host=False, **changes), STANDPOINT)
    return [(each.do, each.delay) for each in config.failure_actions.steps]


def test_without_a_host_windows_restarts_as_the_definition_says() -> None:
    restart = RestartPolicy(delay=2.0, factor=3.0, max_delay=10.0, max=3, window=60.0)

    config = desired(a_spec(host=False, restart=restart), STANDPOINT)

    assert failure_steps(restart=restart) == [
        (Recovery.RESTART, 2000),
        (Recovery.RESTART, 6000),
        (Recovery.RESTART, 10_000),
        (Recovery.NONE, 0),
    ]
    assert config.failure_actions.reset == 60


def test_without_a_host_nothing_is_restarted_that_is_not_to_be() -> None:
    assert failure_steps(restart=RestartPolicy(policy=RestartWhen.NEVER)) == []
    assert failure_steps(restart=RestartPolicy(max=0, delay=1.0)) == [(Recovery.RESTART, 1000)]


def test_what_is_said_of_windows_own_recovery_comes_first() -> None:
    recovery = RecoveryPolicy(steps=(RecoveryStep(do=Recovery.REBOOT, delay=1.0),))

    found = failure_steps(windows=replace(WindowsOptions(), recovery=recovery))

    assert found == [(Recovery.REBOOT, 1000)]


def test_what_only_a_host_can_do_is_refused_without_one() -> None:
    with pytest.raises(SpecError, match="only a host does 'schedule'"):
        desired(a_spec(host=False, schedule=Schedule(every=60.0)), STANDPOINT)


def test_a_dacl_that_is_no_longer_asked_for_becomes_that_of_windows() -> None:
    config = desired(a_spec(), replace(STANDPOINT, had_security=True))

    assert config.security == DEFAULT_SECURITY


# --- what it needs


def test_what_a_service_needs_becomes_a_dependency_once() -> None:
    spec = replace(
        a_windows_spec(depends_on=("db", "Tcpip")),
        needs={"db": Need.READY, "cache": Need.STARTED},
        after=("log",),
    )

    config = desired(spec, replace(STANDPOINT, keepers={"db": "scm"}))

    assert config.dependencies == ("db", "Tcpip", "cache")


def test_a_need_that_somebody_else_keeps_is_a_conflict() -> None:
    spec = a_spec(needs={"db": Need.READY})

    with pytest.raises(Conflict, match="needs 'db', which is kept by systemd, not by the SCM"):
        desired(spec, replace(STANDPOINT, keepers={"db": "systemd"}))


# --- what Windows does not have


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"umask": 0o27}, "Windows has no 'umask'"),
        ({"group": "www"}, "Windows has no 'group'"),
        ({"supplementary_groups": ()}, "Windows has no 'supplementary_groups'"),
        ({"no_new_privs": True}, "Windows has no 'no_new_privs'"),
        ({"cap_bound": ()}, "Windows has no 'cap_bound'"),
        ({"sandbox": Sandbox.BASIC}, "Windows has no 'sandbox'"),
        ({"limits": Limits(rlimit={"core": 0})}, "Windows has no 'limits.rlimit'"),
        ({"limits": Limits(nofile=10)}, "Windows has no 'limits.nofile'"),
        ({"reload": ReloadPolicy(signal="HUP")}, "Windows has no 'reload.signal'"),
        ({"scope": Scope.USER}, "the SCM keeps no services of users"),
        ({"log": LogPolicy(to=LogTo.JOURNAL)}, "Windows has no journal"),
        ({"needs": {"db": Need.DONE}}, "the SCM cannot wait until another service is done"),
        ({"stop": StopPolicy(signal="HUP")}, "Windows has no signal 'HUP'"),
        ({"display_name": "x" * 257}, "display_name is longer than 256 characters"),
    ],
)
def test_what_windows_does_not_have_is_refused(changes: dict[str, object], problem: str) -> None:
    with pytest.raises(SpecError, match=f"service 'web': {problem}") as refused:
        desired(a_spec(**changes), STANDPOINT)

    assert refused.value.hint


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        ({"security": "O:SYD:(A;;GA;;;SY)"}, "windows.security is not just a DACL"),
        ({"security": "everyone"}, "windows.security is not just a DACL"),
        ({"triggers": (Trigger(on="full-moon"),)}, "there is no trigger 'full-moon'"),
        (
            {"recovery": RecoveryPolicy(steps=(RecoveryStep(do=Recovery.RUN),))},
            "windows.recovery runs a command and has none",
        ),
    ],
)
def test_what_the_scm_cannot_take_is_refused(options: dict[str, object], problem: str) -> None:
    with pytest.raises(SpecError, match=problem):
        desired(a_windows_spec(**options), STANDPOINT)


def test_what_starts_delayed_is_in_no_load_order_group() -> None:
    spec = replace(a_windows_spec(load_order_group="Base"), start=Start.DELAYED)

    with pytest.raises(SpecError, match="cannot be in a load order group"):
        desired(spec, STANDPOINT)


def test_all_that_is_wrong_is_told_at_once() -> None:
    with pytest.raises(SpecError, match="and 1 more") as refused:
        desired(a_spec(umask=0, group="www"), STANDPOINT)

    assert [mistake.problem for mistake in refused.value.mistakes] == [
        "service 'web': Windows has no 'umask'",
        "service 'web': Windows has no 'group'",
    ]


# --- acts


def test_a_new_service_is_set_up_member_by_member() -> None:
    wanted = desired(a_spec(description="sells"), STANDPOINT)

    found = {act.target: act for act in acts("web", None, wanted)}

    assert found["service web: description"].text == "sells"
    assert found["service web: start"].text == "auto"
    assert found["service web: privileges"].text == "SeChangeNotifyPrivilege"
    assert found["service web: preshutdown"].text == "25000 ms"
    assert found["service web: failure actions"].text == (
        "restart after 5000 ms, restart after 60000 ms, none after 0 ms; reset after 86400 s"
    )
    assert "service web: triggers" not in found
    assert all(act.kind == "set" and act.before is None for act in found.values())


def test_what_is_as_it_should_be_needs_no_act() -> None:
    wanted = desired(a_spec(), STANDPOINT)

    assert acts("web", replace(wanted, security="D:(default)"), wanted) == ()


def test_a_change_is_one_act_with_what_stood_there() -> None:
    before = desired(a_spec(description="sells"), STANDPOINT)
    wanted = desired(a_spec(description="buys"), STANDPOINT)

    (act,) = acts("web", before, wanted)

    assert (act.target, act.text, act.before) == ("service web: description", "buys", "sells")


def test_windows_may_spell_accounts_and_privileges_as_it_likes() -> None:
    wanted = desired(a_windows_spec(privileges=("SeA", "SeB")), STANDPOINT)
    before = replace(wanted, account=r"nt service\WEB", privileges=("SEB", "sea"))

    assert acts("web", before, wanted) == ()


# --- passwords


@pytest.mark.parametrize(
    ("account", "expected"),
    [
        (r"NT SERVICE\web", None),
        (r"CORP\web$", None),
        ("LocalSystem", ""),
        (r"NT AUTHORITY\LocalService", ""),
        (r".\shop", "secret"),
    ],
)
def test_only_accounts_of_people_have_a_password(account: str, expected: str | None) -> None:
    assert password_for(account, lambda: "secret") == expected


# --- command lines


def split(line: str) -> Iterator[str]:
    """Take a command line apart as CommandLineToArgvW does."""
    word, quotes, backslashes, within = "", False, 0, False
    for char in (*line, None):
        if char == "\\":
            backslashes, within = backslashes + 1, True
            continue
        if char == '"':
            word += "\\" * (backslashes // 2)
            if backslashes % 2:
                word += '"'
            else:
                quotes = not quotes
            within = True
        else:
            word += "\\" * backslashes
            if char is None or (char in " \t" and not quotes):
                if within:
                    yield word
                word, within = "", False
            else:
                word, within = word + char, True
        backslashes = 0


def test_every_word_of_a_command_stands_in_quotes() -> None:
    assert quoted(["C:\\a b\\x.exe", "plain", 'say "hi"', "C:\\dir\\", ""]) == (
        r'"C:\a b\x.exe" "plain" "say \"hi\"" "C:\dir\\" ""'
    )


@given(st.lists(st.text(alphabet='ab \\"\t', max_size=8), min_size=1))
def test_what_was_quoted_is_taken_apart_into_the_same_words(words: list[str]) -> None:
    assert list(split(quoted(words))) == words
