"""Hands crash reports on later, to whoever collects them."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Protocol

from svcctl.ports import Document
from svcctl.sdk.crash.folder import CrashFolder

_PATIENCE = 30.0  # seconds for one report
_MOST_FAILURES = 3  # in a row; then nobody is there


class CrashUploader(Protocol):
    """Takes crash reports elsewhere."""

    async def upload(self, name: str, report: Document) -> None:
        """Bring *report* there; whatever is raised means: try again another time.

        The same *name* may come twice (a process was killed right after the first time), so it is
        what a receiver tells reports apart by.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """What came of it: how many went, how many are left, and why."""

    sent: int = 0
    left: int = 0
    problem: str = ""


async def send_unsent(
    folder: CrashFolder, uploader: CrashUploader, *, patience: float = _PATIENCE
) -> Sent:
    """Upload every report that has not been, oldest first, each within *patience* seconds.

    One that does not get through does not keep the next from it, until three in a row did not;
    they are tried again by the next call.  Raises OSError where the folder cannot be read or a
    report cannot be marked as sent.  Cancelled, it leaves the rest unsent.
    """
    waiting = folder.unsent()
    sent = failures = 0
    problem = ""
    for name in waiting:
        try:
            async with asyncio.timeout(patience):
                await uploader.upload(name, folder.read(name))
        except FileNotFoundError:  # it had to go for newer ones meanwhile
            continue
        except Exception as error:  # noqa: BLE001 - an uploader of anybody's
            problem = f"{name}: {type(error).__name__}: {error}"
            failures += 1
            if failures == _MOST_FAILURES:
                break
        else:
            folder.mark_sent(name)
            sent, failures = sent + 1, 0
    return Sent(sent=sent, left=len(folder.unsent()), problem=problem)
