"""The pages on resilience and on what is remembered show code that runs."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from pathlib import Path
from typing import Any

import pytest

from svcctl import Service, resumes
from svcctl.sdk.equipment import Equipment
from svcctl.sdk.happenings import nobody
from svcctl.sdk.health.checks import Checks
from svcctl.sdk.metrics.registry import Registry
from svcctl.system.clock import SystemClock

PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


async def answer(*_: object) -> str:
    """Stand in for what is called."""
    return "answer"


@pytest.mark.parametrize("page", ["resilience.md", "durable.md"])
def test_the_code_of_the_page_runs(
    page: str, root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = "".join(PYTHON.findall((root / "docs" / "howto" / page).read_text(encoding="utf-8")))
    code = compile(text, page, "exec", flags=ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
    names: dict[str, Any] = {"ask": answer, "send": answer, "Service": Service, "resumes": resumes}

    async def run() -> None:
        clock = SystemClock()
        ctx = Equipment(
            clock=clock,
            folder=str(tmp_path),
            tell=nobody,
            metrics=Registry(),
            health=Checks(clock=clock),
        )
        made = eval(code, names | {"ctx": ctx})
        assert inspect.isawaitable(made)
        await made
        await ctx.close()

    asyncio.run(run())
