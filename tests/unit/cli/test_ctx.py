"""Names for agents elsewhere: given, used, forgotten; and which machine a command is for."""

from __future__ import annotations

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from svcctl.bootstrap.host_tokens import has_token, keep_token, token_for
from svcctl.bootstrap.hosts import chosen, contexts
from svcctl.cli.hosts import output_of
from svcctl.cli.main import main
from svcctl.client.remote import Remote
from svcctl.errors import StateFault, UnknownService, UsageError, quoted

URL = "https://web-1.example.org:7411"


@pytest.fixture(autouse=True)
def _without_hosts(monkeypatch: pytest.MonkeyPatch, home: Path) -> None:
    del home
    for name in ("SVCCTL_HOST", "SVCCTL_TOKEN_FILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")


def add(name: str, url: str = URL, *more: str) -> None:
    assert main(["ctx", "add", name, "--url", url, *more]) == 0


def test_a_context_is_added_used_shown_and_removed(capsys: pytest.CaptureFixture[str]) -> None:
    add("web-1")
    add("web-2", "https://web-2.example.org:7411")
    assert main(["ctx", "use", "web-1"]) == 0
    capsys.readouterr()

    assert main(["ctx", "list", "-o", "json"]) == 0
    rows = json.loads(capsys.readouterr().out)
    assert main(["ctx", "show"]) == 0
    shown = capsys.readouterr().out
    assert main(["ctx", "remove", "web-1"]) == 0

    assert [(each["name"], each["url"], each["current"], each["token"]) for each in rows] == [
        ("web-1", URL, True, False),
        ("web-2", "https://web-2.example.org:7411", False, False),
    ]
    assert f"url    {URL}" in shown
    assert contexts(None).current == ""
    assert list(contexts(None).known) == ["web-2"]


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["add", "local", "--url", URL], "'local' cannot name a context"),
        (["add", "a b", "--url", URL], "'a b' cannot name a context"),
        (["add", "-x", "--url", URL], "no option '-x'"),
        (["add", "web", "--url", "web-1"], "'web-1' is no address of an agent"),
        (["add", "web", "--url", "ftp://web-1"], "is no address of an agent"),
        (["add", "web", "--url", "https://web-1:0"], "is no address of an agent"),
        (["add", "web", "--url", "https://web-1:99999"], "is no address of an agent"),
        (["add", "web", "--url", "https://web-1/?a=b"], "is no address of an agent"),
        (["add", "web", "--url", "https://me:secret@web-1"], "has neither name nor password"),
        (["add", "web", "--url", "http://web-1:7411"], "unencrypted"),
        (["add", "web", "--url", URL, "--cert", "x"], "--cert and --key go together"),
        (["add", "web", "--url", URL, "--ca", "/nowhere"], "there is no file '/nowhere'"),
        (["use", "nix"], "no context 'nix'"),
        (["remove", "nix"], "no context 'nix'"),
        (["show", "nix"], "no context 'nix'"),
    ],
)
def test_a_mistake_is_told_and_changes_nothing(
    argv: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["ctx", *argv]) in {2, 4}

    told = capsys.readouterr().err
    assert said in told
    assert "secret" not in told
    assert contexts(None).known == {}


def test_a_mistyped_name_is_guessed(capsys: pytest.CaptureFixture[str]) -> None:
    add("web-1")

    assert main(["--host", "wbe-1", "status"]) == 4

    assert "did you mean 'web-1'?" in capsys.readouterr().err


def test_names_globs_and_addresses_say_who_is_meant() -> None:
    for name in ("web-1", "web-2", "db"):
        add(name, f"https://{name}:7411")

    def named(host: str) -> list[str]:
        return [each.name for each in chosen(None, host)]

    assert named("web-*") == ["web-1", "web-2"]
    assert named("db, web-1,db") == ["db", "web-1"]
    assert named("local") == []
    assert named("") == []
    assert named("https://db:7411/") == ["db"]
    assert named("https://other:7411") == ["https://other:7411"]
    with pytest.raises(UsageError, match="'local' is asked alone"):
        named("db,local")
    with pytest.raises(UnknownService, match=r"no context fits 'x\*'"):
        named("x*")


