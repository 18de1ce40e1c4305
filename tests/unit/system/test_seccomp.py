"""The filter of system calls says what the table says, for every call of either processor."""

from __future__ import annotations

import struct

import pytest

from svcctl.system.posix.seccomp import MACHINES, REFUSED, Machine, program

ALLOW, REFUSE, ABSENT, KILL = 0x7FFF0000, 0x00050001, 0x00050026, 0x80000000
THREAD = 0x00010000


def verdict(machine: Machine, number: int, *, argument: int = 0, architecture: int = 0) -> int:
    """Do what the kernel does with the filter, in classic BPF."""
    words = {0: number, 4: architecture or machine.architecture, 16: argument}
    lines = list(struct.iter_unpack("=HBBI", program(machine)))
    at = value = 0
    while True:
        code, fits, differs, operand = lines[at]
        match code:
            case 0x20:
                value = words[operand]
            case 0x06:
                return int(operand)
            case 0x15:
                at += fits if value == operand else differs
            case 0x35:
                at += fits if value >= operand else differs
            case 0x45:
                at += fits if value & operand else differs
            case _:
                pytest.fail(f"no instruction {code:#x}")
        at += 1


both = pytest.mark.parametrize("machine", MACHINES, ids=lambda machine: machine.name)


@both
def test_every_call_of_the_table_is_refused_and_all_others_are_allowed(machine: Machine) -> None:
    special = {machine.clone, machine.clone3}
    refused = {
        number
        for number in range(600)
        if number not in special and verdict(machine, number) != ALLOW
    }

    assert refused == set(machine.refused)
    assert {verdict(machine, number) for number in refused} == {REFUSE}


@both
def test_threads_may_be_made_and_processes_not(machine: Machine) -> None:
    assert verdict(machine, machine.clone, argument=THREAD | 0x7D0F00) == ALLOW
    assert verdict(machine, machine.clone, argument=17) == REFUSE
    assert verdict(machine, machine.clone3) == ABSENT


@both
def test_calls_of_another_kind_of_processor_end_the_process(machine: Machine) -> None:
    assert verdict(machine, 11, architecture=0x40000003) == KILL


def test_the_second_table_of_x86_64_is_no_way_around() -> None:
    (machine,) = (each for each in MACHINES if each.name == "x86_64")

    assert verdict(machine, 0x40000000 | 520) == REFUSE


def test_no_call_stands_in_the_table_twice() -> None:
    for column in (0, 1):
        numbers = [each[column] for each in REFUSED.values() if each[column] >= 0]
        assert len(numbers) == len(set(numbers))
