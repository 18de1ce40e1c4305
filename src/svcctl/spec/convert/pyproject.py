"""pyproject.toml: the commands a Python project installs (https://peps.python.org/pep-0621/)."""

from __future__ import annotations

import tomllib
from pathlib import Path

from svcctl.errors import quoted
from svcctl.spec.draft import Draft, service_name
from svcctl.spec.source import too_long_key


def find(folder: Path) -> list[Draft]:
    """Give a draft for each script of pyproject.toml in *folder*; none if there are none."""
    try:
        text = (folder / "pyproject.toml").read_text(encoding="utf-8", errors="replace")
        project = tomllib.loads(text).get("project") if too_long_key(text) is None else None
    except (FileNotFoundError, ValueError, RecursionError):
        return []
    scripts = project.get("scripts") if isinstance(project, dict) else None
    if not isinstance(scripts, dict):
        return []
    bin_folder = next((each for each in (".venv/bin", "venv/bin") if (folder / each).is_dir()), "")
    return [
        Draft(
            name=service_name(script),
            exec=(f"./{bin_folder}/{script}" if bin_folder else script,),
            note=f"from pyproject.toml: {script} = {quoted(target)}",
        )
        for script, target in scripts.items()
    ]
