"""What is to be done about what is wrong: by the policies of services, and as rules ask: pure."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, field, replace

from svcctl.app.healing.deed import RULE
from svcctl.app.healing.trouble import Key, Trouble, Troubles, is_named
from svcctl.events import Event, FindingMade, SpecApplied
from svcctl.spec.heal import HealPolicy
from svcctl.spec.log_rule import RUN
from svcctl.spec.service import ServiceSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Something to do about *trouble*, as *policy* has it; *by* is what people call that.

    *targets* are the instances it is about, empty for the whole service.  *once*: a rule asks, and
    asks again when it fires again.
    """

    trouble: Trouble
    policy: HealPolicy
    by: str
    targets: tuple[str, ...] = ()
    once: bool = False

    @property
    def service(self) -> str:
        """The service that is to be healed."""
        return self.trouble.service

    @property
    def only_looks(self) -> bool:
        """Whether it is a command that a rule runs: it disturbs nobody and cures nothing."""
        return self.once and self.policy.do.startswith(RUN)

    @property
    def key(self) -> tuple[Key, str]:
        """Give what is the same while it is the same."""
        return self.trouble.key, self.by


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A rule asks for *action* about *trouble*; *seen_in* is the instance that it fired for.

    *held*: it could not be done at once, and will be only if the trouble lasts.
    """

    trouble: Trouble
    action: str
    seen_in: str
    held: bool = False


@dataclass(slots=True)
class Requests:
    """What rules ask for, until it is done, or what they found is over before it could be."""

    troubles: Troubles = field(default_factory=Troubles)
    _asked: dict[Key, Request] = field(default_factory=dict)

    def take(self, event: Event) -> None:
        """Take in what happened."""
        for trouble in self.troubles.take(event):
            if isinstance(event, FindingMade) and event.action:
                self._asked[trouble.key] = Request(
                    trouble=trouble, action=event.action, seen_in=event.seen_in
                )
        if isinstance(event, SpecApplied):  # the rule may be no more
            self._asked = {
                key: each for key, each in self._asked.items() if key[1] != event.service
            }
        self.forget_what_is_over()

    def forget_what_is_over(self) -> None:
        """Ask no more for what had to wait and would be about nothing by now."""
        self._asked = {
            key: each
            for key, each in self._asked.items()
            if not each.held or self.troubles.get(key)
        }

    def forget_others(self, services: Collection[str]) -> None:
        """Forget what is asked for where none of *services* is: nobody can do it."""
        self._asked = {key: each for key, each in self._asked.items() if key[1] in services}

    def hold(self, key: Key) -> None:
        """What a rule asked for has to wait."""
        if key in self._asked:
            self._asked[key] = replace(self._asked[key], held=True)

    def answer(self, key: Key) -> None:
        """What a rule asked for is done, or will not be."""
        self._asked.pop(key, None)

    def wanted(self, specs: Mapping[str, ServiceSpec]) -> Iterator[Wanted]:
        """Give all that is to be done, of which much may have to wait."""
        for trouble in self.troubles.now:
            spec = specs.get(trouble.service)
            for number, policy in enumerate(spec.heal if spec else ()):
                if is_named(trouble, policy.on):
                    targets = (trouble.instance,) if trouble.instance else ()
                    yield Wanted(
                        trouble=trouble, policy=policy, by=f"heal[{number}]", targets=targets
                    )
        for key, request in self._asked.items():
            if key[1] in specs:
                yield _asked_for(self.troubles.get(key) or request.trouble, request)

    @property
    def is_empty(self) -> bool:
        """Whether nothing is wrong, and nobody asks for anything."""
        return not self.troubles.now and not self._asked


def _asked_for(trouble: Trouble, request: Request) -> Wanted:
    only = request.action.startswith(RUN) and request.seen_in
    return Wanted(
        trouble=trouble,
        policy=HealPolicy(
            on=(trouble.subject,), do=request.action, min_score=0.0, budget="", cooldown=0.0
        ),
        by=f"{RULE}{trouble.subject!r}",
        targets=(request.seen_in,) if only else (),
        once=True,
    )
