"""Decides which texts a configuration is made of when files, proposals and a past all speak."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from dataclasses import replace

from svcctl.sdk.config.text import Text

PROPOSED = "proposed"
"""The name of a proposed text that was given none."""


def said(files: Iterable[Text]) -> str:
    """Tell what files say from what they said at another time."""
    total = hashlib.sha256()
    for each in files:
        for part in (each.name, each.content):
            content = part.encode("utf-8", "surrogatepass")
            total.update(b"%d:" % len(content))
            total.update(content)
    return total.hexdigest()


def settled(
    files: tuple[Text, ...], *, before: tuple[Text, ...], said_before: str
) -> tuple[Text, ...]:
    """Give the texts that hold now that the *files* were read.

    Where they say what they said *before*, what was made of them holds: so a proposal or a
    rollback outlives a reload and the process, until a file changes.  What was proposed beside
    them is laid over them then too.
    """
    if said(files) == said_before:
        return before
    names = {each.name for each in files}
    return (*files, *(each for each in before if each.proposed and each.name not in names))


def with_proposed(before: tuple[Text, ...], proposed: Text) -> tuple[Text, ...]:
    """Give the texts with *proposed* in the place of the one of its name, else over all."""
    proposed = replace(proposed, proposed=True)
    if any(each.name == proposed.name for each in before):
        return tuple(proposed if each.name == proposed.name else each for each in before)
    return (*before, proposed)


def proposals(texts: Iterable[Text]) -> tuple[Text, ...]:
    """Give those of *texts* that were proposed."""
    return tuple(each for each in texts if each.proposed)
