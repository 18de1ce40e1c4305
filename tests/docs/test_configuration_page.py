"""The page on the configuration of applications shows code that runs."""

from __future__ import annotations

import asyncio
import re
from pathlib import Path
from typing import Any

import pytest

PYTHON = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.mark.slow
def test_its_service_takes_over_a_file_that_changes(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    file = tmp_path / "mailer.toml"
    file.write_text('period = "10ms"\n[prod.smtp]\nhost = "old"\n')
    text = (root / "docs" / "howto" / "configuration.md").read_text(encoding="utf-8")
    code = "\n".join(PYTHON.findall(text)).replace("/var/lib/mailer", tmp_path.as_posix())
    names: dict[str, Any] = {"__name__": "page"}
    exec(compile(code, "configuration.md", "exec", dont_inherit=True), names)
    shown = capsys.readouterr().out

    async def until_it_changed() -> str:
        running = asyncio.ensure_future(names["main"]())
        said = ""
        for awaited in ("1 old", "2 new"):
            while awaited not in said:
                await asyncio.wait([running], timeout=0.01)
                assert not running.done()
                said += capsys.readouterr().out
            file.write_text('period = "10ms"\n[prod.smtp]\nhost = "new"\n')
        running.cancel()
        await asyncio.wait([running])
        return said

    said = asyncio.run(asyncio.wait_for(until_it_changed(), 20))

    assert re.search(r"^smtp\.host +\"old\" +mailer\.toml:3:1$", shown, re.MULTILINE)
    assert re.search(r"^smtp\.port +2525 +option --set smtp\.port$", shown, re.MULTILINE)
    assert "changed: smtp.host" in said
