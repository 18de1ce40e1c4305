"""Finds a pattern in a line in time that grows with the line and no faster, whatever the pattern.

The program's steps are followed all at once; which of them can stand together is worked out while
lines are read, and remembered.
"""

from __future__ import annotations

from svcctl.detect.rules.program import OUTSIDE, Fork, Pass, Program, Save, Take, holds, kind

_MOST = 20_000  # moves that are remembered, about 2 MB; then it begins anew


class _State:
    """Where the machine may stand after what it has read; *before* is the last it has read."""

    __slots__ = ("at", "before", "moves")

    def __init__(self, at: frozenset[int], before: int) -> None:
        self.at, self.before = at, before
        self.moves: dict[str, _State] = {}


class Automaton:
    """Runs a program over one line at a time; not to be shared by threads."""

    def __init__(self, program: Program) -> None:
        self._program = program
        self._found = _State(frozenset(), OUTSIDE)
        self._begin_anew()

    def finds(self, text: str) -> bool:
        """Say whether the pattern matches anywhere in *text*, a line without its end."""
        state, found = self._first, self._found
        for sign in text:
            after = state.moves.get(sign)
            if after is None:
                after = self._move(state, sign)
            if after is found:
                return True
            state = after
        return 0 in self._reached(state, OUTSIDE)

    def _begin_anew(self) -> None:
        self._first = _State(frozenset(), OUTSIDE)
        self._states: dict[tuple[frozenset[int], int], _State] = {}
        self._moves = 0

    def _move(self, state: _State, sign: str) -> _State:
        if self._moves >= _MOST:
            self._begin_anew()
        self._moves += 1
        after = kind(sign)
        reached = self._reached(state, after)
        if 0 in reached:
            state.moves[sign] = self._found
            return self._found
        steps = [step for each in reached if isinstance(step := self._program.steps[each], Take)]
        at = frozenset(step.then for step in steps if step.chars.match(sign))
        moved = self._states.setdefault((at, after), _State(at, after))
        state.moves[sign] = moved
        return moved

    def _reached(self, state: _State, after: int) -> set[int]:
        """Give every step that is reached without a further character, *after* being the next."""
        waiting = [self._program.begin, *state.at]
        reached: set[int] = set()
        while waiting:
            number = waiting.pop()
            if number in reached:
                continue
            reached.add(number)
            match self._program.steps[number]:
                case Fork(targets):
                    waiting += targets
                case Save(_, then):
                    waiting.append(then)
                case Pass(edge, then) if holds(edge, state.before, after):
                    waiting.append(then)
        return reached


Spans = dict[int, int]
"""How far the line had been read when each slot was saved."""


class Spotter:
    """Tells what the groups of a program hold, as backtracking would, in linear time too."""

    def __init__(self, program: Program) -> None:
        self._program = program

    def spans(self, text: str) -> Spans | None:
        """Give the slots of the first match in *text*, or None where there is none.

        The pattern it was made of has to be a Group as a whole: that is what tells the matches
        that begin earlier.
        """
        threads: dict[int, Spans] = {}
        found: Spans | None = None
        before = OUTSIDE
        for at, sign in enumerate([*text, ""]):
            after = kind(sign) if sign else OUTSIDE
            waiting = list(threads.items())
            if found is None:
                waiting.append((self._program.begin, {}))
            threads = {}
            for number, saved in self._followed(waiting, at, before, after):
                step = self._program.steps[number]
                if number == 0:
                    found = saved
                    break  # those that come later are worse
                if isinstance(step, Take) and sign and step.chars.match(sign):
                    threads.setdefault(step.then, saved)
            before = after
            if found is not None and not threads:
                break
        return found

    def _followed(
        self, begins: list[tuple[int, Spans]], at: int, before: int, after: int
    ) -> list[tuple[int, Spans]]:
        """Give the steps that are reached without a character, the best way there first."""
        seen: set[int] = set()
        reached: list[tuple[int, Spans]] = []
        waiting = begins[::-1]
        while waiting:
            number, saved = waiting.pop()
            if number in seen:
                continue
            seen.add(number)
            match self._program.steps[number]:
                case Fork(targets):
                    waiting += [(each, saved) for each in reversed(targets)]
                case Save(slot, then):
                    waiting.append((then, {**saved, slot: at}))
                case Pass(edge, then):
                    if holds(edge, before, after):
                        waiting.append((then, saved))
                case _:
                    reached.append((number, saved))
        return reached
