"""Values of a configuration that nothing shows, and how a class says where they come from."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final, NoReturn, Self, final

from svcctl.errors import UsageError, quoted

if TYPE_CHECKING:
    from pydantic import GetCoreSchemaHandler
    from pydantic_core import CoreSchema

HIDDEN: Final = "***"
"""What stands for a secret wherever one would be seen."""


@final
class Secret:
    """A text that no log, error, JSON or traceback shows; only :meth:`reveal` gives it.

    Two are equal if their texts are, compared in constant time.  It is never pickled.
    """

    __slots__ = ("_default", "_reference", "_text")

    _text: str | None
    _reference: str
    _default: str | None

    def __init__(self, text: str) -> None:
        """*text* is the secret itself; a class of configuration uses :func:`secret` instead."""
        self._text, self._reference, self._default = text, "", None

    @classmethod
    def referred(cls, reference: str, default: str | None) -> Self:
        """Give a secret that is still to be looked up."""
        found = cls("")
        found._text, found._reference, found._default = None, reference, default
        return found

    @property
    def reference(self) -> str:
        """Where the text is to be looked up; empty once it is there."""
        return self._reference

    @property
    def default(self) -> str | None:
        """What holds if there is nothing at the reference; None: that is a mistake."""
        return self._default

    def reveal(self) -> str:
        """Give the text; raises UsageError if it was never looked up."""
        if self._text is None:
            raise UsageError(
                f"the secret {quoted(self._reference)} was not looked up",
                hint="load the configuration, or in a test give Secret('text')",
            )
        return self._text

    def __repr__(self) -> str:
        """Show that there is one, and nothing of it."""
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        """Compare in a time that tells nothing of where two texts differ."""
        if not isinstance(other, Secret):
            return NotImplemented
        if self._text is None or other._text is None:
            ours = (self._text, self._reference, self._default)
            return ours == (other._text, other._reference, other._default)
        from hmac import compare_digest  # noqa: PLC0415 - it loads OpenSSL

        return compare_digest(_bytes(self._text), _bytes(other._text))

    def __hash__(self) -> int:
        """Fit equality."""
        return hash(self._reference if self._text is None else self._text)

    def __copy__(self) -> Self:
        """Give itself: it never changes."""
        return self

    def __deepcopy__(self, _memo: object) -> Self:
        """Give itself, so that :func:`dataclasses.asdict` works."""
        return self

    def __reduce__(self) -> NoReturn:
        """Refuse to be pickled."""
        raise TypeError("a secret is not pickled")

    @classmethod
    def __get_pydantic_core_schema__(
        cls, source: object, handler: GetCoreSchemaHandler
    ) -> CoreSchema:
        """Tell pydantic to take a secret or its text, and to write ``***`` in JSON."""
        from pydantic_core import core_schema  # noqa: PLC0415 - only who loads pays for pydantic

        return core_schema.no_info_plain_validator_function(
            cls._accept,
            json_schema_input_schema=core_schema.str_schema(),
            serialization=core_schema.plain_serializer_function_ser_schema(
                str, return_schema=core_schema.str_schema(), when_used="json"
            ),
        )

    @classmethod
    def _accept(cls, value: object) -> Self:
        if isinstance(value, cls):
            return value
        if isinstance(value, str):
            return cls(value)
        raise ValueError("a secret is text; write it in quotes")


def secret(reference: str, *, default: str | None = None) -> Secret:
    """Say, as the default of a field, where its secret is looked up when it is loaded.

    *reference* is ``file:/run/x``, ``env:NAME``, ``cred:NAME`` (systemd credentials) or
    ``keyring:SERVICE/USER``.  *default* holds if there is no such file, variable, credential or
    entry; without one that is a mistake.
    """
    return Secret.referred(reference, default)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
