"""What waits for a stop: in order, once, and told of when it comes to nothing."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from svcctl.errors import Conflict, UnknownService
from svcctl.system.windows.scm_errands import Errand, Errands

DEADLINE = 10.0


class Waits:
    """Services that stop when the test says so; *failures* raise or time out instead."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.failures: dict[str, Callable[[], bool]] = {}

    def __call__(self, name: str, within: float) -> bool:
        del within
        assert self.gate.wait(DEADLINE)
        return self.failures.get(name, lambda: True)()


@pytest.fixture
def waits() -> Waits:
    return Waits()


@pytest.fixture
def errands(waits: Waits) -> Errands:
    return Errands(waits)


def an_errand(what: str, then: Callable[[], None], *others: str) -> Errand:
    return Errand(what=what, others=others or ("web",), then=then, within=3.0)


def finish(waits: Waits) -> None:
    waits.gate.set()
    for thread in threading.enumerate():
        if thread.name == "errand-web":
            thread.join(DEADLINE)
            assert not thread.is_alive()


def test_errands_are_run_in_order_and_each_once(errands: Errands, waits: Waits) -> None:
    done: list[str] = []

    for what in ("stop", "start", "stop", "start"):
        errands.add("web", an_errand(what, lambda what=what: done.append(what)))  # type: ignore[misc]
    before = errands.is_under_way("web")
    finish(waits)

    assert before
    assert done == ["stop", "start"]
    assert not errands.is_under_way("web")


def test_what_is_cancelled_is_not_done(errands: Errands, waits: Waits) -> None:
    done: list[str] = []
    errands.add("web", an_errand("start", lambda: done.append("start")))

    errands.cancel("web")
    finish(waits)

    assert done == []
    assert not errands.is_under_way("web")


def test_what_does_not_stop_in_time_is_told(errands: Errands, waits: Waits) -> None:
    waits.failures["db"] = lambda: False
    done: list[str] = []

    errands.add("web", an_errand("stop", lambda: done.append("stop"), "db"))
    errands.add("web", an_errand("start", lambda: done.append("start")))
    finish(waits)

    assert errands.trouble("web") == "service 'db' did not stop within 3s"
    assert done == []


def test_what_is_gone_need_not_be_waited_for(errands: Errands, waits: Waits) -> None:
    def gone() -> bool:
        raise UnknownService("no service 'db'")

    waits.failures["db"] = gone
    done: list[str] = []

    errands.add("web", an_errand("stop", lambda: done.append("stop"), "db"))
    finish(waits)

    assert done == ["stop"]
    assert errands.trouble("web") == ""


def test_trouble_is_forgotten_with_the_next_errand(errands: Errands, waits: Waits) -> None:
    def refuse() -> None:
        raise Conflict("refused")

    errands.add("web", an_errand("start", refuse))
    finish(waits)
    trouble = errands.trouble("web")
    errands.add("web", an_errand("start", lambda: None))
    finish(waits)

    assert (trouble, errands.trouble("web")) == ("refused", "")