def test_a_context_that_is_current_is_said_and_can_be_left(
    agent: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    agent.says("status", [])
    add("web-1", "http://127.0.0.1:9")
    assert main(["ctx", "use", "web-1"]) == 0
    capsys.readouterr()

    main(["status"])
    plain = capsys.readouterr().err
    main(["status", "-o", "json"])
    to_a_program = capsys.readouterr().err
    assert main(["--host", "local", "status"]) == 0
    here = capsys.readouterr().err

    assert plain.startswith("on web-1 (http://127.0.0.1:9)\n")
    assert "on web-1" not in to_a_program
    assert here == ""


@pytest.mark.parametrize("command", ["install", "doctor", "up", "uninstall"])
def test_what_is_about_this_machine_is_never_for_another(
    command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    add("web-1")

    assert main(["--host", "web-1", command]) == 2

    said = capsys.readouterr().err
    assert f"'{command}' is about the machine it is typed on" in said
    assert f"ssh web-1.example.org svcctl {command}" in said


def test_what_is_about_this_machine_says_so_while_a_context_is_current(
    capsys: pytest.CaptureFixture[str],
) -> None:
    add("web-1")
    assert main(["ctx", "use", "web-1"]) == 0
    capsys.readouterr()

    main(["doctor"])

    assert capsys.readouterr().err.startswith("on this machine, though the context is web-1\n")


def test_the_variable_names_the_host_and_can_be_set_aside(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add("web-1", "http://127.0.0.1:9")
    monkeypatch.setenv("SVCCTL_HOST", "web-1")
    capsys.readouterr()

    assert main(["status"]) == 5
    there = capsys.readouterr().err
    assert main(["--host", "local", "status"]) == 5
    here = capsys.readouterr().err

    assert "'web-1' does not answer at 'http://127.0.0.1:9'" in there
    assert "no agent answers at" in here


@pytest.mark.parametrize("content", ["{", "[]", '{"version": 2, "contexts": {}}', '{"version": 1}'])
def test_contexts_that_cannot_be_read_stop_everything_that_would_guess(
    content: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / "config").mkdir()
    (home / "config" / "contexts.json").write_text(content)

    assert main(["status"]) == 1
    there = capsys.readouterr().err
    assert main(["--host", "local", "status"]) == 5
    here = capsys.readouterr().err

    assert "error[SVC-2002]: the contexts in '" in there
    assert "hint: mend that file" in there
    assert "no agent answers" in here


@pytest.mark.posix
def test_what_is_kept_is_for_its_owner_alone(home: Path) -> None:
    add("web-1")
    remote = Remote(name="web-1", url=URL)
    keep_token(remote, None, "secret")
    folder = home / "config"

    modes = {
        path.name: stat.S_IMODE(path.stat().st_mode)
        for path in (folder / "contexts.json", folder / "tokens", folder / "tokens" / "web-1")
    }

    assert modes == {"contexts.json": 0o600, "tokens": 0o700, "web-1": 0o600}
    assert token_for(remote, None) == "secret"


@pytest.mark.posix
def test_a_token_that_others_can_read_is_not_used(home: Path) -> None:
    remote = Remote(name="web-1", url=URL)
    keep_token(remote, None, "secret")
    (home / "config" / "tokens" / "web-1").chmod(0o640)

    with pytest.raises(StateFault, match="can be read by others") as caught:
        token_for(remote, None)

    assert caught.value.hint.startswith("chmod 600 ")


def test_a_token_is_sent_to_the_address_it_was_given_for_alone() -> None:
    keep_token(Remote(name="web-1", url=URL), None, "secret")

    moved = Remote(name="web-1", url="https://elsewhere:7411")

    assert token_for(moved, None) == ""
    assert not has_token(moved, None)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"token": "x"}'])
def test_a_file_that_holds_no_token_says_so(content: str, home: Path) -> None:
    remote = Remote(name="web-1", url=URL)
    keep_token(remote, None, "secret")
    (home / "config" / "tokens" / "web-1").write_text(content)

    with pytest.raises(StateFault, match="holds no token") as caught:
        token_for(remote, None)

    assert caught.value.hint == "svcctl login web-1"


def test_a_token_can_come_from_a_file(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    remote = Remote(name="web-1", url=URL)
    (tmp_path / "token").write_text("of-a-file\n")
    monkeypatch.setenv("SVCCTL_TOKEN_FILE", str(tmp_path / "token"))

    from_file = token_for(remote, None)
    keep_token(remote, None, "kept")

    assert from_file == "of-a-file"
    assert token_for(remote, None) == "kept"


def test_a_token_goes_into_the_keyring_where_there_is_one(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    ring: dict[tuple[str, str], str] = {}
    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    vars(errors)["KeyringError"] = RuntimeError
    vars(keyring)["set_password"] = lambda s, n, p: ring.update({(s, n): p})
    vars(keyring)["get_password"] = lambda s, n: ring.get((s, n))
    vars(keyring)["delete_password"] = lambda s, n: ring.pop((s, n))
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    add("web-1")
    remote = Remote(name="web-1", url=URL)

    where = keep_token(remote, None, "secret")

    assert where == "the keyring of this user"
    assert "secret" not in (home / "config" / "tokens" / "web-1").read_text()
    assert token_for(remote, None) == "secret"
    assert main(["logout", "web-1"]) == 0
    assert ring == {}


def test_a_keyring_that_keeps_nothing_is_not_relied_on(
    monkeypatch: pytest.MonkeyPatch, home: Path
) -> None:
    keyring, errors = ModuleType("keyring"), ModuleType("keyring.errors")
    vars(errors)["KeyringError"] = RuntimeError
    vars(keyring)["set_password"] = lambda *_: None
    vars(keyring)["get_password"] = lambda *_: None
    monkeypatch.setitem(sys.modules, "keyring", keyring)
    monkeypatch.setitem(sys.modules, "keyring.errors", errors)
    remote = Remote(name="web-1", url=URL)

    where = keep_token(remote, None, "secret")

    assert where == quoted(str(home / "config" / "tokens" / "web-1"))
    assert token_for(remote, None) == "secret"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ("status", "text"),
        ("status json", "text"),
        ("status -o json", "json"),
        ("status -ojsonl", "jsonl"),
        ("logs --output jsonl", "jsonl"),
        ("logs --output=json", "json"),
        ("show --json", "json"),
        ("status -o table", "text"),
    ],
)
def test_the_format_is_seen_before_the_command_is_read(words: str, said: str) -> None:
    assert output_of(words.split()) == said


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("svcctl --host we", {"web-1", "web-2"}),
        ("svcctl --host web-1,lo", {"web-1,local"}),
        ("svcctl --host x", set()),
    ],
)
@pytest.mark.slow
def test_a_shell_completes_the_names(line: str, expected: set[str]) -> None:
    add("web-1")
    add("web-2")
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
    environ = {**os.environ, "_SVCCTL_COMPLETE": "bash_complete", **words}

    done = subprocess.run(
        [sys.executable, "-m", "svcctl"], env=environ, capture_output=True, text=True, check=False
    )

    assert {each.partition(",")[2] for each in done.stdout.split()} == expected
