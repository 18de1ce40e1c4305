"""DLLs that Windows will not find when it starts a program."""

from __future__ import annotations

from svcctl.system.windows.missing_dlls import Places, missing, without_dlls
from svcctl.system.windows.pe_imports import Imports

APP = r"C:\app\app.exe"
PLACES = Places(known=("KERNEL32.dll",), folders=(r"C:\Windows\System32", r"C:\tools"))


def lacking(*dlls: str, files: tuple[str, ...] = ()) -> tuple[str, ...]:
    return missing(APP, Imports(x86=False, dlls=dlls), PLACES, is_file=files.__contains__)


def test_a_dll_in_no_place_is_missing_once() -> None:
    assert lacking("a.dll", "a.dll", "b.dll") == ("a.dll", "b.dll")


def test_a_dll_is_found_beside_the_program_and_in_each_folder() -> None:
    files = (r"C:\app\a.dll", r"C:\Windows\System32\b.dll", r"C:\tools\c.dll")

    assert lacking("a.dll", "b.dll", "c.dll", files=files) == ()


def test_what_the_loader_knows_by_itself_needs_no_file() -> None:
    dlls = ("kernel32.DLL", "api-ms-win-crt-heap-l1-1-0.dll", "EXT-MS-win-a.dll")

    assert lacking(*dlls) == ()


def test_the_runtime_of_visual_c_has_an_installer() -> None:
    (found,) = without_dlls("web", APP, ["VCRUNTIME140.dll", "MSVCP140.dll"])

    assert found.hint.startswith("winget install Microsoft.VCRedist")
    assert found.grave


def test_any_other_dll_is_to_be_put_beside_the_program() -> None:
    (found,) = without_dlls("web", APP, ["zlib1.dll", "VCRUNTIME140.dll"])

    assert "needs zlib1.dll, VCRUNTIME140.dll" in found.problem
    assert found.hint.startswith(r"put zlib1.dll, VCRUNTIME140.dll into 'C:\app'")


def test_where_none_is_missing_nothing_is_found() -> None:
    assert list(without_dlls("web", APP, [])) == []
