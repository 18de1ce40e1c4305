"""``svcctl spec``: keys, what they sign, and what is sent to be applied."""

from __future__ import annotations

import json
from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from svcctl.app.signed_statement import statement
from svcctl.cli.main import main

Captured = pytest.CaptureFixture[str]
Make = Callable[..., dict[str, Any]]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Captured) -> Path:
    """Give a folder to be in, with a definition and a key."""
    folder = tmp_path / "shop"
    folder.mkdir()
    monkeypatch.chdir(folder)
    (folder / "shop.toml").write_text('[services.web]\nexec = ["sleep", "60"]\n')
    (folder / "access.toml").write_text('[access]\nlocal = "viewer"\n')
    assert main(["spec", "keygen", "release.key"]) == 0
    (folder / "release.pub").write_text(capsys.readouterr().out)
    return folder


SIGN = ("spec", "sign", "shop.toml", "--key", "release.key", "--as", "release", "--host", "web-1")


def signed(folder: Path, capsys: Captured, *more: str) -> Any:
    capsys.readouterr()
    assert main([*SIGN, *more]) == 0
    text = capsys.readouterr().out
    (folder / "shop.signed").write_text(text)
    return json.loads(text)


def test_what_is_signed_is_what_the_files_define_for_these_hosts(
    folder: Path, capsys: Captured
) -> None:
    from svcctl.auth.envelope import SPEC, opened

    bundle = signed(folder, capsys, "--host", "web-2", "--counter", "7", "--for", "10m")

    public = b64decode((folder / "release.pub").read_text())
    name, payload = opened(bundle, {"release": public}, kind=SPEC)
    said = statement(payload)
    assert (name, said.hosts, said.counter) == ("release", ("web-1", "web-2"), 7)
    assert said.expires_at - said.issued_at == pytest.approx(600)
    services: Any = said.apply["services"]
    assert services[0]["spec"]["exec"] == ["sleep", "60"]


def test_what_was_signed_is_sent_as_it_is(
    agent: Any, folder: Path, capsys: Captured, outcome: Make
) -> None:
    plan = {"service": "web", "change": "created", "action": "start", "changes": []}
    agent.says("apply-signed", {"plan": [plan], "outcomes": [outcome("web")]})
    bundle = signed(folder, capsys)

    assert main(["spec", "apply", "shop.signed"]) == 0

    looked, done = (each["args"] for each in agent.asked)
    assert (looked["bundle"], done["bundle"]) == (bundle, bundle)
    assert (looked["dry_run"], done["dry_run"]) == (True, False)
    assert "web is running" in capsys.readouterr().out


@pytest.mark.usefixtures("folder")
@pytest.mark.parametrize(
    ("argv", "problem"),
    [
        (("spec", "keygen", "release.key"), "already"),
        ((*SIGN[:2], "access.toml", *SIGN[3:]), "'access' cannot come signed"),
        ((*SIGN[:4], "shop.toml", *SIGN[5:]), "read by others"),
        ((*SIGN[:4], "nowhere", *SIGN[5:]), "cannot read"),
        (("spec", "apply", "shop.toml"), "nothing that was signed"),
        (("spec", "apply", "nowhere"), "cannot read"),
        (SIGN[:-2], "--host"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_sent(
    agent: Any, argv: tuple[str, ...], problem: str, capsys: Captured
) -> None:
    Path("shop.toml").chmod(0o644)

    assert main(list(argv)) != 0

    assert problem in capsys.readouterr().err
    assert agent.asked == []
