"""How the text of a file is encoded: where its lines end, and how it is given in UTF-8."""

from __future__ import annotations

import codecs
from dataclasses import dataclass

from svcctl.errors import UsageError, quoted

_BOMS = (  # the longer ones first: that of UTF-16 begins that of UTF-32
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Encoding:
    """How to tell lines apart and what to make of them; *name* is empty for bytes as they are."""

    name: str = ""
    newline: bytes = b"\n"

    @property
    def wide(self) -> bool:
        """Every character takes more than one byte."""
        return len(self.newline) > 1

    def first_end(self, content: bytes) -> int:
        """Give where the first line ends, its newline included; 0 where it does not."""
        return self._aligned(content, content.find(self.newline), step=1)

    def last_end(self, content: bytes) -> int:
        """Give where the last whole line ends, its newline included; 0 where there is none."""
        return self._aligned(content, content.rfind(self.newline), step=-1)

    def utf8(self, content: bytes) -> bytes:
        """Give *content* in UTF-8, without a byte order mark; what is no text is replaced."""
        if not self.name:
            return content.removeprefix(codecs.BOM_UTF8)
        text = content.decode(self.name, "replace")
        return text.removeprefix("\ufeff").encode(errors="replace")

    def _aligned(self, content: bytes, found: int, *, step: int) -> int:
        width = len(self.newline)
        while found >= 0 and found % width:
            if step > 0:
                found = content.find(self.newline, found + 1)
            else:
                found = content.rfind(self.newline, 0, found + width - 1)
        return found + width if found >= 0 else 0


def by_mark(head: bytes) -> Encoding:
    """Tell the encoding of a file by the byte order mark it begins with."""
    for mark, name in _BOMS:
        if head.startswith(mark):
            return named(name)
    return Encoding()


def named(name: str) -> Encoding:
    """Give the encoding called *name*, as Python knows it; raises UsageError where it does not."""
    try:
        known = codecs.lookup(name).name
        newline = "\n".encode({"utf-16": "utf-16-le", "utf-32": "utf-32-le"}.get(known, known))
    except (LookupError, UnicodeError):
        hint = "use a name such as utf-8, utf-16-le, gb18030 or latin-1"
        raise UsageError(f"there is no encoding {quoted(name)}", hint=hint) from None
    return Encoding(name="" if known in {"utf-8", "ascii"} else known, newline=newline)
