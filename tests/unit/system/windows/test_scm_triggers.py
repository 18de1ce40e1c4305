"""What starts and stops services, in the numbers of the SCM."""

from __future__ import annotations

import pytest

from svcctl.errors import SpecError
from svcctl.spec.native import Trigger
from svcctl.system.windows.scm_structures import pack_triggers, unpack_triggers
from svcctl.system.windows.scm_triggers import (
    ScmTrigger,
    multi_string,
    scm_trigger,
    spec_trigger,
    trigger_text,
)

DISK = "53f56307-b6bf-11d0-94f2-00a0c91efb8b"


@pytest.mark.parametrize(
    ("on", "kind", "subtype"),
    [
        ("ip-available", 2, "4f27f2de-14e2-430b-a549-7cd48cbc8245"),
        ("ip-lost", 2, "cc4ba62a-162e-4648-847a-b6bdf993e335"),
        ("domain-join", 3, "1ce20aba-9851-4421-9430-1ddeb766e809"),
        ("domain-leave", 3, "ddaf516e-58c2-4866-9574-c3b615d42ea1"),
        ("machine-policy", 5, "659fcae6-5bdb-4da9-b1ff-ca2a178d46e0"),
        ("user-policy", 5, "54fb46c8-f089-464c-b1fd-59d1b62c3b50"),
        (f"device:{DISK}", 1, DISK),
        (f"device:{{{DISK.upper()}}}", 1, DISK),
        (f"etw:{DISK}", 20, DISK),
    ],
)
def test_occasions_have_the_numbers_of_winsvc_h(on: str, kind: int, subtype: str) -> None:
    assert scm_trigger(Trigger(on=on)) == ScmTrigger(kind=kind, action=1, subtype=subtype)


@pytest.mark.parametrize(
    ("on", "subtype"),
    [
        ("port-open:80/tcp", "b7569e07-8421-4ee0-ad10-86915afdad09"),
        ("port-close:80/TCP", "a144ed38-8e12-4de4-9d96-e64740b1a524"),
    ],
)
def test_ports_are_given_as_strings_one_after_the_other(on: str, subtype: str) -> None:
    found = scm_trigger(Trigger(on=on, do="stop"))

    assert (found.kind, found.action, found.subtype) == (4, 2, subtype)
    assert found.items == ((2, "80\0TCP\0\0".encode("utf-16-le")),)


@pytest.mark.parametrize(
    ("trigger", "problem"),
    [
        (Trigger(on="ip-availabel"), "there is no trigger 'ip-availabel'"),
        (Trigger(on="port-open:80"), "trigger 'port-open:80' has no port"),
        (Trigger(on="port-open:70000/udp"), "has no port"),
        (Trigger(on="device:disk"), "trigger 'device:disk' has no GUID"),
        (Trigger(on="ip-lost", do="restart"), "a trigger cannot 'restart'"),
    ],
)
def test_other_occasions_are_refused_with_what_would_do(trigger: Trigger, problem: str) -> None:
    with pytest.raises(SpecError, match=problem) as refused:
        scm_trigger(trigger)

    assert refused.value.hint


ALL = tuple(
    scm_trigger(Trigger(on=on, do=do))
    for on, do in (
        ("ip-available", "start"),
        ("port-open:5001/udp", "start"),
        (f"etw:{DISK}", "stop"),
    )
)


@pytest.mark.parametrize("triggers", [(), ALL[:1], ALL])
def test_structures_hold_what_was_put_into_them(triggers: tuple[ScmTrigger, ...]) -> None:
    assert unpack_triggers(pack_triggers(triggers)) == triggers


def test_a_trigger_reads_as_it_is_written() -> None:
    assert [trigger_text(each) for each in ALL] == [
        "start on ip-available",
        "start on port-open:5001/udp",
        f"stop on etw:{DISK}",
    ]
    assert [spec_trigger(each) for each in ALL] == [
        Trigger(on="ip-available"),
        Trigger(on="port-open:5001/udp"),
        Trigger(on=f"etw:{DISK}", do="stop"),
    ]


@pytest.mark.parametrize(
    "foreign",
    [
        ScmTrigger(kind=6, action=1, subtype=DISK),
        ScmTrigger(
            kind=1, action=1, subtype=DISK, items=((2, multi_string((r"USBSTOR\GenDisk",))),)
        ),
        ScmTrigger(kind=2, action=9, subtype="4f27f2de-14e2-430b-a549-7cd48cbc8245"),
    ],
)
def test_what_a_spec_cannot_say_is_not_said_half(foreign: ScmTrigger) -> None:
    assert spec_trigger(foreign) is None
    assert DISK in trigger_text(foreign) or "ip-available" in trigger_text(foreign)


def test_no_strings_are_two_nuls() -> None:
    assert multi_string(()) == b"\0\0\0\0"
    assert multi_string(("a",)) == b"a\0\0\0\0\0"
