"""Carries out one healing through the verbs: one instance after the other, and never on a ruin."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from svcctl.app.healing.deciding import able, steps_aside
from svcctl.app.healing.scene import Scene
from svcctl.app.healing.wanted import Wanted
from svcctl.spec.heal import SCALE
from svcctl.spec.log_rule import RUN

_AT_ONCE = frozenset(("stop", "pause"))
"""Verbs after which no instance has to be ready before the next one's turn."""


class CarryOut(Protocol):
    """Carries out a verb for services or instances, audited; raises what the verb does."""

    async def __call__(
        self, verb: str, *, names: tuple[str, ...], args: Mapping[str, object]
    ) -> object:
        """Give the verb's result."""


class Look(Protocol):
    """Looks at how everything stands."""

    def __call__(self) -> Scene:
        """Give it as it is now."""


async def heal(
    wanted: Wanted, *, carry_out: CarryOut, look: Look, addresses: Mapping[str, str]
) -> str:
    """Do what is *wanted*; give what went wrong, or an empty text.

    *addresses* are the names by which verbs know the instances.  Where one does not come up, or
    somebody else begins to work on the service, the rest is left alone.  Raises what verbs do.
    """
    what, scene = wanted.policy.do, look()
    standing = scene.standing(wanted.service)
    names = able(wanted, standing) if standing else ()
    targets = [addresses[each] for each in names if each in addresses]
    verb, args = _asked(what)
    args["reason"] = f"{wanted.by}: {wanted.trouble.summary}"
    if what.startswith(SCALE):
        return _problem(await carry_out(verb, names=(wanted.service,), args=args))
    if what in _AT_ONCE and targets:
        return _problem(await carry_out(verb, names=tuple(targets), args=args))
    for target in targets:
        if held := steps_aside(wanted, look()):
            return held.problem
        if problem := _problem(await carry_out(verb, names=(target,), args=args)):
            return problem
    return "" if targets else "nothing of it runs"


def _asked(what: str) -> tuple[str, dict[str, object]]:
    """Give the verb that *what* is, with its arguments."""
    if what.startswith(RUN):
        return "run", {"command": what.removeprefix(RUN)}
    if what.startswith(SCALE):
        return "scale", {"instances": int(what.removeprefix(SCALE))}
    return what, {}


def _problem(result: object) -> str:
    """Give what went wrong with the first instance of which the outcome of a verb says so."""
    outcomes: Sequence[object] = result if isinstance(result, list) else ()
    bad = (each for each in outcomes if isinstance(each, dict) and not each.get("ok", True))
    return next((f"{each['instance']}: {each['problem']}" for each in bad), "")
