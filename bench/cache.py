"""Where peers and compiled programs are kept: a folder outside of the checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

from bench.session import Stage

_NATIVE = Path(__file__).parent / "native"


def cache() -> Path:
    """Give the folder: SVCCTL_BENCH_CACHE, or one in the user's folder for caches."""
    chosen = os.environ.get("SVCCTL_BENCH_CACHE")
    if chosen:
        return Path(chosen).absolute()
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "svcctl-bench"


def program(name: str) -> str | None:
    """Give the path of a Debian program: the system's, or the one unpacked in the cache."""
    unpacked = cache() / "debian" / "usr" / "bin" / name
    return shutil.which(name) or (str(unpacked) if unpacked.exists() else None)


def search_path() -> dict[str, str]:
    """Give the environment in which unpacked programs find one another."""
    return {"PATH": f"{os.environ['PATH']}:{cache() / 'debian' / 'usr' / 'bin'}"}


def says(command: list[str]) -> str | None:
    """Give what a program prints, or None if it cannot be run."""
    try:
        ran = subprocess.run(
            command,
            capture_output=True,
            text=True,
            timeout=30,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return (ran.stdout + ran.stderr).strip()


def package(name: str) -> str | None:
    """Give the version of a Debian package, installed or unpacked."""
    archives = sorted((cache() / "debian" / "archives").glob(f"{name}_*.deb"))
    installed = says(["dpkg-query", "-W", "-f", "${Version}", name])
    return installed or (archives[-1].name.split("_")[1] if archives else None)


def numbered(folder: Path, name: str) -> list[Path]:
    """Give the files of a log that rotates as NAME.1, NAME.2 and so on: oldest first."""
    old = [path for path in folder.glob(f"{name}.*") if path.suffix[1:].isdigit()]
    old.sort(key=lambda path: int(path.suffix[1:]), reverse=True)
    return [*old, *(path for path in (folder / name,) if path.exists())]


def stage() -> Stage:
    """Compile the workload and the bare loops, unless that was done; raise RuntimeError if not."""
    return Stage(workload=_compiled("workload"), floor=_compiled("floor"))


def _compiled(name: str) -> str:
    source, target = _NATIVE / f"{name}.c", cache() / name
    if not target.exists() or target.stat().st_mtime < source.stat().st_mtime:
        compiler = shutil.which("cc") or shutil.which("gcc")
        if compiler is None:
            raise RuntimeError("no C compiler was found\nhint: apt install gcc libc6-dev")
        target.parent.mkdir(parents=True, exist_ok=True)
        subprocess.run([compiler, "-O2", "-o", str(target), str(source)], check=True, timeout=60)
    return str(target.resolve())
