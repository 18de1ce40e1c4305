"""Answers who did what, and who may: the verbs about the audit log and about access."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed
from svcctl.app.waiting import Emit
from svcctl.errors import UsageError
from svcctl.ports import Clock
from svcctl.wire import Selection

if TYPE_CHECKING:
    from svcctl.engine.audit_chain import Head, Verdict


class Auditing:
    """Reads the audit log in the state file *path*, once *flush* has written what waits."""

    def __init__(
        self, path: str, *, flush: Callable[[], None], access: Access, clock: Clock
    ) -> None:
        self._path, self._flush = path, flush
        self._access, self._clock = access, clock

    def deeds(self) -> Mapping[str, Deed]:
        """Give what carries out each verb."""
        return {
            "audit": self._audit,
            "audit-verify": self._verify,
            "access-show": self._show,
            "auth-explain": self._explain,
        }

    async def _audit(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.reading import moment  # noqa: PLC0415 - rarely asked for
        from svcctl.engine.audit_trail import Sought, read  # noqa: PLC0415

        del selection, emit
        sought = Sought(
            since=moment(args.text("since"), now=self._clock.now()),
            actor=args.text("actor") or "",
            verb=args.text("verb") or "",
            service=args.text("service") or "",
            limit=args.integer("first") or args.integer("lines") or 0,
            after=args.integer("after") or 0,
            first=args.integer("first") is not None,
        )
        self._flush()
        return await asyncio.to_thread(read, self._path, sought)

    async def _verify(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.engine.audit_trail import prove  # noqa: PLC0415 - rarely asked for

        del selection, emit
        known = head_of(args.text("head"))
        self._flush()
        return document(await asyncio.to_thread(prove, self._path, known=known))

    async def _show(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.policy import policy_of  # noqa: PLC0415 - rarely asked for
        from svcctl.spec import canonical  # noqa: PLC0415

        del selection, args, emit
        kept = self._access.kept
        spec = policy_of(kept).spec
        return {
            "name": "[access]",
            "spec": {"access": canonical.effective(spec)},
            "origins": kept.get("origins", {}),
            "sources": kept.get("sources", {}),
            "revision": canonical.revision(canonical.dump(spec)),
        }

    async def _explain(self, selection: Selection, args: Arguments, emit: Emit) -> object:
        from svcctl.app.verbs import find  # noqa: PLC0415 - it knows this module's verbs
        from svcctl.auth.identity import Identity, Proof, Way  # noqa: PLC0415

        del selection, emit
        who, name = args.text("who") or "", args.text("verb") or ""
        verb = find(name)
        if verb is None:
            raise UsageError(f"no verb {name!r}", hint="see: svcctl --help")
        roles = tuple(filter(None, (args.text("roles") or "").split(",")))
        is_here = who.startswith(("uid:", "sid:"))
        identity = Identity(
            actor=who,
            way=Way.LOCAL if is_here else Way.HTTP,
            proof=Proof.PEER if is_here else Proof.TOKEN,
            roles=roles,
        )
        decision = self._access.explain(identity, verb, args.text("service") or "")
        return {
            "allowed": decision.allowed,
            "reason": decision.reason,
            "steps": [{**asdict(each), "verdict": str(each.verdict)} for each in decision.steps],
        }


def head_of(text: str | None) -> Head | None:
    """Read ``NUMBER:SEAL``; raises UsageError."""
    from svcctl.engine.audit_chain import read_head  # noqa: PLC0415 - for verifying only

    if not text:
        return None
    found = read_head(text.replace(":", " ", 1).encode("ascii", "replace"))
    if found is None:
        hint = "as it was told: svcctl audit --verify"
        raise UsageError(f"{text!r} is no row and its seal", hint=hint)
    return found


def document(verdict: Verdict) -> dict[str, object]:
    """Give it in a form JSON can hold."""
    return {
        "sound": verdict.sound,
        "rows": verdict.rows,
        "head": str(verdict.head) if verdict.head else "",
        "found": [asdict(each) for each in verdict.found],
    }
