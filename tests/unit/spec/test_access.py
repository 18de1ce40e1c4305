"""Who may do what: read with a place for every mistake, also for verbs that are misspelt."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from svcctl.auth.roles import RANKS
from svcctl.errors import SpecError
from svcctl.spec import canonical
from svcctl.spec.access import AccessSpec, Audited, BuiltInRole, Permission
from svcctl.spec.access_rules import check_address
from svcctl.spec.load import Loaded, load_files

Load = Callable[..., Loaded]

GOOD = """
[access]
environment = "prod"
local = "viewer"
audit = "all"
[access.roles.night]
like = "viewer"
verbs = ["restart"]
labels = ["tier=front*"]
[[access.bindings]]
who = ["spiffe://shop/ci/*"]
roles = ["deployer", "night"]
[[access.rules]]
effect = "deny"
roles = ["night"]
verbs = ["stop", "ki*"]
services = ["db"]
why = "ask the dba"
"""
VERBS = ("stop", "start", "restart", "kill")


def mistakes(tmp_path: Path, text: str) -> list[str]:
    file = tmp_path / "svcctl.toml"
    file.write_text(text)
    with pytest.raises(SpecError) as caught:
        load_files([file], environ={}, verbs=VERBS)
    return [f"{each.line}:{each.column} {each.problem}" for each in caught.value.mistakes]


def test_what_is_written_is_read_and_the_rest_has_its_defaults(load: Load) -> None:
    spec = load(GOOD).common.access

    assert (spec.environment, spec.local, spec.audit) == ("prod", BuiltInRole.VIEWER, Audited.ALL)
    assert spec.roles["night"].labels == ("tier=front*",)
    assert spec.bindings[0].roles == ("deployer", "night")
    assert spec.rules[0].effect is Permission.DENY
    assert spec.rules[0].environments == ()


def test_without_a_word_who_comes_in_locally_may_everything() -> None:
    assert AccessSpec().local is BuiltInRole.ADMIN
    assert AccessSpec().audit is Audited.CHANGES


def test_each_value_has_its_place(load: Load) -> None:
    origins = load(GOOD).common_origins

    assert origins["access.environment"].line == 3
    assert origins["access.rules[0].effect"].line == 14


def test_what_is_handed_over_is_read_back_equal(load: Load) -> None:
    spec = load(GOOD).common.access

    assert canonical.parse_table(canonical.dump(spec), AccessSpec) == spec


def test_roles_have_one_list() -> None:
    assert tuple(BuiltInRole) == RANKS


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[access]\nlocl = 'admin'", "2:1 unknown option 'access.locl'"),
        ("[access]\nlocal = 'root'", "2:9 access.local: 'root' is not one of viewer, operator"),
        ("access = 3", "1:10 'access' is not a table"),
        ("[[access.rules]]\nverbs = ['stop']", "1:10 access.rules[0] has no 'effect'"),
        (
            "[[access.rules]]\neffect = 'deny'\nverbs = ['stopp']",
            "3:10 there is no verb 'stopp'",
        ),
        (
            "[[access.rules]]\neffect = 'deny'\nroles = ['night']",
            "3:10 there is no role 'night'",
        ),
        (
            "[[access.rules]]\neffect = 'deny'\nlabels = ['tier']",
            "3:11 'tier' is no label",
        ),
        ("[[access.bindings]]\nwho = ['a']\nroles = ['x']", "3:10 there is no role 'x'"),
        (
            "[[access.bindings]]\nwho = []\nroles = ['viewer']",
            "2:7 access.bindings[0] names nobody",
        ),
        ("[access.roles.admin]\nlike = 'viewer'", "1:15 role 'admin' is built in"),
        ("[access.roles.'A b']\nlike = 'viewer'", "1:15 'A b' cannot name a role"),
        ("[access.roles.a]", "1:15 role 'a' may do nothing"),
    ],
)
def test_a_mistake_has_its_place(tmp_path: Path, text: str, expected: str) -> None:
    found = mistakes(tmp_path, text)

    assert any(each.startswith(expected) for each in found), found


@pytest.mark.parametrize(
    "url",
    [
        "http://id.example.org",
        "ftp://id.example.org",
        "file:///etc/passwd",
        "https://",
        "https://u:p@id.example.org",
        "https://[",
        "",
        "https://id.example.org/#x",
    ],
)
def test_an_address_of_keys_is_safe_or_refused(url: str, tmp_path: Path) -> None:
    found = mistakes(tmp_path, f"[access.issuers.corp]\nurl = '{url}'")

    assert found == ["2:7 access.issuers.corp.url: this is no safe address"]


@pytest.mark.parametrize("url", ["https://id.example.org/a", "http://127.0.0.1:8080/realm"])
def test_a_safe_address_is_taken(url: str) -> None:
    check_address(url)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[access.signers.ci]\nkey = 'AAAA'", "2:7 access.signers.ci.key: this is no public key"),
        ("[access.signers.ci]\nkey = '@'", "2:7 access.signers.ci.key: this is no public key"),
        ("[access.signers.'C I']\nkey = ''", "1:17 'C I' cannot name a signer"),
        (
            "[access.issuers.corp]\nurl = 'https://id'\nroles.ops = 'operater'",
            "3:13 there is no role 'operater'",
        ),
    ],
)
def test_a_mistake_in_whom_to_trust_has_its_place(tmp_path: Path, text: str, expected: str) -> None:
    assert any(each.startswith(expected) for each in mistakes(tmp_path, text))


def test_globs_of_verbs_need_not_fit_any(tmp_path: Path) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text("[[access.rules]]\neffect = 'allow'\nverbs = ['audit*', '*']")

    assert load_files([file], environ={}, verbs=VERBS).common.access.rules[0].verbs[0] == "audit*"


def test_a_role_that_is_nearly_known_is_suggested(tmp_path: Path) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text("[[access.bindings]]\nwho = ['a']\nroles = ['operater']")

    with pytest.raises(SpecError) as caught:
        load_files([file], environ={})

    assert "operator" in caught.value.mistakes[0].hint
