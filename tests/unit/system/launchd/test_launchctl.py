"""Orders to launchd, and its words for how they went."""

from __future__ import annotations

import sys
from collections.abc import Sequence

import pytest

from svcctl.errors import Denied, SvcctlError, SystemFault
from svcctl.system.launchd.launchctl import Job, Launchctl, Ran, parse_job, run_command
from tests.unit.system.launchd.recorded import PRINTED


class Answering:
    """Answers every command alike."""

    def __init__(self, answer: Ran) -> None:
        self.answer = answer
        self.commands: list[tuple[str, ...]] = []

    def __call__(self, argv: Sequence[str]) -> Ran:
        self.commands.append(tuple(argv))
        return self.answer


def test_orders_name_the_job_in_its_domain() -> None:
    run = Answering(Ran(code=0))
    launchctl = Launchctl("gui/501", run=run)

    launchctl.bootstrap("/a.plist")
    launchctl.kickstart("org.svcctl.web")
    launchctl.set_allowed("org.svcctl.web", allowed=False)
    launchctl.bootout("org.svcctl.web")

    assert run.commands == [
        ("launchctl", "bootstrap", "gui/501", "/a.plist"),
        ("launchctl", "kickstart", "gui/501/org.svcctl.web"),
        ("launchctl", "disable", "gui/501/org.svcctl.web"),
        ("launchctl", "bootout", "gui/501/org.svcctl.web"),
    ]


def test_a_job_that_is_not_loaded_is_none_and_may_be_booted_out() -> None:
    launchctl = Launchctl("system", run=Answering(Ran(code=113, err="Could not find service")))

    launchctl.bootout("org.svcctl.web")

    assert launchctl.job("org.svcctl.web") is None


def test_a_job_that_is_still_ending_or_already_loaded_is_as_it_should_be() -> None:
    Launchctl("system", run=Answering(Ran(code=36))).bootout("a")
    Launchctl("system", run=Answering(Ran(code=37))).bootstrap("/a.plist")


@pytest.mark.parametrize(
    ("code", "kind", "hint"),
    [(1, Denied, "run it as root"), (5, SystemFault, "log show")],
)
def test_a_refusal_says_what_was_asked_and_why(
    code: int, kind: type[SvcctlError], hint: str
) -> None:
    said = "Bootstrap failed: Input/output error.\n"
    launchctl = Launchctl("system", run=Answering(Ran(code=code, err=said)))

    with pytest.raises(kind) as caught:
        launchctl.bootstrap("/a.plist")

    assert caught.value.problem == (
        "launchd refused to 'bootstrap /a.plist': Bootstrap failed: Input/output error"
    )
    assert caught.value.hint.startswith(hint)


def test_a_refusal_without_a_word_tells_the_status() -> None:
    launchctl = Launchctl("system", run=Answering(Ran(code=5)))

    with pytest.raises(SystemFault, match=r"it gave no reason \(status 5\)"):
        launchctl.kickstart("a")


@pytest.mark.parametrize(
    ("state", "more", "expected"),
    [
        ("running", "\tpid = 77", Job(running=True, pid=77, runs=3)),
        ("not running", "\tlast exit code = 0", Job(running=False, runs=3, exit_code=0)),
        (
            "not running",
            "\tlast exit code = 78: EX_CONFIG",
            Job(running=False, runs=3, exit_code=78),
        ),
        (
            "not running",
            "\tlast terminating signal = Killed: 9",
            Job(running=False, runs=3, signal="Killed: 9"),
        ),
        ("not running", "\tlast exit code = (never exited)", Job(running=False, runs=3)),
        ("spawn scheduled", "\tlast exit code = 1", Job(running=True, runs=3, exit_code=1)),
    ],
)
def test_what_is_printed_of_a_job_is_understood(state: str, more: str, expected: Job) -> None:
    printed = PRINTED.format(label="a", path="/a", state=state, runs=3, more=more, active=1)

    assert parse_job(printed) == expected


def test_a_command_gives_its_status_and_both_outputs() -> None:
    code = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(3)"

    assert run_command((sys.executable, "-c", code)) == Ran(code=3, out="out\n", err="err\n")


def test_a_machine_without_launchctl_is_told_of() -> None:
    with pytest.raises(SystemFault, match="no '/no/launchctl' on this machine"):
        run_command(("/no/launchctl",))
