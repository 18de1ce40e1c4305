"""A log that is read as it grows: what matches is counted, and told about now and then.

Each line counts once, however the log is rotated, and whether this process stops or dies.  Try it::

    python logwatch.py run --set log=/var/log/app.log --set pattern="ERROR|Traceback"
"""

import asyncio
import json
import os
import re
import urllib.request
from contextlib import ExitStack
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import BinaryIO

from svcctl import Context, Duration, Regex, Service

HEAD = 256  # bytes by which a file is known again
CHUNK = 1 << 20  # bytes read at once
PACKED = {".gz", ".bz2", ".xz", ".zst"}


@dataclass(frozen=True, kw_only=True)
class Place:
    """How far which file was read; its name may change, its number and first bytes do not."""

    number: int = 0
    head: str = ""
    offset: int = 0


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many lines matched, how many of them nobody was told of, and when somebody was."""

    matches: int = 0
    untold: int = 0
    told_at: float = 0.0

    def is_due(self, now: float, cooldown: float) -> bool:
        """Say whether it is time to tell."""
        return self.untold > 0 and now >= self.told_at + cooldown


class Logwatch(Service):
    """Tells a webhook of lines that match, once per cooldown."""

    @dataclass(frozen=True, kw_only=True)
    class Config:
        """What is looked for, where, and who is told."""

        log: str = "app.log"
        pattern: Regex = "ERROR|Exception|Timeout"
        webhook: str = "http://127.0.0.1:8004/alerts"
        cooldown: Duration = 300.0
        period: Duration = 1.0

    async def run(self, ctx: Context) -> None:
        """Look every *period*, from where the last process has come to."""
        self.place = Place(**await ctx.state.get("place", {}))
        self.tally = Tally(**await ctx.state.get("tally", {}))
        async for _ in ctx.ticks(lambda: ctx.config.period):
            while not ctx.stopping and await self.read(ctx):
                pass
            if self.tally.is_due(ctx.now(), ctx.config.cooldown):
                await self.tell(ctx)

    async def read(self, ctx: Context) -> bool:
        """Count what is new; say whether there may be more."""
        try:
            lines, place = await asyncio.to_thread(look, Path(ctx.config.log), self.place)
        except OSError as error:  # it may be renamed at this very moment
            ctx.log.warning("log.not-read", problem=str(error))
            return False
        found = sum(1 for line in lines if re.search(ctx.config.pattern, line))
        if place != self.place:
            tally = replace(
                self.tally, matches=self.tally.matches + found, untold=self.tally.untold + found
            )
            await ctx.state.update({"place": asdict(place), "tally": asdict(tally)})
            self.place, self.tally = place, tally
        return bool(lines)

    async def tell(self, ctx: Context) -> None:
        """Send an alert; where that fails it is sent with the next look, with what came since."""
        text = f"{self.tally.untold} lines of {ctx.config.log} match {ctx.config.pattern!r}"
        try:
            await asyncio.to_thread(post, ctx.config.webhook, {"text": text, **asdict(self.tally)})
        except OSError as error:
            ctx.log.warning("alert.not-sent", problem=str(error))
            return
        ctx.log.info("alert.sent", text=text)
        self.tally = replace(self.tally, untold=0, told_at=ctx.now())
        await ctx.state.set("tally", asdict(self.tally))


def look(log: Path, place: Place) -> tuple[list[str], Place]:
    """Give some of the whole lines behind *place*, and the place behind those.

    What was rotated away is read to its end first; where it is gone, the newest file counts.
    """
    with ExitStack() as opened:
        files = generations(log, opened)
        at = index_of(place, files)
        if at is None:
            files, place, at = files[-1:], Place(), 0
        lines: list[str] = []
        for file in files[at:]:
            lines, place = more(file, place)
            if lines:
                break
            if file is not files[-1]:
                place = Place()
        return lines, place


def generations(log: Path, opened: ExitStack) -> list[BinaryIO]:
    """Open *log* and what it was rotated to, the oldest first.

    The log itself is opened first: a rotation that comes meanwhile neither hides a file nor
    puts another one in its place.
    """
    newest = [opened.enter_context(log.open("rb"))] if log.exists() else []
    rotated = [
        opened.enter_context(each.open("rb"))
        for each in log.parent.glob(f"{log.name}[.-]*")
        if each.suffix not in PACKED
    ]
    rotated.sort(key=lambda each: status(each).st_mtime)
    known = {status(each).st_ino for each in newest}
    return [*(each for each in rotated if status(each).st_ino not in known), *newest]


def status(file: BinaryIO) -> os.stat_result:
    """Give the number, the size and the times of an open file."""
    return os.fstat(file.fileno())


def index_of(place: Place, files: list[BinaryIO]) -> int | None:
    """Find the file of *place*, or a copy of it: some rotate by copying, then truncating."""
    alike = [at for at, file in enumerate(files) if is_alike(file, place)]
    same = [at for at in alike if status(files[at]).st_ino == place.number]
    copies = alike if place.head else []
    return max(same or copies, default=None)


def is_alike(file: BinaryIO, place: Place) -> bool:
    """Say whether *file* begins as that of *place* did, and is as long at least."""
    head = bytes.fromhex(place.head)
    file.seek(0)
    return file.read(len(head)) == head and status(file).st_size >= place.offset


def more(file: BinaryIO, place: Place) -> tuple[list[str], Place]:
    """Give the next whole lines of *file*, and the place behind them."""
    file.seek(0)
    head = file.read(HEAD)
    file.seek(place.offset)
    chunk = file.read(CHUNK)
    whole = chunk[: chunk.rfind(b"\n") + 1]
    if not whole and len(chunk) == CHUNK:  # no line is that long
        whole = chunk
    offset = place.offset + len(whole)
    place = Place(number=status(file).st_ino, head=head.hex(), offset=offset)
    return [line.decode(errors="replace") for line in whole.splitlines()], place


def post(url: str, body: object) -> None:
    """Send *body* as JSON; raises OSError where it was not taken."""
    headers = {"Content-Type": "application/json"}
    urllib.request.urlopen(
        urllib.request.Request(url, json.dumps(body).encode(), headers), timeout=5.0
    ).close()


if __name__ == "__main__":
    Logwatch.main()
