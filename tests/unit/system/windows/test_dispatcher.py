"""The life of a service under the SCM, with the SCM's part played by the test."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from svcctl.errors import SystemFault
from svcctl.ports import HostControls, HostPhase, HostReport
from svcctl.system.windows.dispatcher import BUG, DispatchedService
from svcctl.system.windows.service_status import Control, Standing, State, Taken

TAKEN = Taken(preshutdown=True, custom=frozenset({200}))
PATIENCE = 60.0
CRASH = 71
FINAL = frozenset({0, 78})

Attach = Callable[[HostControls], None]


class PlayedScm:
    """Calls the service as the SCM does, and remembers what it was told."""

    def __init__(self, *, started: bool = True, refuses: State | None = None) -> None:
        self.told: list[Standing] = []
        self.control: Callable[[int], int] = lambda _code: -1
        self._started, self._refuses = started, refuses

    def serve(self, name: str, main: Callable[[], None]) -> bool:
        if self._started:
            thread = threading.Thread(target=main, name=name)
            thread.start()
            thread.join(PATIENCE)
        return self._started

    def listen(self, name: str, control: Callable[[int], int]) -> None:
        assert name == "web"
        self.control = control

    def tell(self, standing: Standing) -> None:
        if standing.state is self._refuses:
            raise SystemFault("the SCM is gone")
        self.told.append(standing)

    def states(self) -> list[State]:
        return [each.state for each in self.told]


class Recorded:
    """Controls that remember what was asked of them."""

    def __init__(self, *, broken: tuple[str, ...] = ()) -> None:
        self.calls: list[object] = []
        self._broken = broken

    def stop(self, *, shutdown: bool) -> None:
        self._note("stop", shutdown)

    def pause(self) -> None:
        self._note("pause")

    def resume(self) -> None:
        self._note("resume")

    def reload(self) -> None:
        self._note("reload")

    def custom(self, code: int) -> None:
        self._note("custom", code)

    def _note(self, name: str, *more: object) -> None:
        if name in self._broken:
            raise RuntimeError(f"{name} is broken")
        self.calls.append((name, *more))


class Played:
    """One service from beginning to end, and what became of it."""

    def __init__(
        self,
        scm: PlayedScm,
        body: Callable[[HostReport, Attach], int],
        *,
        final: frozenset[int] | None = None,
    ) -> None:
        self.scm = scm
        self.faults: list[BaseException] = []
        self.left: list[int] = []
        service = DispatchedService(
            "web",
            body,
            calls=scm,
            within=20.0,
            taken=TAKEN,
            faults=self.faults.append,
            final=final,
            leave=self.left.append,
        )
        self.status = service.serve()


def test_a_process_the_scm_did_not_start_is_no_service() -> None:
    played = Played(PlayedScm(started=False), lambda _report, _attach: 0)

    assert played.status is None
    assert played.scm.told == []


def test_a_service_starts_runs_and_stops() -> None:
    def body(report: HostReport, _attach: Attach) -> int:
        report.tell(HostPhase.STARTING, text="loading", within=5.0)
        report.tell(HostPhase.RUNNING, text="")
        report.tell(HostPhase.STOPPING, text="", within=5.0)
        return 0

    played = Played(PlayedScm(), body)

    assert played.status == 0
    assert played.scm.states() == [
        State.START_PENDING,
        State.START_PENDING,
        State.RUNNING,
        State.STOP_PENDING,
        State.STOPPED,
    ]
    assert played.scm.told[-1].exit_code == 0


def test_a_bad_end_is_told_with_its_code() -> None:
    played = Played(PlayedScm(), lambda _report, _attach: 3)

    assert played.status == 3
    assert played.scm.told[-1].fields() == (0x10, 1, 0, 1066, 3, 0, 0)


@pytest.mark.parametrize("error", [ValueError("no"), KeyboardInterrupt(), SystemExit(0)])
def test_whatever_is_raised_ends_in_one_stopped(error: BaseException) -> None:
    def body(_report: HostReport, _attach: Attach) -> int:
        raise error

    played = Played(PlayedScm(), body)

    assert played.faults == [error]
    assert played.status == BUG
    assert played.scm.told[-1].fields() == (0x10, 1, 0, 1066, BUG, 0, 0)
    assert played.scm.states().count(State.STOPPED) == 1


def test_a_crash_is_a_process_that_ends_without_a_word() -> None:
    def body(report: HostReport, _attach: Attach) -> int:
        report.tell(HostPhase.RUNNING, text="")
        return CRASH

    played = Played(PlayedScm(), body, final=FINAL)

    assert played.left == [CRASH]
    assert played.scm.states()[-1] is State.RUNNING


@pytest.mark.parametrize("status", sorted(FINAL))
def test_a_status_that_is_final_is_told(status: int) -> None:
    played = Played(PlayedScm(), lambda _report, _attach: status, final=FINAL)

    assert played.left == []
    assert played.scm.told[-1].specific_code == status


def test_who_crashes_while_it_stops_has_stopped_all_the_same() -> None:
    def body(report: HostReport, attach: Attach) -> int:
        attach(Recorded())
        report.tell(HostPhase.RUNNING, text="")
        scm.control(Control.STOP)
        return CRASH

    scm = PlayedScm()
    played = Played(scm, body, final=FINAL)

    assert played.left == []
    assert played.scm.told[-1].fields() == (0x10, 1, 0, 1066, CRASH, 0, 0)


def test_controls_come_in_order_and_at_once() -> None:
    controls = Recorded()

    def body(report: HostReport, attach: Attach) -> int:
        attach(controls)
        report.tell(HostPhase.RUNNING, text="")
        codes = [scm.control(code) for code in (Control.PARAMCHANGE, 200, Control.PAUSE)]
        report.tell(HostPhase.PAUSED, text="")
        codes += [scm.control(code) for code in (Control.CONTINUE, 199, Control.SHUTDOWN)]
        controls.calls.append(codes)
        return 0

    scm = PlayedScm()
    played = Played(scm, body)

    assert controls.calls == [
        ("reload",),
        ("custom", 200),
        ("pause",),
        ("resume",),
        ("stop", True),
        [0, 0, 0, 0, 120, 0],
    ]
    assert played.scm.states()[-5:] == [
        State.PAUSE_PENDING,
        State.PAUSED,
        State.CONTINUE_PENDING,
        State.STOP_PENDING,
        State.STOPPED,
    ]


def test_a_stop_that_comes_before_the_host_listens_is_kept_for_it() -> None:
    controls = Recorded()

    def body(report: HostReport, attach: Attach) -> int:
        assert scm.control(Control.STOP) == 0
        assert controls.calls == []
        attach(controls)
        report.tell(HostPhase.RUNNING, text="")
        return 0

    scm = PlayedScm()
    played = Played(scm, body)

    assert controls.calls == [("stop", False)]
    assert State.RUNNING not in played.scm.states()


def test_a_control_that_fails_ends_the_service_in_order() -> None:
    controls = Recorded(broken=("reload",))

    def body(report: HostReport, attach: Attach) -> int:
        attach(controls)
        report.tell(HostPhase.RUNNING, text="")
        assert scm.control(Control.PARAMCHANGE) == 1064
        return 0

    scm = PlayedScm()
    played = Played(scm, body)

    assert controls.calls == [("stop", False)]
    assert [str(each) for each in played.faults] == ["reload is broken"]
    assert played.scm.told[-1].fields() == (0x10, 1, 0, 1066, BUG, 0, 0)


def test_controls_that_are_all_broken_end_the_service_at_once() -> None:
    def body(report: HostReport, attach: Attach) -> int:
        attach(Recorded(broken=("stop",)))
        report.tell(HostPhase.RUNNING, text="")
        scm.control(Control.STOP)
        assert scm.states()[-1] is State.STOPPED
        return 0

    scm = PlayedScm()
    played = Played(scm, body)

    assert played.status == BUG
    assert played.scm.states().count(State.STOPPED) == 1


def test_faults_that_cannot_be_written_down_do_not_keep_it_from_the_end() -> None:
    def unwritable(_error: BaseException) -> None:
        raise OSError("the disk is full")

    def body(_report: HostReport, _attach: Attach) -> int:
        raise ValueError

    scm = PlayedScm()
    service = DispatchedService(
        "web", body, calls=scm, within=20.0, taken=TAKEN, faults=unwritable, leave=lambda _: None
    )

    assert service.serve() == BUG
    assert scm.states()[-1] is State.STOPPED


@pytest.mark.parametrize("refused", [State.START_PENDING, State.STOPPED])
def test_an_scm_that_cannot_be_told_the_end_sees_the_process_die(refused: State | None) -> None:
    played = Played(PlayedScm(refuses=refused), lambda _report, _attach: 0)

    assert played.left == ([] if refused is State.START_PENDING else [BUG])
    assert [type(each) for each in played.faults] == [SystemFault]


def test_controls_and_reports_from_two_threads_end_in_one_stopped() -> None:
    def body(report: HostReport, attach: Attach) -> int:
        attach(Recorded())
        asker = threading.Thread(target=ask)
        asker.start()
        for _ in range(500):
            report.tell(HostPhase.RUNNING, text="")
            report.tell(HostPhase.PAUSED, text="")
        asker.join(PATIENCE)
        return 0

    def ask() -> None:
        for _ in range(200):
            scm.control(Control.PAUSE)
            scm.control(Control.CONTINUE)
            scm.control(200)
        scm.control(Control.STOP)

    scm = PlayedScm()
    played = Played(scm, body)

    assert played.faults == []
    assert played.scm.states()[-2:] == [State.STOP_PENDING, State.STOPPED]
    first = played.scm.states().index(State.STOP_PENDING)
    assert set(played.scm.states()[first:-1]) == {State.STOP_PENDING}
