"""A worker that does its round every so often, and finishes what it is at before it stops.

Try it::

    python archiver.py run --set inbox=/var/spool/scans
"""

import gzip
import shutil
from dataclasses import dataclass
from pathlib import Path

from svcctl import Duration, Service, ThreadContext


class Archiver(Service):
    """Packs what comes into a folder: each file whole, or not yet."""

    drain_timeout = "1m"

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What may be set in archiver.toml, by ARCHIVER_PERIOD=5s or --set period=5s."""

        inbox: str = "inbox"
        archive: str = "archive"
        period: Duration = 10.0

    def run(self, ctx: ThreadContext) -> None:
        """Look every *period*; once told to stop, finish the file under way and leave the rest.

        Who brings a file moves it in, so that it is whole.
        """
        inbox, archive = Path(ctx.config.inbox), Path(ctx.config.archive)
        for folder in (inbox, archive):
            folder.mkdir(parents=True, exist_ok=True)
        for _ in ctx.ticks(lambda: ctx.config.period):
            for file in sorted(each for each in inbox.iterdir() if not each.is_dir()):
                if ctx.stopping:
                    break
                with ctx.work("file"):  # named in the status while a stop waits for it
                    pack(file, archive)
                ctx.log.info("file.packed", name=file.name)


def pack(file: Path, archive: Path) -> None:
    """Move *file* into *archive*, packed; whoever dies in between finds it in the inbox again."""
    packed, part = archive / f"{file.name}.gz", archive / f"{file.name}.part"
    with file.open("rb") as source, gzip.open(part, "wb") as target:
        shutil.copyfileobj(source, target)
    part.replace(packed)
    file.unlink()


if __name__ == "__main__":
    Archiver.main()
