"""Makes of a pattern what can be searched for in blocks of bytes, and is never too narrow.

What it finds has to be confirmed: it knows nothing of words, and takes one character beyond ASCII
for another.  It finds nothing that reaches over the end of a line.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from svcctl.spec.characters import BEYOND, Signs, first, signs
from svcctl.spec.regular import Chain, Chars, Choice, Edge, Group, Node, Place, Repeat

_NEWLINE = 10
_MOST = 32  # repetitions that are counted; engines write them all out
_LONGEST_CHARACTER = 4  # bytes of UTF-8


def widened(node: Node) -> bytes | None:
    """Give *node* in the notation that all engines share; None where every line may have it.

    ``^`` and ``$`` are meant at every line.
    """
    links = _trimmed(node)
    if first(Chain(links))[1]:
        return None
    return b"".join(map(_written, links))


def _links(node: Node) -> tuple[Node, ...]:
    match node:
        case Chain(links):
            return tuple(inner for each in links for inner in _links(each))
        case Group(_, inner):
            return _links(inner)
    return (node,)


def _trimmed(node: Node) -> tuple[Node, ...]:
    """Give the parts of *node* without what only says how far a match goes on."""
    links = list(_links(node))
    for at, edge in ((0, Place.START), (-1, Place.END)):
        while links and (shorter := _shortened(links, at, edge)) is not None:
            links = shorter
    return tuple(links)


def _shortened(links: list[Node], at: int, place: Place) -> list[Node] | None:
    """Give *links* with less at one end, or None where nothing can go."""
    inner = 1 if at == 0 else -2
    match links[at]:
        case Repeat(_, 0, _):
            return _without(links, at)
        case Repeat(node, least, most) if most != least:
            return _with(links, at, Repeat(node, least, least))
        case Edge(Place.BOUNDARY | Place.NO_BOUNDARY):
            return _without(links, at)
        case Edge(there) if there is place and len(links) > 1:
            match links[inner]:
                case Repeat(_, 0, _):
                    return _without(links, at)
    return None


def _without(links: list[Node], at: int) -> list[Node]:
    return links[1:] if at == 0 else links[:-1]


def _with(links: list[Node], at: int, node: Node) -> list[Node]:
    rest = _without(links, at)
    return [node, *rest] if at == 0 else [*rest, node]


def _written(node: Node) -> bytes:
    match node:
        case Chars():
            return _character(node)
        case Edge(Place.START):
            return b"^"
        case Edge(Place.END):
            return rb"\r?$"
        case Edge():
            return b""
        case Chain(links):
            return b"".join(map(_written, links))
        case Choice(options):
            return b"(?:%b)" % b"|".join(map(_written, options))
        case Group(_, inner):
            return _written(inner)
        case Repeat():
            return _repeated(node)


def _repeated(repeat: Repeat) -> bytes:
    least, most = min(repeat.least, _MOST), repeat.most
    found = signs(repeat.node) if isinstance(repeat.node, Chars) else frozenset()
    if BEYOND in found and not _exact(repeat.node):
        inner = b"[%b]" % _ranges(found, high=True)
        most = None if most is None else most * _LONGEST_CHARACTER
    else:
        inner = b"(?:%b)" % _written(repeat.node)
    if first(repeat.node)[1]:  # engines refuse to repeat what may be nothing
        least = 0
    if most is None or most > _MOST:
        return b"%b{%d,}" % (inner, least) if least > 1 else inner + (b"+" if least else b"*")
    return b"%b{%d,%d}" % (inner, least, most)


def _exact(node: Node) -> bytes:
    """Give the one text that *node* stands for; nothing where it may be more than one."""
    if isinstance(node, Chars) and node.literal and not "\ud800" <= node.literal <= "\udfff":
        return node.literal.encode()
    return b""


def _character(chars: Chars) -> bytes:
    if text := _exact(chars):
        return b"".join(map(_byte, text))
    found = signs(chars)
    within = _ranges(found, high=False)
    if BEYOND not in found:
        return b"[%b]" % (within or rb"\x00-\xff")
    beyond = rb"[\x80-\xff]{1,%d}" % _LONGEST_CHARACTER
    return b"(?:[%b]|%b)" % (within, beyond) if within else beyond


def _ranges(found: Signs, *, high: bool) -> bytes:
    codes = sorted(found - {BEYOND, _NEWLINE})
    parts = [b"%b-%b" % (_byte(low), _byte(top)) for low, top in _runs(codes)]
    return b"".join([*parts, rb"\x80-\xff"] if high else parts)


def _runs(codes: Iterable[int]) -> Iterator[tuple[int, int]]:
    low = top = -2
    for code in codes:
        if code == top + 1:
            top = code
            continue
        if low >= 0:
            yield low, top
        low = top = code
    if low >= 0:
        yield low, top


def _byte(code: int) -> bytes:
    return b"\\x%02x" % code


@dataclass(frozen=True, slots=True)
class Literals:
    """Texts of which a line must have one, in lower case where case does not count (*folded*)."""

    texts: frozenset[bytes]
    folded: frozenset[bytes] = frozenset()

    @property
    def worth(self) -> tuple[int, int]:
        """How rarely they will be found: their shortest length, then how few they are."""
        every = self.texts | self.folded
        return min(map(len, every)), -len(every)


def literals(node: Node) -> Literals | None:
    """Give the texts that tell best whether *node* may be in a line; None where none must be."""
    match node:
        case Chars():
            return _best(_in_chain((node,)))
        case Chain():
            return _best(_in_chain(_links(node)))
        case Choice(options):
            found = [literals(each) for each in options]
            known = [each for each in found if each is not None]
            if not known or len(known) < len(found):
                return None
            return Literals(
                frozenset().union(*(each.texts for each in known)),
                frozenset().union(*(each.folded for each in known)),
            )
        case Group(_, inner):
            return literals(inner)
        case Repeat(inner, least) if least:
            return literals(inner)
    return None


def _best(found: Iterable[Literals]) -> Literals | None:
    return max(found, key=lambda each: each.worth, default=None)


def _in_chain(links: tuple[Node, ...]) -> Iterator[Literals]:
    """Give what each part of a chain says, and each run of characters in it."""
    run, folded = b"", False
    for link in (*links, Edge(Place.END)):
        text, is_folded = _exact(link), False
        if not text and isinstance(link, Chars):
            text, is_folded = _either_case(link), True
        if text and (not run or is_folded == folded or not text.isalpha()):
            folded = is_folded if text.isalpha() or not run else folded
            run += text
            continue
        if run:
            yield _run(run, folded=folded)
        run, folded = text, is_folded
        if not text and not isinstance(link, Chars) and (found := literals(link)):
            yield found


def _either_case(chars: Chars) -> bytes:
    """Give the small letter of a set that has just that and the capital; else nothing."""
    codes = sorted(signs(chars))
    if len(codes) == 1 and codes[0] < BEYOND and codes[0] != _NEWLINE:
        return bytes(codes)
    if len(codes) == 2 and BEYOND not in codes and codes[0] + 32 == codes[1]:
        return bytes(codes[1:]) if 97 <= codes[1] <= 122 else b""
    return b""


def _run(text: bytes, *, folded: bool) -> Literals:
    if folded:
        return Literals(frozenset(), frozenset((text.lower(),)))
    return Literals(frozenset((text,)))
