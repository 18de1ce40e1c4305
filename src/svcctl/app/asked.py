"""Writes down what is asked for: who, what and why before it is done, and what became of it."""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from svcctl.auth.identity import Identity
from svcctl.errors import SvcctlError
from svcctl.ports import AuditEntry, AuditLog
from svcctl.wire import Selection

ASKED = "asked"
"""The outcome of what is not over yet."""

_LONGEST_ARGS = 4_000  # characters
_LONGEST_TEXT = 500  # characters of a reason, a verb, a target
_CODE_LENGTH = 12  # of a revision, as elsewhere


class Asked:
    """One request, in the audit log twice: when it is made, and when it is over.

    *now* gives the seconds since 1970.
    """

    def __init__(
        self,
        verb: str,
        selection: Selection,
        args: Mapping[str, object],
        *,
        identity: Identity,
        audit: AuditLog,
        now: Callable[[], float],
    ) -> None:
        self._verb, self._args = verb, args
        self._identity, self._audit, self._now = identity, audit, now
        self._asked = os.urandom(8).hex()
        self._target = target(selection, args)[:_LONGEST_ARGS]

    @contextmanager
    def written_down(self) -> Iterator[None]:
        """Record that it is asked for, then how the block ended."""
        self._record(ASKED, with_details=True)
        outcome = "crashed"
        try:
            yield
            outcome = "done"
        except SvcctlError as error:
            outcome = error.code
            raise
        except asyncio.CancelledError:
            outcome = "given-up"
            raise
        finally:
            self._record(outcome, with_details=False)

    def refused(self, error: SvcctlError) -> None:
        """Record, at once, that it was asked for and was not done."""
        self._record(ASKED, with_details=True)
        self._record(error.code, with_details=False)

    def begun(self) -> AuditEntry:
        """Give what is to be recorded before it is done."""
        return self._entry(ASKED, with_details=True)

    def ended(self, outcome: str) -> AuditEntry:
        """Give what is to be recorded once it is over."""
        return self._entry(outcome, with_details=False)

    def _record(self, outcome: str, *, with_details: bool) -> None:
        self._audit.record(self._entry(outcome, with_details=with_details))

    def _entry(self, outcome: str, *, with_details: bool) -> AuditEntry:
        return AuditEntry(
            at=self._now(),
            asked=self._asked,
            actor=self._identity.actor,
            way=str(self._identity.way),
            source=self._identity.source,
            verb=self._verb[:_LONGEST_TEXT],
            target=self._target,
            args=shown_args(self._args) if with_details else "{}",
            reason=_shown_reason(self._args.get("reason")) if with_details else "",
            outcome=outcome,
        )


def target(selection: Selection, args: Mapping[str, object]) -> str:
    """Say what a verb is about: as it was named, or the services that are defined."""
    named = (*selection.names, *selection.labels)
    if named or selection.all:
        return " ".join(named) or "*"
    said = _signed(args["bundle"]) if "bundle" in args else args
    return " ".join(name for name, _ in _definitions(said.get("services")))


def shown_args(args: Mapping[str, object]) -> str:
    """Give *args* as JSON without secrets; of a definition only its revision."""
    if not args:
        return "{}"
    from svcctl.sdk.redaction import shown_document  # noqa: PLC0415 - a mere look needs none

    shown: dict[str, object] = {}
    for name, value in args.items():
        if value is None or name == "reason":
            continue
        if name == "services":
            shown[name] = dict(_definitions(value))
        elif name == "bundle":
            services = dict(_definitions(_signed(value).get("services")))
            shown[name] = {"revision": _digest(value), "services": services}
        elif isinstance(value, dict):
            shown[name] = {"revision": _digest(value)}
        else:
            shown[name] = shown_document(value, name=name)
    text = json.dumps(shown, separators=(",", ":"))
    return text if len(text) <= _LONGEST_ARGS else json.dumps({"digest": _digest(shown)})


def _shown_reason(reason: object) -> str:
    if not isinstance(reason, str):
        return ""
    from svcctl.sdk.redaction import shown_text  # noqa: PLC0415 - as above

    return shown_text(reason, _LONGEST_TEXT)


def _signed(bundle: object) -> Mapping[str, object]:
    """Give what is said to be signed, whoever signed it; empty where it cannot be read."""
    from svcctl.app.signed_statement import unproven  # noqa: PLC0415 - where there are any

    try:
        return unproven(bundle)
    except SvcctlError:
        return {}


def _definitions(value: object) -> Iterator[tuple[str, str]]:
    for each in value if isinstance(value, list) else ():
        if isinstance(each, dict):
            yield str(each.get("name", "?")), str(each.get("revision", ""))[:_CODE_LENGTH]


def _digest(document: object) -> str:
    import hashlib  # noqa: PLC0415 - for definitions only

    text = json.dumps(document, sort_keys=True, default=str)
    return hashlib.sha256(text.encode()).hexdigest()[:_CODE_LENGTH]
