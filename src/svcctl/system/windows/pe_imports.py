"""Reads which DLLs a program cannot start without, from its import table; pure.

https://learn.microsoft.com/windows/win32/debug/pe-format
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from mmap import mmap

_MOST_DLLS = 4096  # of a real program some dozens; a broken table must not keep us for ever
_LONGEST_NAME = 260
_MOST_SECTIONS = 96  # what the loader of Windows takes
_SECTION, _DESCRIPTOR = 40, 20  # bytes
_IMPORTS = 1  # IMAGE_DIRECTORY_ENTRY_IMPORT
_PE32, _PE32_PLUS = 0x10B, 0x20B
_DIRECTORIES = {_PE32: 96, _PE32_PLUS: 112}  # where they begin in the optional header
_X86 = 0x14C

Image = bytes | mmap
"""The content of a program's file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imports:
    """The *dlls* a program is linked to, as it spells them; *x86*: it is a 32-bit program.

    Those it loads late, or by itself, are not among them.
    """

    x86: bool
    dlls: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Section:
    address: int
    size: int
    offset: int


def read_imports(image: Image) -> Imports | None:
    """Give the imports of a program; None for what is none.

    Never raises on broken content: the part of a table that can be read is what is given.
    """
    try:
        return _imports(image)
    except (struct.error, ValueError, OverflowError):
        return None


def _imports(image: Image) -> Imports | None:
    if bytes(image[:2]) != b"MZ":
        return None
    (header,) = struct.unpack_from("<I", image, 0x3C)
    if bytes(image[header : header + 4]) != b"PE\0\0":
        return None
    machine, count = struct.unpack_from("<HH", image, header + 4)
    (optional_size,) = struct.unpack_from("<H", image, header + 20)
    optional = header + 24
    (magic,) = struct.unpack_from("<H", image, optional)
    if magic not in _DIRECTORIES:
        return None
    sections = list(_sections(image, optional + optional_size, min(count, _MOST_SECTIONS)))
    table = _table_address(image, optional, optional + _DIRECTORIES[magic])
    return Imports(x86=machine == _X86, dlls=tuple(_names(image, sections, table)))


def _table_address(image: Image, optional: int, directories: int) -> int:
    """Give the address of the import table; 0 where the program imports nothing."""
    (known,) = struct.unpack_from("<I", image, directories - 4)
    if known <= _IMPORTS or directories <= optional:
        return 0
    (address,) = struct.unpack_from("<I", image, directories + 8 * _IMPORTS)
    return int(address)


def _sections(image: Image, begin: int, count: int) -> Iterator[_Section]:
    for at in range(begin, begin + count * _SECTION, _SECTION):
        memory, address, size, offset = struct.unpack_from("<IIII", image, at + 8)
        yield _Section(address=address, size=max(memory, size), offset=offset)


def _names(image: Image, sections: list[_Section], table: int) -> Iterator[str]:
    begin = _offset(sections, table) if table else None
    if begin is None:
        return
    for number in range(_MOST_DLLS):
        at = begin + number * _DESCRIPTOR
        if at + _DESCRIPTOR > len(image):
            return
        name, first = struct.unpack_from("<II", image, at + 12)
        if not name or not first:  # an empty descriptor is the end
            return
        where = _offset(sections, name)
        text = _text(image, where) if where is not None else ""
        if text:
            yield text


def _offset(sections: list[_Section], address: int) -> int | None:
    """Say where in the file stands what is loaded at *address*."""
    for each in sections:
        if each.address <= address < each.address + each.size:
            return each.offset + address - each.address
    return None


def _text(image: Image, at: int) -> str:
    content = bytes(image[at : at + _LONGEST_NAME])
    name, end, _ = content.partition(b"\0")
    readable = bool(end) and name.isascii() and name.decode("ascii").isprintable()
    return name.decode("ascii") if readable else ""
