"""The programs on the page about other machines run, against a real server."""

from __future__ import annotations

import contextlib
import io
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from svcctl.app.arguments import Arguments
from svcctl.app.waiting import Emit
from svcctl.errors import UnknownService
from svcctl.wire import Selection
from tests.flows.http.stand import Stand
from tests.flows.remote.conftest import Elsewhere

pytestmark = [pytest.mark.slow, pytest.mark.posix]

PROGRAM = re.compile(r"```python\n(.*?)```", re.DOTALL)
SAID = (
    "shop running\nno\nlast words\n",
    "shop starting\nshop ready\n",
    "",
    "SVC-1300 no service 'nix' did you mean 'shop'?\n",
)
"""What each program prints, in the order of the page."""


async def status(selection: Selection, args: Arguments, emit: Emit) -> object:
    del selection, args, emit
    return [{"instance": "shop", "phase": "running"}]


async def restart(selection: Selection, args: Arguments, emit: Emit) -> object:
    del selection, args, emit
    return [{"instance": "shop", "ok": False, "problem": "no", "lines": ["last words"]}]


async def logs(selection: Selection, args: Arguments, emit: Emit) -> object:
    del selection, args
    for at, text in enumerate(("starting", "ready", "never")):
        emit({"at": float(at), "service": "shop", "instance": "shop", "text": text})
    return {"lines": 3}


async def stop(selection: Selection, args: Arguments, emit: Emit) -> object:
    del selection, args, emit
    raise UnknownService("no service 'nix'", hint="did you mean 'shop'?")


@pytest.fixture
def there(tmp_path: Path) -> Iterator[Elsewhere]:
    stand = Stand(tmp_path)
    stand.deeds |= {"status": status, "restart": restart, "logs": logs, "stop": stop}
    elsewhere = Elsewhere(stand)
    elsewhere.begin()
    yield elsewhere
    elsewhere.end()


def test_its_programs_run_and_say_what_they_should(root: Path, there: Elsewhere) -> None:
    text = (root / "docs" / "howto" / "remote.md").read_text(encoding="utf-8")
    said = []

    for program in PROGRAM.findall(text):
        with contextlib.redirect_stdout(io.StringIO()) as out:
            exec(program, {"url": there.remote.url, "token": there.stand.token()})
        said.append(out.getvalue())

    assert tuple(said) == SAID
