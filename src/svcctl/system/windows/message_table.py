"""Makes a DLL that holds nothing but texts, so that Event Viewer can show events of ours.

A compiler for messages is not needed: such a DLL is a header, and one section with a resource of
the type RT_MESSAGETABLE for each language.  See "PE Format", "The .rsrc Section", and
MESSAGE_RESOURCE_DATA in the documentation of Windows.
"""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator, Mapping

_FILE_ALIGNMENT, _SECTION_ALIGNMENT = 0x200, 0x1000
_SECTION_AT = 0x1000  # where .rsrc lies once loaded: right after the headers
_HEADERS = 0x200  # bytes of all headers in the file
_DOS_HEADER = 0x40
_OPTIONAL_HEADER, _DIRECTORIES = 240, 16
_RESOURCES = 2  # index of the resources among the data directories

_X64 = 0x8664
_IS_DLL = 0x2022  # IMAGE_FILE_EXECUTABLE_IMAGE | LARGE_ADDRESS_AWARE | DLL
_PE32_PLUS = 0x20B
_IMAGE_BASE = 0x1_8000_0000
_GUI = 2
_SAFE = 0x160  # HIGH_ENTROPY_VA | DYNAMIC_BASE | NX_COMPAT
_READ_DATA = 0x4000_0040  # IMAGE_SCN_MEM_READ | IMAGE_SCN_CNT_INITIALIZED_DATA

_MESSAGE_TABLE, _TABLE_NAME = 11, 1  # RT_MESSAGETABLE; the only one of its kind
_IS_FOLDER = 0x8000_0000
_FOLDER, _ENTRY, _DATA = 16, 8, 16  # bytes of the structures of a resource tree
_UTF16 = 1  # MESSAGE_RESOURCE_UNICODE

Texts = Mapping[int, str]
"""Texts by the identifier of their event, severity included; %1, %2... stand for its strings."""


def message_dll(languages: Mapping[int, Texts]) -> bytes:
    """Give a DLL (x64, without code) with the texts of each language, by its LANGID (0x409)."""
    section = _section({each: message_table(texts) for each, texts in languages.items()})
    stored = _aligned(len(section), _FILE_ALIGNMENT)
    return _headers(len(section), stored) + section.ljust(stored, b"\0")


def message_table(texts: Texts) -> bytes:
    """Give *texts* as MESSAGE_RESOURCE_DATA: a block for each run of identifiers."""
    runs = list(_runs(sorted(texts)))
    head = struct.pack("<I", len(runs))
    at = len(head) + 12 * len(runs)
    entries = b""
    for run in runs:
        head += struct.pack("<III", run[0], run[-1], at + len(entries))
        entries += b"".join(_entry(texts[each]) for each in run)
    return head + entries


def _runs(numbers: Iterable[int]) -> Iterator[list[int]]:
    run: list[int] = []
    for number in numbers:
        if run and number != run[-1] + 1:
            yield run
            run = []
        run.append(number)
    if run:
        yield run


def _entry(text: str) -> bytes:
    """Give a MESSAGE_RESOURCE_ENTRY; a text ends with a line, as those of the compiler do."""
    encoded = f"{text}\r\n\0".encode("utf-16-le")
    size = _aligned(4 + len(encoded), 4)
    return struct.pack("<HH", size, _UTF16) + encoded.ljust(size - 4, b"\0")


def _section(tables: Mapping[int, bytes]) -> bytes:
    """Give the tree of resources: type, name, language; then where each table is; the tables."""
    languages = sorted(tables)
    names_at = _FOLDER + _ENTRY
    languages_at = names_at + _FOLDER + _ENTRY
    places_at = languages_at + _FOLDER + _ENTRY * len(languages)
    at = places_at + _DATA * len(languages)
    places = contents = b""
    for each in languages:
        table = tables[each].ljust(_aligned(len(tables[each]), 4), b"\0")
        places += struct.pack("<IIII", _SECTION_AT + at + len(contents), len(tables[each]), 0, 0)
        contents += table
    return b"".join(
        (
            _folder([(_MESSAGE_TABLE, names_at | _IS_FOLDER)]),
            _folder([(_TABLE_NAME, languages_at | _IS_FOLDER)]),
            _folder([(each, places_at + _DATA * at) for at, each in enumerate(languages)]),
            places,
            contents,
        )
    )


def _folder(entries: list[tuple[int, int]]) -> bytes:
    head = struct.pack("<IIHHHH", 0, 0, 0, 0, 0, len(entries))
    return head + b"".join(struct.pack("<II", *each) for each in entries)


def _headers(size: int, stored: int) -> bytes:
    """Give all headers of a file whose only section has *size* bytes, padded to *stored*."""
    dos = struct.pack("<2s58xI", b"MZ", _DOS_HEADER)
    coff = struct.pack("<4sHHIIIHH", b"PE\0\0", _X64, 1, 0, 0, 0, _OPTIONAL_HEADER, _IS_DLL)
    section = struct.pack(
        *("<8sIIIIIIHHI", b".rsrc", size, _SECTION_AT, stored, _HEADERS, 0, 0, 0, 0, _READ_DATA)
    )
    return (dos + coff + _optional_header(size, stored) + section).ljust(_HEADERS, b"\0")


def _optional_header(size: int, stored: int) -> bytes:
    in_memory = _SECTION_AT + _aligned(size, _SECTION_ALIGNMENT)
    standard = struct.pack("<HBBIIIII", _PE32_PLUS, 14, 0, 0, stored, 0, 0, 0)
    versions = struct.pack("<HHHHHHI", 6, 0, 0, 0, 6, 0, 0)
    windows = struct.pack("<QII", _IMAGE_BASE, _SECTION_ALIGNMENT, _FILE_ALIGNMENT) + versions
    windows += struct.pack("<IIIHH", in_memory, _HEADERS, 0, _GUI, _SAFE)
    windows += struct.pack("<QQQQII", 0x10_0000, 0x1000, 0x10_0000, 0x1000, 0, _DIRECTORIES)
    directories = [(0, 0)] * _DIRECTORIES
    directories[_RESOURCES] = (_SECTION_AT, size)
    return standard + windows + b"".join(struct.pack("<II", *each) for each in directories)


def _aligned(size: int, step: int) -> int:
    return -(-size // step) * step
