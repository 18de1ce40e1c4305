"""Whose folders services may be put in."""

from __future__ import annotations

import pytest

from svcctl.system.windows.security import may_own, service_sid

OWN = "S-1-5-21-1-2-3-1001"
OTHER_USER = "S-1-5-21-1-2-3-1002"
SYSTEM = "S-1-5-18"
ADMINISTRATORS = "S-1-5-32-544"
USERS = "S-1-5-32-545"
TRUSTED_INSTALLER = service_sid("TrustedInstaller")


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("owner", [OWN, SYSTEM, ADMINISTRATORS])
def test_a_folder_of_ours_of_the_system_or_of_administrators_is_safe(
    owner: str, *, above: bool
) -> None:
    assert may_own(owner, OWN, above=above)


@pytest.mark.parametrize("above", [True, False])
@pytest.mark.parametrize("owner", [OTHER_USER, USERS, service_sid("web"), ""])
def test_a_folder_of_anybody_else_is_not(owner: str, *, above: bool) -> None:
    assert not may_own(owner, OWN, above=above)


def test_windows_itself_may_have_made_the_folder_above_but_not_ours() -> None:
    assert may_own(TRUSTED_INSTALLER, OWN, above=True)
    assert not may_own(TRUSTED_INSTALLER, OWN, above=False)
