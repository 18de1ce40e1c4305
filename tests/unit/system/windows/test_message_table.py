"""The DLL of messages, taken apart by the offsets the PE Format specification gives."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.system.windows.event_messages import CHINESE, ENGLISH, MESSAGES, texts
from svcctl.system.windows.message_table import message_dll, message_table

IDS = st.integers(min_value=0, max_value=2**32 - 1)
TEXTS = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=50)


def read_table(table: bytes) -> Iterator[tuple[int, str]]:
    (count,) = struct.unpack_from("<I", table)
    for block in range(count):
        low, high, at = struct.unpack_from("<III", table, 4 + 12 * block)
        for each in range(low, high + 1):
            length, flags = struct.unpack_from("<HH", table, at)
            assert (length % 4, flags) == (0, 1)
            yield each, table[at + 4 : at + length].decode("utf-16-le").rstrip("\0")
            at += length


def read_directory(section: bytes, at: int) -> dict[int, int]:
    named, by_id = struct.unpack_from("<HH", section, at + 12)
    assert named == 0
    pairs = [struct.unpack_from("<II", section, at + 16 + 8 * each) for each in range(by_id)]
    assert pairs == sorted(pairs)
    return dict(pairs)


def read_messages(section: bytes, address: int) -> dict[int, dict[int, str]]:
    (kind,) = read_directory(section, 0).items()
    assert kind[0] == 11
    (name,) = read_directory(section, kind[1] & 0x7FFF_FFFF).items()
    found = {}
    for language, entry in read_directory(section, name[1] & 0x7FFF_FFFF).items():
        where, size, *_ = struct.unpack_from("<IIII", section, entry)
        start = where - address
        found[language] = dict(read_table(section[start : start + size]))
    return found


def section_of(dll: bytes) -> tuple[bytes, int]:
    """Give .rsrc and the address it is loaded at."""
    (start,) = struct.unpack_from("<I", dll, 60)
    table = start + 24 + 240
    name, size, address, raw, offset = struct.unpack_from("<8sIIII", dll, table)
    assert name == b".rsrc\0\0\0"
    assert len(dll) == offset + raw
    return dll[offset : offset + size], address


def test_the_file_is_a_dll_for_64_bit_windows_without_code() -> None:
    dll = message_dll(texts())

    (start,) = struct.unpack_from("<I", dll, 60)
    assert (dll[:2], dll[start : start + 4]) == (b"MZ", b"PE\0\0")
    machine, sections, stamp, *_, optional, flags = struct.unpack_from("<HHIIIHH", dll, start + 4)
    assert (machine, sections, stamp, optional) == (0x8664, 1, 0, 240)
    assert flags & 0x2002 == 0x2002
    magic, code, entry = (
        struct.unpack_from(form, dll, start + 24 + at)[0]
        for form, at in (("<H", 0), ("<I", 4), ("<I", 16))
    )
    assert (magic, code, entry) == (0x20B, 0, 0)


def test_sizes_in_the_headers_fit_the_file() -> None:
    dll = message_dll(texts())

    (start,) = struct.unpack_from("<I", dll, 60)
    section, address = section_of(dll)
    image, headers = struct.unpack_from("<II", dll, start + 24 + 56)
    resources = struct.unpack_from("<II", dll, start + 24 + 112 + 8 * 2)
    assert headers == 0x200
    assert image % 0x1000 == 0
    assert address < address + len(section) <= image
    assert resources == (address, len(section))


def test_every_message_is_there_in_both_languages() -> None:
    found = read_messages(*section_of(message_dll(texts())))

    assert found == {
        ENGLISH: {each.id: f"{each.english}\r\n" for each in MESSAGES},
        CHINESE: {each.id: f"{each.chinese}\r\n" for each in MESSAGES},
    }


def test_ids_without_gaps_share_a_block() -> None:
    table = message_table({7: "c", 1: "a", 2: "b"})

    assert struct.unpack_from("<IIIIIII", table)[:3] == (2, 1, 2)
    assert list(read_table(table)) == [(1, "a\r\n"), (2, "b\r\n"), (7, "c\r\n")]


@given(st.dictionaries(IDS, TEXTS))
def test_what_is_put_in_can_be_read_again(content: dict[int, str]) -> None:
    found = dict(read_table(message_table(content)))

    assert found == {each: f"{text}\r\n" for each, text in content.items()}


def test_the_same_messages_give_the_same_file() -> None:
    assert message_dll(texts()) == message_dll(texts())


@pytest.mark.parametrize("message", MESSAGES, ids=lambda each: str(each.code))
def test_both_languages_have_the_same_places(message: object) -> None:
    from svcctl.system.windows.event_messages import Message

    assert isinstance(message, Message)
    places = [
        {f"%{each}" for each in range(1, 10) if f"%{each}" in text}
        for text in (message.english, message.chinese)
    ]

    assert places[0] == places[1]


def test_codes_are_given_once_and_show_how_bad_it_is() -> None:
    codes = [each.code for each in MESSAGES]

    assert len(set(codes)) == len(codes)
    assert {each.id >> 30 for each in MESSAGES if each.code < 200} == {1}
    assert {each.id >> 30 for each in MESSAGES if 200 <= each.code < 300} == {2}
    assert {each.id >> 30 for each in MESSAGES if each.code >= 300} == {3}
