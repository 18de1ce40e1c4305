"""A command gives the same from elsewhere as on the machine itself: output and exit status."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from svcctl.cli.main import main
from tests.flows.conftest import Box
from tests.flows.remote.front import agent_of_others, fronted, token_of

pytestmark = [pytest.mark.slow, pytest.mark.posix]

LOOKS = (
    "status -o name",
    "status web -o name",
    "status broken",
    "status nix",
    "status @shop -o name",
    "status -l tier=front -o name",
    "logs web -n 5",
    "logs web db -n 5",
    "logs web --grep two",
    "logs web --level error",
    "logs web --stats",
    "logs nix",
    "events web --causes",
    "events broken -o jsonl",
    "tree",
    "tree web -o json",
    "show web",
    "show db -o json",
    "watch list",
    "wait web --for ready --timeout 30s",
    "wait broken --for ready --timeout 1s",
    "history web",
    "health web",
    "log-level web",
    "config web",
    "crashes",
    "alerts",
    "alert show",
    "silence list",
    "findings web -o json",
    "healing -o json",
    "shipping",
    "shipping show",
    "audit --verb apply",
    "auth explain uid:1001 restart web",
    "auth token list",
    "logs web --lines many",
    "start",
    "scale web",
    "kill -s NOSUCH web",
    "resume web",
    "reset web",
    "start web",
    "start nix",
    "disable db",
    "enable db",
    "heal --dry-run",
    "remove db --dry-run",
    "restart db",
    "stop db --yes",
    "start db --timeout 30s",
    "scale db 1",
    "run web nothing",
    "ack nothing",
    "silence end 7",
)


@dataclass(frozen=True)
class Both:
    """The machine, and who asks from elsewhere."""

    box: Box
    user: Path


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Both]:
    user = tmp_path_factory.mktemp("user")
    patch = pytest.MonkeyPatch()
    patch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.fail.Keyring")
    with agent_of_others() as box, fronted(box) as front, patch.context():
        token = user / "token"
        token.write_text(token_of(box))
        patch.setenv("SVCCTL_TOKEN_FILE", str(token))
        assert main(["--home", str(user), "ctx", "add", "there", "--url", front.url]) == 0
        yield Both(box, user)
    patch.undo()


def settled(text: str) -> str:
    """Give *text* without what is never twice the same."""
    text = re.sub(r"\bpid \d+", "pid N", text)
    text = re.sub(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", "AT", text)
    return re.sub(r"\b\d+(\.\d+)?(ms|s|m|h|d|%| [KM]iB)(?= |$|\n)", "N", text)


@pytest.mark.parametrize("line", LOOKS)
def test_a_command_says_the_same(line: str, both: Both, capsys: pytest.CaptureFixture[str]) -> None:
    words = line.split()
    here = main(["--home", str(both.box.home), *words])
    said_here = capsys.readouterr()

    there = main(["--home", str(both.user), "--host", "there", *words])
    said_there = capsys.readouterr()

    assert settled(said_there.out) == settled(said_here.out)
    assert settled(said_there.err) == settled(said_here.err)
    assert there == here
