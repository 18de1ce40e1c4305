r"""Takes a command line of Windows apart, as the program it is for will: CommandLineToArgvW.

The first word follows rules of its own: it is the program, a backslash in it escapes nothing, and
where it has blanks and no quotes (``C:\Program Files\app\app.exe --serve``) Windows tries one
beginning after the other, as CreateProcessW does; so do we.
"""

from __future__ import annotations

from collections.abc import Callable

from svcctl.errors import SpecError, quoted

_BLANKS = " \t"
_SUFFIXES = ("", ".exe", ".com", ".bat", ".cmd")


def command_words(text: str, *, is_file: Callable[[str], bool]) -> list[str]:
    """Give the program and its arguments; *is_file* says whether there is a file of that path.

    A program without quotes is the longest beginning that is a file: the shortest, which is what
    Windows takes, may be a trap somebody laid (CWE-428).  Raises SpecError for an empty command
    and for a quote that is not closed.
    """
    text = text.lstrip(_BLANKS)
    if text.startswith('"'):
        program, closed, rest = text[1:].partition('"')
        if not closed:
            raise SpecError(f"{quoted(text)} has a quote that is not closed", hint="close it")
    else:
        program, rest = _unquoted_program(text, is_file)
    if not program:
        raise SpecError("the command is empty", hint="name a program")
    return [program, *words(rest)]


def _unquoted_program(text: str, is_file: Callable[[str], bool]) -> tuple[str, str]:
    ends = [at for at, each in enumerate(text) if each in _BLANKS] + [len(text)]
    for end in reversed(ends):
        program = text[:end].rstrip(_BLANKS)
        if any(is_file(program + suffix) for suffix in _SUFFIXES):
            return program, text[end:]
    return text[: ends[0]], text[ends[0] :]


def words(text: str) -> list[str]:
    """Give the arguments in *text*, the part of a command line after the program."""
    found: list[str] = []
    rest = text.lstrip(_BLANKS)
    while rest:
        word, rest = _word(rest)
        found.append(word)
        rest = rest.lstrip(_BLANKS)
    return found


def _word(text: str) -> tuple[str, str]:
    r"""Give the first word of *text*, and what follows it.

    2n backslashes before a quote are n, and the quote counts; 2n+1 are n and a plain quote;
    within quotes a double one is a plain one, and ends them.  Other backslashes are themselves.
    """
    word, at, quoted = "", 0, False
    while at < len(text) and (quoted or text[at] not in _BLANKS):
        slashes = len(text[at:]) - len(text[at:].lstrip("\\"))
        at += slashes
        if not text.startswith('"', at):
            if slashes:
                word += "\\" * slashes
            else:
                word, at = word + text[at], at + 1
            continue
        word += "\\" * (slashes // 2)
        if slashes % 2:
            word += '"'
        elif quoted and text.startswith('""', at):
            word, at, quoted = word + '"', at + 1, False
        else:
            quoted = not quoted
        at += 1
    return word, text[at:]
