"""Runs a coverage-guided fuzzer over what reads foreign bytes: ``python -m tests.fuzz --help``.

Each target gets a process of its own, so that one that eats all memory or never comes back is
found as well.  What it found worth keeping stays in ``.fuzz/``, what broke a target too.
"""

from __future__ import annotations

import argparse
import logging
import subprocess
import sys
from pathlib import Path

from tests.fuzz.corpus import CORPUS, names

KEPT = Path(".fuzz")
LIMITS = (
    *("-rss_limit_mb=768", "-malloc_limit_mb=256", "-timeout=10"),
    *("-max_len=32768", "-print_final_stats=1", "-verbosity=0"),
)
GUIDED = ["svcctl", "tomllib", "json", "shlex", "gzip", "http_sf", "http_message_signatures"]


def main() -> int:
    """Give 0 where nothing broke."""
    asked = argparse.ArgumentParser(prog="python -m tests.fuzz")
    asked.add_argument("--seconds", type=int, default=180, help="how long each target is tried")
    asked.add_argument("--here", action="store_true", help="in this process, one target")
    asked.add_argument("targets", nargs="*", metavar="TARGET", help=f"of {', '.join(names())}")
    args = asked.parse_args()
    try:
        import atheris  # noqa: F401
    except ImportError:
        sys.stderr.write("nothing was tried: there is no atheris for this system and Python\n")
        return 0
    if args.here:
        _fuzz(args.targets[0], seconds=args.seconds)
    chosen = args.targets or names()
    broken = [name for name in chosen if not _survives(name, seconds=args.seconds)]
    for name in broken:
        sys.stderr.write(f"{name} is broken; what does it lies in {KEPT / name}\n")
    return 1 if broken else 0


def _survives(name: str, *, seconds: int) -> bool:
    sys.stdout.write(f"{name}: {seconds}s\n")
    sys.stdout.flush()
    command = [sys.executable, "-m", "tests.fuzz", "--here", "--seconds", str(seconds), name]
    return subprocess.run(command, check=False, timeout=seconds + 120).returncode == 0


def _fuzz(name: str, *, seconds: int) -> None:
    """Try the target *name* until the time is over or it breaks; ends this process."""
    import atheris

    logging.disable()
    with atheris.instrument_imports(include=GUIDED):
        from tests.fuzz.targets import TARGETS
    kept = KEPT / name
    kept.mkdir(parents=True, exist_ok=True)
    limits = [*LIMITS, f"-max_total_time={seconds}", f"-artifact_prefix={kept}/broken-"]
    atheris.Setup([sys.argv[0], *limits, str(kept), str(CORPUS / name)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    sys.exit(main())
