"""Reads what a configuration is made of: the only part of loading that touches files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from svcctl.errors import Mistake
from svcctl.sdk.config.references import LookUp
from svcctl.sdk.config.text import Text, digest, format_of
from svcctl.sdk.config.variables import Variable
from svcctl.spec.env_lines import NotAnAssignmentError, assignments
from svcctl.spec.locate import Position
from svcctl.spec.source import UnreadableError, reason

NAMESPACES = ("dev", "test", "staging", "prod")

_LARGEST = 16 * 1024**2  # bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where a configuration comes from; the later layers win.

    default < *files*, in their order < *dotenv* < *environ* < *options*

    *prefix* is what variables begin with: ``MAILER`` for ``MAILER_SMTP__HOST``; without one they
    are left alone.  A path with a leading ``-`` may be missing.  *namespace* chooses a table of
    *namespaces* in each file that is laid over the rest of it.  *options* are the words of
    ``--set``: ``smtp.host=x``.  *look_ups* are further ways to look up secrets, by the word before
    the colon.  *environ* is read anew with every load.
    """

    prefix: str = ""
    files: tuple[str, ...] = ()
    namespace: str = ""
    namespaces: tuple[str, ...] = NAMESPACES
    dotenv: str = ""
    environ: Mapping[str, str] = field(default_factory=dict, repr=False)
    options: tuple[str, ...] = field(default=(), repr=False)
    look_ups: Mapping[str, LookUp] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What the sources said.

    *files* has the digest of each file by its path, empty where there was none; *mistakes* tell
    of what could not be read.
    """

    sources: Sources
    texts: tuple[Text, ...] = ()
    dotenv: tuple[Variable, ...] = ()
    files: Mapping[str, str] = field(default_factory=dict)
    mistakes: tuple[Mistake, ...] = ()

    def environ(self) -> dict[str, str]:
        """Give all variables, those of the process over those of ``.env``."""
        return {each.name: each.value for each in self.dotenv} | dict(self.sources.environ)


def read(sources: Sources) -> Reading:
    """Read all files; what cannot be read becomes a mistake of the reading."""
    texts: list[Text] = []
    dotenv: tuple[Variable, ...] = ()
    files: dict[str, str] = {}
    mistakes: list[Mistake] = []
    for path in sources.files:
        try:
            content = _content(path, files)
            if content is not None:
                texts.append(_text(path.removeprefix("-"), content))
        except UnreadableError as error:
            mistakes.append(error.mistake)
    try:
        content = _content(sources.dotenv, files) if sources.dotenv else None
        if content is not None:
            dotenv = _variables(sources.dotenv.removeprefix("-"), content)
    except UnreadableError as error:
        mistakes.append(error.mistake)
    return Reading(
        sources=sources,
        texts=tuple(texts),
        dotenv=dotenv,
        files=files,
        mistakes=tuple(mistakes),
    )


def read_some(path: str) -> bytes:
    """Give what a file holds, of one that is too large only so much that this shows.

    Raises OSError, and ValueError for what can be no path.
    """
    with Path(path).open("rb") as stream:
        return stream.read(_LARGEST + 1)


def _content(path: str, files: dict[str, str]) -> bytes | None:
    optional, path = path.startswith("-"), path.removeprefix("-")
    files[path] = ""
    try:
        content = read_some(path)
    except FileNotFoundError:
        if optional:
            return None
        raise UnreadableError(path, "is not there") from None
    except (OSError, ValueError) as error:
        raise UnreadableError(path, f"cannot be read: {reason(error)}") from error
    files[path] = digest(content)
    if len(content) > _LARGEST:
        raise UnreadableError(path, f"is larger than {_LARGEST // 1024**2} MiB")
    return content


def _text(path: str, content: bytes) -> Text:
    text = content.decode("utf-8-sig", "surrogateescape")  # what is no UTF-8 is told with its place
    return Text(name=path, content=text, format=format_of(path))


def _variables(path: str, content: bytes) -> tuple[Variable, ...]:
    text = content.decode("utf-8-sig", "surrogateescape")
    try:
        return tuple(
            Variable(name=each.name, value=each.value, shown=path, line=each.line)
            for each in assignments(text)
        )
    except NotAnAssignmentError as error:
        at = Position(line=error.line, column=1)
        raise UnreadableError(path, error.problem, at) from error
