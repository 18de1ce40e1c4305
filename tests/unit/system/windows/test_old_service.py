"""A foreign service of Windows makes room, and gets its start type back where that was in vain."""

from __future__ import annotations

import pytest

from svcctl.app.take_over import take_over
from svcctl.errors import Conflict, SystemFault
from svcctl.system.windows.old_service import OldService
from svcctl.system.windows.scm_config import ScmConfig, ScmStart
from svcctl.system.windows.service_status import State
from tests.unit.system.windows.played_scm import PlayedScm


@pytest.fixture
def scm() -> PlayedScm:
    played = PlayedScm()
    config = ScmConfig(command=r"C:\old.exe", display_name="Old", start=ScmStart.DELAYED)
    played.create("old", config, password=None)
    played.start("old")
    played.done.clear()
    return played


def test_it_is_stopped_and_nothing_starts_it_any_more(scm: PlayedScm) -> None:
    old = OldService("old", scm=scm)
    planned = [(act.kind, act.target, act.text) for act in old.acts()]

    take_over(old, lambda _ran: None)

    assert planned == [("run", "sc stop old", ""), ("set", "service old: start", "disabled")]
    assert scm.status("old").state is State.STOPPED
    assert scm.read("old").start is ScmStart.DISABLED
    assert old.acts() == ()


def test_it_starts_as_it_did_before_where_ours_cannot_be(scm: PlayedScm) -> None:
    def refuse(_ran: bool) -> None:
        raise SystemFault("no room")

    with pytest.raises(SystemFault, match="no room"):
        take_over(OldService("old", scm=scm), refuse)

    assert scm.status("old").state is State.RUNNING
    assert scm.read("old").start is ScmStart.DELAYED


def test_what_others_need_is_not_taken_from_them(scm: PlayedScm) -> None:
    other = ScmConfig(command=r"C:\other.exe", display_name="Other", dependencies=("old",))
    scm.create("other", other, password=None)
    scm.start("other")

    with pytest.raises(Conflict, match="1051"):
        take_over(OldService("old", scm=scm), lambda _ran: pytest.fail("ours is installed"))

    assert scm.status("old").state is State.RUNNING
    assert scm.read("old").start is ScmStart.DELAYED
