"""package.json: the start script of a Node program (https://docs.npmjs.com/cli/commands/npm-start)."""

from __future__ import annotations

import json
from pathlib import Path

from svcctl.spec.draft import Draft, service_name


def find(folder: Path) -> list[Draft]:
    """Give a draft for the program package.json in *folder* starts; none if it starts none."""
    try:
        text = (folder / "package.json").read_text(encoding="utf-8", errors="replace")
        package = json.loads(text)
    except (FileNotFoundError, ValueError, RecursionError):
        return []
    if not isinstance(package, dict):
        return []
    scripts, main = package.get("scripts"), package.get("main")
    name = service_name(str(package.get("name") or folder.resolve().name).rpartition("/")[2])
    if isinstance(scripts, dict) and "start" in scripts:
        note = f"from package.json: start = {str(scripts['start'])!r}"
        return [Draft(name=name, exec=("npm", "start"), note=note)]
    if isinstance(main, str) and (folder / main).is_file():
        return [Draft(name=name, exec=("node", main), note="from package.json: main")]
    return []
