"""Who logs in is checked at once; who may not, or no longer, is told so with what to do."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from dataclasses import replace

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.auth.tokens import issue
from svcctl.bootstrap.host_tokens import forget_token, has_token, keep_token
from svcctl.bootstrap.hosts import change_contexts
from svcctl.cli.main import main
from svcctl.client.http import HttpClient
from svcctl.errors import Unauthenticated
from svcctl.wire import Request, Selection
from tests.flows.remote.conftest import Elsewhere

pytestmark = [pytest.mark.slow, pytest.mark.posix]

Captured = pytest.CaptureFixture[str]


def log_in(token: str, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(sys, "stdin", io.StringIO(f"{token}\n"))
    return main(["login", "there", "--token-stdin"])


def test_who_logs_in_is_named_and_can_ask(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    forget_token(elsewhere.remote, None)

    assert log_in(elsewhere.stand.token("joe"), monkeypatch) == 0
    said = capsys.readouterr()
    assert main(["--host", "there", "agent", "status"]) == 0

    assert said.out.startswith("there knows you as joe, until ")
    assert "next: svcctl --host there status" in said.err
    assert has_token(elsewhere.remote, None)


@pytest.mark.parametrize(
    ("token", "said"),
    [
        ("", "error[SVC-1200]: that is no token"),
        ("two words", "error[SVC-1200]: that is no token"),
        ("x" * 20_000, "error[SVC-1200]: a token has at most"),
        ("nonsense", "error[SVC-1501]: 'there' does not let you in"),
    ],
    ids=["none", "words", "long", "nonsense"],
)
def test_what_is_not_taken_is_not_kept(
    token: str,
    said: str,
    elsewhere: Elsewhere,
    monkeypatch: pytest.MonkeyPatch,
    capsys: Captured,
) -> None:
    forget_token(elsewhere.remote, None)

    assert log_in(token, monkeypatch) in {2, 6}

    told = capsys.readouterr().err
    assert said in told
    assert not has_token(elsewhere.remote, None)
    assert "two words" not in told


def test_who_may_little_is_let_in_all_the_same(
    elsewhere: Elsewhere, monkeypatch: pytest.MonkeyPatch, capsys: Captured
) -> None:
    assert log_in(elsewhere.stand.token("joe", role="nobody"), monkeypatch) == 0

    assert "there knows you as joe" in capsys.readouterr().out


def test_who_may_not_is_told_by_whom(elsewhere: Elsewhere, capsys: Captured) -> None:
    keep_token(elsewhere.remote, None, elsewhere.stand.token("eve", role="viewer"))

    assert main(["--host", "there", "stop", "web", "--yes"]) == 6

    said = capsys.readouterr().err
    assert "error[SVC-1500]" in said
    assert "may not do 'stop' to 'web'" in said
    assert elsewhere.stand.came == []


def test_a_token_that_has_expired_says_to_log_in(elsewhere: Elsewhere, capsys: Captured) -> None:
    now = elsewhere.stand.clock.now() - 3600.0
    old = issue(elsewhere.stand.ring, "ann", roles=["admin"], lifetime=60.0, now=now)
    keep_token(elsewhere.remote, None, old.text)

    assert main(["--host", "there", "status"]) == 6

    said = capsys.readouterr().err
    assert "error[SVC-1501]: 'there' does not let you in: " in said
    assert "hint: svcctl login there" in said


def test_who_failed_too_often_is_told_to_wait(elsewhere: Elsewhere, capsys: Captured) -> None:
    keep_token(elsewhere.remote, None, "nonsense")
    client = HttpClient(elsewhere.remote, token=lambda: "nonsense")
    for _ in range(20):
        with pytest.raises(Unauthenticated):
            client.ask(Request(verb="status"))

    assert main(["--host", "there", "status"]) == 1

    assert "error[SVC-1703]" in capsys.readouterr().err


def test_one_command_on_several_machines_says_whose_each_line_is(
    elsewhere: Elsewhere, capsys: Captured
) -> None:
    gone = replace(elsewhere.remote, name="gone", url="http://127.0.0.1:9")
    change_contexts(None, lambda known: known.added(gone))

    status = main(["--host", "*", "agent", "status"])

    said = capsys.readouterr()
    assert status == 5
    assert "there | verb           agent-status" in said.out
    assert "gone  | error[SVC-1400]: 'gone' does not answer" in said.err
    assert "gone" not in said.out


def test_tables_of_several_machines_are_one(
    elsewhere: Elsewhere, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    again = replace(elsewhere.remote, name="again")
    change_contexts(None, lambda known: known.added(again))
    keep_token(again, None, elsewhere.stand.token())
    rows: list[dict[str, object]] = [
        {
            "id": "0" * 8,
            "subject": name,
            "roles": [],
            "issued_at": 0,
            "expires_at": 0,
            "state": "valid",
        }
        for name in ("ann", "christopher")
    ]
    monkeypatch.setattr(HttpClient, "ask", lambda *_: rows)

    status = main(["--host", "again,there", "auth", "token", "list"])

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert lines[0].split() == ["HOST", "ID", "FOR", "ROLES", "ISSUED", "EXPIRES", "STATE"]
    assert [line.split()[0] for line in lines[1:]] == ["again", "again", "there", "there"]
    assert len({line.index("valid") for line in lines[1:]}) == 1


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ([], {"again | \x1b[31mone", "there | \x1b[31mone"}),
        (["-o", "jsonl"], {"again", "there"}),
    ],
)
def test_lines_of_several_machines_say_whose_they_are(
    options: list[str], said: set[str], closed: Elsewhere, capsys: Captured
) -> None:
    async def logs(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args
        emit({"at": 1.5, "service": "web", "instance": "web", "text": "\x1b[31mone"})
        return {"lines": 1}

    closed.stand.deeds["logs"] = logs
    closed.begin()
    again = replace(closed.remote, name="again")
    change_contexts(None, lambda known: known.added(again).added(closed.remote))
    keep_token(again, None, closed.stand.token())
    keep_token(closed.remote, None, closed.stand.token())

    status = main(["--host", "again,there", "logs", "web", *options])
    closed.end()

    lines = capsys.readouterr().out.splitlines()
    assert status == 0
    assert {json.loads(line)["host"] if options else line for line in lines} == said


def test_several_machines_give_one_document(elsewhere: Elsewhere, capsys: Captured) -> None:
    again = replace(elsewhere.remote, name="again")
    change_contexts(None, lambda known: known.added(again))
    keep_token(again, None, elsewhere.stand.token())

    status = main(["--host", "again,there", "tree", "-o", "json"])

    assert status == 0
    assert capsys.readouterr().out.count('"host": ') == 2


def test_several_machines_are_not_stopped_unasked(elsewhere: Elsewhere, capsys: Captured) -> None:
    again = replace(elsewhere.remote, name="again")
    change_contexts(None, lambda known: known.added(again))
    keep_token(again, None, elsewhere.stand.token())

    assert main(["--host", "again,there", "stop", "--all"]) == 2

    assert "Nobody can be asked here" in capsys.readouterr().err
    assert "stop" not in elsewhere.stand.came


@pytest.mark.parametrize("command", ["install", "doctor", "check"])
def test_what_is_about_one_machine_is_not_done_on_several(
    command: str, elsewhere: Elsewhere, capsys: Captured
) -> None:
    change_contexts(None, lambda known: known.added(replace(elsewhere.remote, name="again")))

    assert main(["--host", "again,there", command]) == 2

    assert "is about the machine it is typed on" in capsys.readouterr().err


def test_a_look_from_afar_imports_little(closed: Elsewhere) -> None:
    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return []

    closed.stand.deeds["status"] = status
    closed.begin()
    change_contexts(None, lambda known: known.added(closed.remote).using("there"))
    keep_token(closed.remote, None, closed.stand.token())
    program = (
        "import sys\nfrom svcctl.cli.main import main\n"
        "status = main(['status'])\nprint(status, *sys.modules, file=sys.stderr)"
    )

    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    closed.end()

    status_, *modules = done.stderr.splitlines()[-1].split()
    assert status_ == "0"
    heavy = {"asyncio", "click", "joserfc", "keyring", "pydantic", "rich", "starlette"}
    assert not heavy & set(modules)
    assert "svcctl.spec.service" not in modules


def completed(line: str) -> set[str]:
    """Give what a shell is told to complete the last word of *line* with."""
    words = {"COMP_WORDS": line, "COMP_CWORD": str(len(line.split()) - 1)}
    done = subprocess.run(
        [sys.executable, "-m", "svcctl"],
        env={**os.environ, "_SVCCTL_COMPLETE": "bash_complete", **words},
        capture_output=True,
        text=True,
        check=False,
    )
    return {each.partition(",")[2] for each in done.stdout.split()}


def test_a_shell_completes_what_is_there(closed: Elsewhere) -> None:
    async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
        del selection, args, emit
        return [{"service": "web", "instance": "web.1", "groups": ["weekly"]}]

    closed.stand.deeds["status"] = status
    closed.begin()
    odd = replace(closed.remote, name="odd", url="http://127.0.0.1:9")
    change_contexts(None, lambda known: known.added(closed.remote).added(odd))
    keep_token(closed.remote, None, closed.stand.token())

    there = completed("svcctl --host there start w")
    nobody = completed("svcctl --host odd start w")
    names = completed("svcctl ctx use t")
    closed.end()

    assert there == {"web", "web.1"}
    assert nobody == set()
    assert names == {"there"}
