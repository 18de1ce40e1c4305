"""The import table of programs: small ones made here, and garbage."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.system.windows.pe_imports import read_imports

ADDRESS, OFFSET = 0x1000, 0x200


def program(*dlls: str, plus: bool = True, directories: int = 16) -> bytes:
    """Give a file of Windows that imports *dlls*, and has nothing else in it."""
    table_size = 20 * (len(dlls) + 1)
    table, names = b"", b""
    for each in dlls:
        name = ADDRESS + table_size + len(names)
        table += struct.pack("<IIIII", 0, 0, 0, name, ADDRESS)
        names += each.encode() + b"\0"
    content = table + bytes(20) + names
    optional = struct.pack("<H", 0x20B if plus else 0x10B).ljust(108 if plus else 92, b"\0")
    optional += struct.pack("<I", directories) + bytes(8)
    optional += struct.pack("<II", ADDRESS if dlls else 0, table_size) + bytes(14 * 8)
    coff = struct.pack("<HHIIIHH", 0x8664 if plus else 0x14C, 1, 0, 0, 0, len(optional), 0)
    section = struct.pack("<8sIIII", b".idata", len(content), ADDRESS, len(content), OFFSET)
    head = b"MZ".ljust(0x3C, b"\0") + struct.pack("<I", 0x40)
    head += b"PE\0\0" + coff + optional + section.ljust(40, b"\0")
    return head.ljust(OFFSET, b"\0") + content


@pytest.mark.parametrize("plus", [True, False])
def test_the_imports_of_a_program_are_given_in_order(plus: bool) -> None:
    found = read_imports(program("KERNEL32.dll", "vcruntime140.dll", plus=plus))

    assert found is not None
    assert found.dlls == ("KERNEL32.dll", "vcruntime140.dll")
    assert found.x86 is not plus


def test_a_program_may_import_nothing() -> None:
    for content in (program(), program("a.dll", directories=1)):
        found = read_imports(content)

        assert found is not None
        assert found.dlls == ()


@pytest.mark.parametrize("content", [b"", b"MZ", b"#!/bin/sh\n", b"MZ" + bytes(0x100)])
def test_what_is_no_program_has_no_imports(content: bytes) -> None:
    assert read_imports(content) is None


def test_a_table_that_is_cut_off_gives_what_is_left_of_it() -> None:
    whole = program("first.dll", "second.dll")

    found = read_imports(whole[: -len("second.dll\0")])

    assert found is not None
    assert found.dlls == ("first.dll",)


@given(st.binary(max_size=400))
def test_garbage_is_no_program_and_no_failure(content: bytes) -> None:
    assert read_imports(content) is None or content[:2] == b"MZ"


@given(st.integers(min_value=0, max_value=600), st.binary(min_size=1, max_size=8))
def test_a_damaged_program_is_no_failure(at: int, damage: bytes) -> None:
    whole = bytearray(program("a.dll", "b.dll"))
    whole[at : at + len(damage)] = damage

    found = read_imports(bytes(whole))

    assert found is None or all(each.isprintable() for each in found.dlls)
