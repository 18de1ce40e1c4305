"""What a browser gets: whole, and free of whatever would have it run text."""

from __future__ import annotations

import re

import pytest

from svcctl.server.web.files import INDEX, table

SCRIPTS = sorted(path for path in table() if path.endswith(".js"))
TEXTS = {path: file.content.decode() for path, file in table().items()}


@pytest.mark.parametrize("path", SCRIPTS)
def test_no_script_reads_text_as_markup_or_as_a_program(path: str) -> None:
    forbidden = r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function"

    assert not re.search(forbidden, TEXTS[path])


@pytest.mark.parametrize("path", sorted(each for each in TEXTS if not each.startswith("words.")))
def test_nothing_comes_from_elsewhere(path: str) -> None:
    known = {"http://www.w3.org/2000/svg"}

    assert set(re.findall(r"https?://[\w./-]+", TEXTS[path])) <= known


@pytest.mark.parametrize("path", SCRIPTS)
def test_what_a_script_loads_is_there(path: str) -> None:
    folder = path.split("/")[:-1]
    for asked in re.findall(r"(?:from|import)\s*\(?\s*\"(\.[^\"]+)\"", TEXTS[path]):
        parts = list(folder)
        for each in asked.split("/"):
            if each == "..":
                parts.pop()
            elif each != ".":
                parts.append(each)
        assert "/".join(parts) in table(), asked


def test_the_page_has_nothing_inline() -> None:
    page = TEXTS[INDEX]

    assert not re.search(r"<script(?![^>]*\bsrc=)", page)
    assert not re.search(r"<style|\sstyle=|\son\w+=", page)
    for asked in re.findall(r"(?:src|href)=\"/assets/([^\"]+)\"", page):
        assert asked in table()


def test_a_token_is_kept_in_no_storage() -> None:
    kept = {
        path: re.findall(r"(?:localStorage|sessionStorage)\.setItem\((\w+)", text)
        for path, text in TEXTS.items()
    }

    assert {each for found in kept.values() for each in found} == {"KEPT", "THEME"}
