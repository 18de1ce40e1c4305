"""Names of accounts, as CreateServiceW takes them."""

from __future__ import annotations

import pytest

from svcctl.system.windows.accounts import account_name, is_managed


@pytest.mark.parametrize("user", [None, ""])
def test_without_a_user_a_service_has_its_own_virtual_account(user: str | None) -> None:
    assert account_name(user, "web") == r"NT SERVICE\web"


@pytest.mark.parametrize(
    ("user", "account"),
    [
        ("LocalSystem", "LocalSystem"),
        ("system", "LocalSystem"),
        (r"NT AUTHORITY\SYSTEM", "LocalSystem"),
        ("localservice", r"NT AUTHORITY\LocalService"),
        (r"nt authority\networkservice", r"NT AUTHORITY\NetworkService"),
        ("anna", r".\anna"),
        (r"SHOP\anna", r"SHOP\anna"),
        ("anna@shop.example", "anna@shop.example"),
        (r"SHOP\web$", r"SHOP\web$"),
        (r"NT SERVICE\other", r"NT SERVICE\other"),
    ],
)
def test_a_user_is_named_as_windows_takes_it(user: str, account: str) -> None:
    assert account_name(user, "web") == account


@pytest.mark.parametrize(
    "account",
    [
        "LocalSystem",
        r"NT AUTHORITY\LocalService",
        r"NT AUTHORITY\NetworkService",
        r"NT SERVICE\web",
        r"nt service\WEB",
        r"SHOP\web$",
    ],
)
def test_windows_looks_after_accounts_of_its_own(account: str) -> None:
    assert is_managed(account)


@pytest.mark.parametrize("account", [r".\anna", r"SHOP\anna", "anna@shop.example", r".\system"])
def test_it_does_not_look_after_those_of_people(account: str) -> None:
    assert not is_managed(account)
