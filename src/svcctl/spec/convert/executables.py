"""Programs that lie in a folder, and scripts with a usual name."""

from __future__ import annotations

import os
from pathlib import Path

from svcctl.spec.draft import Draft, service_name

_MAGICS = (b"#!", b"\x7fELF", b"MZ", b"\xcf\xfa\xed\xfe", b"\xca\xfe\xba\xbe")
_USUAL = ("main.py", "app.py", "server.py", "run.py")


def find(folder: Path) -> list[Draft]:
    """Give a draft for each program in *folder*, or else for a Python script called like one."""
    files = sorted(each for each in folder.iterdir() if each.is_file() and each.name[0] != ".")
    programs = [
        Draft(
            name=service_name(each.stem),
            exec=(f"./{each.name}",),
            note=f"from the program {each.name}",
        )
        for each in files
        if _is_program(each)
    ]
    return programs or [
        Draft(
            name=service_name(each.stem),
            exec=("python3", each.name),
            note=f"from the script {each.name}",
        )
        for each in files
        if each.name in _USUAL
    ]


def _is_program(path: Path) -> bool:
    if not os.access(path, os.X_OK):
        return False
    try:
        with path.open("rb") as stream:
            return stream.read(4).startswith(_MAGICS)
    except OSError:
        return False
