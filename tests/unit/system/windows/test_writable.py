"""Who may change a file, judged from its access list alone."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.system.windows.security import folder_sddl
from svcctl.system.windows.writable import who_may_change

PROGRAM_FILES = (
    "O:S-1-5-80-956008885-3418522649-1831038044-1853292631-2271478464G:SY"
    "D:PAI(A;;FA;;;SY)(A;OICIIO;GA;;;SY)(A;;0x1301bf;;;BA)(A;OICIIO;GA;;;BA)"
    "(A;;0x1200a9;;;BU)(A;OICIIO;GXGR;;;BU)(A;OICIIO;GA;;;CO)(A;;0x1200a9;;;AC)"
)
FOLDER_ON_THE_DISK = (
    "D:AI(A;OICIID;FA;;;BA)(A;OICIID;FA;;;SY)(A;OICIID;0x1200a9;;;BU)"
    "(A;ID;0x1301bf;;;AU)(A;OICIIOID;SDGXGWGR;;;AU)"
)
PROGRAM_DATA = "D:PAI(A;OICI;FA;;;SY)(A;OICI;FA;;;BA)(A;OICI;0x1200a9;;;BU)(A;CI;DCLCRPCR;;;BU)"


@pytest.mark.parametrize("sddl", [PROGRAM_FILES, folder_sddl(readers=("SU",)), "D:", "D:PAI"])
def test_a_closed_folder_is_changed_by_no_ordinary_user(sddl: str) -> None:
    assert who_may_change(sddl, folder=True) == ()


def test_a_folder_made_on_the_disk_is_changed_by_whoever_logged_on() -> None:
    assert who_may_change(FOLDER_ON_THE_DISK, folder=True) == ("Authenticated Users",)


def test_a_folder_in_program_data_takes_files_of_users() -> None:
    assert who_may_change(PROGRAM_DATA, folder=True) == ("Users",)


def test_no_list_at_all_lets_everyone_in() -> None:
    assert who_may_change("D:NO_ACCESS_CONTROL", folder=False) == ("Everyone",)


@pytest.mark.parametrize(
    "right", ["FA", "GA", "FW", "GW", "SD", "WD", "WO", "DC", "LC", "0x2", "0x40000000", "GXGRSD"]
)
@pytest.mark.parametrize("who", ["WD", "AU", "BU", "IU", "AN", "LG", "S-1-5-32-545"])
def test_each_right_to_change_counts_for_each_group_of_ordinary_users(right: str, who: str) -> None:
    assert who_may_change(f"D:(A;;{right};;;{who})", folder=False) != ()


@pytest.mark.parametrize("right", ["FR", "FX", "0x1200a9", "GRGX", "RC", "CCSWRPLO", "0x180"])
def test_a_right_to_read_or_run_changes_nothing(right: str) -> None:
    assert who_may_change(f"D:(A;;{right};;;WD)", folder=True) == ()


@pytest.mark.parametrize("who", ["SY", "BA", "CO", "S-1-5-80-1-2-3-4-5", "S-1-5-21-1-2-3-1001"])
def test_accounts_that_were_chosen_are_no_ordinary_users(who: str) -> None:
    assert who_may_change(f"D:(A;;FA;;;{who})", folder=True) == ()


def test_guests_and_users_of_a_domain_are_known_by_their_number() -> None:
    sddl = "D:(A;;FA;;;S-1-5-21-1-2-3-501)(A;;FA;;;S-1-5-21-1-2-3-513)"

    assert who_may_change(sddl, folder=False) == ("Domain Users", "Guest")


def test_what_is_only_inherited_further_does_not_count() -> None:
    assert who_may_change("D:(A;OICIIO;FA;;;BU)", folder=True) == ()


@pytest.mark.parametrize("denied", ["BU", "WD"])
def test_what_is_denied_before_is_not_allowed(denied: str) -> None:
    assert who_may_change(f"D:(D;;FA;;;{denied})(A;;0x1301bf;;;BU)", folder=True) == ()


def test_what_is_denied_in_part_is_allowed_in_part() -> None:
    assert who_may_change("D:(D;;SD;;;BU)(A;;0x1301bf;;;BU)", folder=True) == ("Users",)


def test_what_is_denied_too_late_is_allowed() -> None:
    assert who_may_change("D:(A;;FW;;;BU)(D;;FA;;;BU)", folder=True) == ("Users",)


def test_to_delete_what_is_in_it_is_a_right_on_folders_only() -> None:
    assert who_may_change("D:(A;;DT;;;BU)", folder=True) == ("Users",)
    assert who_may_change("D:(A;;DT;;;BU)", folder=False) == ()


def test_a_condition_with_parentheses_is_passed_over() -> None:
    sddl = "D:(XA;;FX;;;BU;(WIN://SYSAPPID Exists))(A;;FW;;;AU)"

    assert who_may_change(sddl, folder=False) == ("Authenticated Users",)


@given(st.text(alphabet="DAOXSPI:();WFRGB0x1-5 ") | st.text())
def test_no_text_at_all_is_too_much_for_it(text: str) -> None:
    assert isinstance(who_may_change(f"D:{text}", folder=True), tuple)
