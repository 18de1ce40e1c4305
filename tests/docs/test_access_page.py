"""What the page on access says can be written, can be written."""

from __future__ import annotations

import re
from pathlib import Path

from svcctl.app.verbs import VERBS
from svcctl.spec.access import AccessRuleSpec, BuiltInRole
from svcctl.spec.load import load_files
from svcctl.spec.shape import members

BLOCK = re.compile(r"```toml\n(.*?)```", re.DOTALL)


def page(root: Path) -> str:
    return (root / "docs" / "howto" / "access.md").read_text(encoding="utf-8")


def test_all_its_examples_are_one_good_definition(root: Path, tmp_path: Path) -> None:
    file = tmp_path / "svcctl.toml"
    file.write_text("\n".join(BLOCK.findall(page(root))), encoding="utf-8")

    access = load_files([file], environ={}, verbs={verb.name for verb in VERBS}).common.access

    assert access.rules[0].why == "ask the database team"
    assert set(access.issuers) == {"corp"}
    assert set(access.signers) == {"release"}


def test_every_role_and_every_option_of_a_rule_is_explained(root: Path) -> None:
    text = page(root)

    for name in (*BuiltInRole, *members(AccessRuleSpec).keys() - {"effect", "why"}):
        assert f"| `{name}` |" in text
