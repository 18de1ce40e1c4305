"""Decides which crashes are the same one: pure, so that the rule can be read and tested."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from svcctl.sdk.crash.frames import Frame


def fingerprint(kinds: Sequence[str], frames: Iterable[Frame]) -> str:
    """Give 16 hexadecimal digits that stay the same while the same fault stays where it is.

    Made of the *kinds* of the error and its causes, and of its frames, each once (so that the
    depth of a recursion does not count): those of libraries by module and function, our own also
    by the text of their line.  Line numbers do not count, so edits elsewhere change nothing.
    """
    import hashlib  # noqa: PLC0415 - it loads OpenSSL: 3.5 MB, for those that crash

    parts = list(dict.fromkeys(_normal(frame) for frame in frames))
    text = "\n".join([*kinds, "", *parts])
    return hashlib.blake2b(text.encode(errors="backslashreplace"), digest_size=8).hexdigest()


def _normal(frame: Frame) -> str:
    place = f"{frame.module}.{frame.function}"
    return f"{place}: {frame.code}" if frame.is_own else place
