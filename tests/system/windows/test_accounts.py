"""The right to log on as a service, on an LSA that keeps rights; names are looked up for real."""

from __future__ import annotations

import ctypes
import os
from types import SimpleNamespace
from typing import Any

import pytest

from svcctl.errors import Denied, UsageError
from svcctl.system.windows import accounts

RIGHT = "SeServiceLogonRight"
NOT_FOUND, ACCESS_DENIED = -0x3FFF_FFCC, -0x3FFF_FFDE  # 0xC0000034, 0xC0000022 as NTSTATUS
POLICY = 0x1234


class KeptRights:
    """An LSA as Microsoft documents it, for Wine's forgets what it is told.

    Texts it gives have no NUL behind them; *asked* are its calls, *refusal* what it answers.
    """

    def __init__(self, real: Any) -> None:
        self.calls = SimpleNamespace(
            LookupAccountNameW=real.LookupAccountNameW,
            LsaNtStatusToWinError=real.LsaNtStatusToWinError,
            LsaOpenPolicy=self.open_policy,
            LsaClose=self.close,
            LsaAddAccountRights=self.add,
            LsaRemoveAccountRights=self.remove,
            LsaEnumerateAccountRights=self.enumerate,
            LsaFreeMemory=self.free,
        )
        self.rights: dict[bytes, list[str]] = {}
        self.asked: list[tuple[object, ...]] = []
        self.refusal = 0
        self.open = 0
        self._given: list[Any] = []

    def open_policy(self, machine: Any, _attributes: Any, access: int, policy: Any) -> int:
        self.asked.append(("open", machine, access))
        policy._obj.value = POLICY
        self.open += 1
        return 0

    def close(self, policy: Any) -> int:
        assert policy.value == POLICY
        self.open -= 1
        return 0

    def add(self, _policy: Any, sid: Any, right: Any, count: int) -> int:
        name = right._obj.text()
        self.asked.append(("add", name, count))
        if not self.refusal:
            self.rights.setdefault(sid.raw, []).append(name)
        return self.refusal

    def remove(self, _policy: Any, sid: Any, every: bool, right: Any, count: int) -> int:
        name = right._obj.text()
        self.asked.append(("remove", name, count, every))
        if self.refusal:
            return self.refusal
        if name not in self.rights.get(sid.raw, []):
            return NOT_FOUND
        self.rights[sid.raw].remove(name)
        return 0

    def enumerate(self, _policy: Any, sid: Any, rights: Any, count: Any) -> int:
        found = self.rights.get(sid.raw, [])
        if self.refusal or not found:
            return self.refusal or NOT_FOUND
        texts = [ctypes.create_string_buffer((each + "?!").encode("utf-16-le")) for each in found]
        table = (accounts._Text * len(found))()
        for at, (name, text) in enumerate(zip(found, texts, strict=True)):
            buffer = ctypes.cast(text, ctypes.POINTER(ctypes.c_char))
            table[at] = accounts._Text(length=2 * len(name), room=2 * len(name), buffer=buffer)
        self._given += [table, *texts]
        rights._obj.value, count._obj.value = ctypes.addressof(table), len(found)
        return 0

    def free(self, _memory: Any) -> int:
        self._given.clear()
        return 0


@pytest.fixture
def lsa(monkeypatch: pytest.MonkeyPatch) -> KeptRights:
    kept = KeptRights(accounts._calls())
    monkeypatch.setattr(accounts, "_calls", lambda: kept.calls)
    return kept


@pytest.fixture
def somebody() -> str:
    return f".\\{os.environ['USERNAME']}"


def test_a_right_that_was_granted_is_there_until_it_is_revoked(
    lsa: KeptRights, somebody: str
) -> None:
    before = accounts.has_logon_right(somebody)
    accounts.grant_logon_right(somebody)
    granted = accounts.has_logon_right(somebody)
    accounts.revoke_logon_right(somebody)
    after = accounts.has_logon_right(somebody)

    assert (before, granted, after) == (False, True, False)
    assert ("add", RIGHT, 1) in lsa.asked
    assert ("remove", RIGHT, 1, False) in lsa.asked
    assert lsa.open == 0


def test_other_rights_are_not_taken_for_it_and_stay(lsa: KeptRights, somebody: str) -> None:
    accounts.grant_logon_right(somebody)
    (sid,) = lsa.rights
    lsa.rights[sid] = ["SeBatchLogonRight"]

    has = accounts.has_logon_right(somebody)
    accounts.revoke_logon_right(somebody)

    assert not has
    assert lsa.rights[sid] == ["SeBatchLogonRight"]


def test_an_account_nobody_knows_is_named_in_the_error(lsa: KeptRights) -> None:
    with pytest.raises(UsageError, match=r"there is no account '\.\\nosuchuser'") as caught:
        accounts.grant_logon_right(r".\nosuchuser")

    assert "DOMAIN" in caught.value.hint
    assert lsa.open == 0


def test_a_right_that_is_gone_already_is_no_reason_to_keep_a_service(
    lsa: KeptRights, somebody: str
) -> None:
    accounts.revoke_logon_right(somebody)

    assert lsa.asked[-1] == ("remove", RIGHT, 1, False)


def test_nor_is_an_account_that_is_gone(lsa: KeptRights) -> None:
    accounts.revoke_logon_right(r".\nosuchuser")

    assert lsa.rights == {}
    assert lsa.open == 0


@pytest.mark.parametrize(
    "call", [accounts.grant_logon_right, accounts.revoke_logon_right, accounts.has_logon_right]
)
def test_who_is_no_administrator_is_told_so(lsa: KeptRights, somebody: str, call: Any) -> None:
    lsa.refusal = ACCESS_DENIED

    with pytest.raises(Denied, match=r"log on as a service|the rights of") as caught:
        call(somebody)

    assert "administrator" in caught.value.hint
    assert lsa.open == 0
