"""Tells which characters a set in a pattern has, as far as searching in bytes has to know."""

from __future__ import annotations

import re
import warnings
from functools import lru_cache

from svcctl.spec.regular import Chain, Chars, Choice, Edge, Group, Node, Repeat

BEYOND = 128
"""Stands for any character that is not ASCII."""

Signs = frozenset[int]
"""ASCII codes, and :data:`BEYOND`."""

_CODE = re.compile(r"\\U([0-9a-f]{8})")
_FOLDED = "\u0130\u0131\u017f\u212a"  # that are i, s and k where case does not count


@lru_cache(maxsize=10_000)
def signs(chars: Chars) -> Signs:
    """Give the ASCII codes that *chars* has, and BEYOND if it may have any other character."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        has = re.compile(chars.text, chars.flags).fullmatch
    found = {code for code in range(BEYOND) if has(chr(code))}
    codes = [int(code, 16) for code in _CODE.findall(chars.text)]
    words = set(re.findall(r"\\[wdsWDS]", chars.text))
    open_ended = chars.text.startswith((".", "[^")) or bool(words & {r"\W", r"\D", r"\S"})
    unicode = bool(words) and not chars.flags & re.ASCII
    if open_ended or unicode or max(codes, default=0) >= BEYOND or any(map(has, _FOLDED)):
        found.add(BEYOND)
    return frozenset(found)


def first(node: Node) -> tuple[Signs, bool]:
    """Give what *node* can begin with, and whether it can be nothing at all."""
    match node:
        case Chars():
            return signs(node), False
        case Edge():
            return frozenset(), True
        case Chain(links):
            return first_of(links)
        case Choice(options):
            found = [first(each) for each in options]
            return frozenset().union(*(each for each, _ in found)), any(e for _, e in found)
        case Group(_, inner):
            return first(inner)
        case Repeat(inner, least, most):
            begins, empty = first(inner)
            return (frozenset(), True) if most == 0 else (begins, empty or least == 0)


def first_of(links: tuple[Node, ...]) -> tuple[Signs, bool]:
    """Give the same of *links*, one after the other."""
    found: Signs = frozenset()
    for each in links:
        begins, empty = first(each)
        found |= begins
        if not empty:
            return found, False
    return found, True
