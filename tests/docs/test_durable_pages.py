"""The pages on resilience and on what is remembered show code that runs."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest

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
    names: dict[str, Any] = dict.fromkeys(("ask", "send", "charge", "refund", "ship"), answer)

    async def run() -> None:
        async with AsyncExitStack() as stack:
            made = eval(code, names | {"stack": stack})
            assert inspect.isawaitable(made)
            await made

    asyncio.run(run())
