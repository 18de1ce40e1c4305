"""Decides what a request is answered with: pure but for the dice, which have a seed."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass

from svcctl.sdk.mock.reading import Script
from svcctl.sdk.mock.routes import Answer, Asked, Fault, Route, fill, match, match_path


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What to do now: wait *delay* seconds, then answer, or break by *fault*.

    *route* is the one that answers, as people write it.
    """

    route: str
    answer: Answer
    body: bytes
    delay: float = 0.0
    fault: Fault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NoRoute:
    """Nobody answers that; *methods* are those that would be answered at this path."""

    methods: tuple[str, ...] = ()


class Play:
    """Answers requests as a script says, and counts; the same seed rolls the same dice.

    Of several routes for a request the most exact one answers: that with the fewest parameters,
    then that with the longest query, then the first.
    """

    def __init__(self, script: Script) -> None:
        self._routes: list[Route] = list(script.routes)
        self._counts: dict[int, int] = {}
        self._dice = random.Random(script.seed)  # noqa: S311 - faults, not secrets

    def reply(self, request: Asked) -> Reply | NoRoute:
        """Say what becomes of *request*."""
        found = [
            (values, number, route)
            for number, route in enumerate(self._routes)
            if (values := match(route, request)) is not None
        ]
        if not found:
            return NoRoute(methods=tuple(sorted(_methods(self._routes, request.path))))
        values, number, route = min(
            found, key=lambda each: (len(each[0]), -len(each[2].query), each[1])
        )
        answer = self._next(number, route)
        return self._rolled(route, answer, fill(answer, values))

    def learn(self, route: Route) -> None:
        """Answer *route* too, from now on."""
        self._routes.append(route)

    def _next(self, number: int, route: Route) -> Answer:
        count = self._counts.get(number, 0)
        self._counts[number] = count + 1
        last = len(route.answers) - 1
        return route.answers[count % (last + 1) if route.cycle else min(count, last)]

    def _rolled(self, route: Route, answer: Answer, body: bytes) -> Reply:
        delay = self._dice.uniform(answer.delay_least, answer.delay_most)
        fault = answer.fault
        if fault is not None and self._dice.random() >= fault.probability:
            fault = None
        if fault is not None and fault.kind == "status":
            failed = Answer(status=fault.status)
            return Reply(route=route.shown, answer=failed, body=b"", delay=delay)
        return Reply(route=route.shown, answer=answer, body=body, delay=delay, fault=fault)


def _methods(routes: Sequence[Route], path: str) -> set[str]:
    return {each.method for each in routes if match_path(each.path, path) is not None}
