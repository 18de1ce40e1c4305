"""Programs of services that somebody else could replace."""

from __future__ import annotations

from svcctl.system.windows.finding import Finding
from svcctl.system.windows.launched import launched
from svcctl.system.windows.unsafe_paths import unquoted, writable

APP = r"C:\Program Files\My App\app.exe"
CLOSED = "D:PAI(A;;FA;;;SY)(A;;FA;;;BA)(A;;0x1200a9;;;BU)"
OPEN = "D:AI(A;;FA;;;BA)(A;ID;0x1301bf;;;AU)"


def found_unquoted(command: str, *files: str) -> Finding | None:
    each = launched("web", command, is_file=files.__contains__)
    assert each is not None
    return unquoted(each, is_file=files.__contains__)


def test_a_path_without_quotes_is_told_with_what_windows_tries_first() -> None:
    found = found_unquoted(f'{APP} --name "a b"', APP)

    assert found is not None
    assert r"tries 'C:\Program.exe', then 'C:\Program Files\My.exe' before" in found.why
    quoted = r"\"C:\Program Files\My App\app.exe\" --name \"a b\""
    assert found.hint == f'sc.exe config "web" binPath= "{quoted}"'
    assert not found.grave


def test_a_trap_that_lies_there_is_grave() -> None:
    found = found_unquoted(APP, APP, r"C:\Program.exe")

    assert found is not None
    assert found.grave
    assert found.why.startswith(r"Windows starts 'C:\Program.exe' instead")


def test_a_path_with_quotes_is_well() -> None:
    assert found_unquoted(f'"{APP}"', APP) is None


def found_writable(*paths: tuple[str, str], lists: dict[str, str]) -> list[Finding]:
    files = {path for _, path in paths}
    return list(
        writable(
            paths, is_file=files.__contains__, access_list=lambda path: lists.get(path, CLOSED)
        )
    )


def test_a_program_that_users_may_change_is_grave() -> None:
    (found,) = found_writable(("web", r"C:\app\app.exe"), lists={r"C:\app\app.exe": OPEN})

    assert found.problem == r"the file 'C:\app\app.exe' can be changed by Authenticated Users"
    assert found.hint == r'icacls "C:\app\app.exe" /inheritance:d /grant:r "*S-1-5-11:RX"'
    assert found.grave


def test_a_folder_that_users_may_change_is_told_once_for_all_its_services() -> None:
    names = ("a", "b", "c", "d", "e")

    (found,) = found_writable(
        *((name, rf"C:\app\{name}.exe") for name in names), lists={r"C:\app": OPEN}
    )

    assert found.service == "a, b, c and 2 more"
    assert found.problem.startswith(r"the folder 'C:\app' can")
    assert found.hint.endswith('"*S-1-5-11:(OI)(CI)RX"')


def test_nobody_is_told_to_close_a_whole_disk() -> None:
    (found,) = found_writable(("web", r"C:\app.exe"), lists={"C:\\": OPEN})

    assert "icacls" not in found.hint
    assert "a folder of its own" in found.hint


def test_groups_without_a_fixed_sid_go_by_their_name() -> None:
    (found,) = found_writable(
        ("web", r"C:\app\app.exe"), lists={r"C:\app\app.exe": "D:(A;;FA;;;DU)"}
    )

    assert found.hint.endswith('/grant:r "Domain Users:RX"')


def test_what_is_closed_or_not_there_is_well() -> None:
    assert found_writable(("web", r"C:\app\app.exe"), lists={}) == []
    assert (
        list(
            writable([("web", r"C:\gone.exe")], is_file=lambda _: False, access_list=lambda _: OPEN)
        )
        == []
    )
