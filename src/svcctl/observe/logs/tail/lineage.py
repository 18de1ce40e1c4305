"""A log and its older parts as one stream: every file is read once, the oldest first.

A file is held open until it was read to its end, under whatever name.  When the name leads to
another file, or the file is shorter than what was read of it, all older parts are looked at: those
never seen are read, those known by their content are not.  Where a file was copied and emptied,
what had not been read is read from the copy.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterable, Mapping, Sequence

from svcctl.observe.logs.tail.candidates import Candidates
from svcctl.observe.logs.tail.generation import Block, Generation, Manner, TurnedBack
from svcctl.observe.logs.tail.mark import HEAD, Mark
from svcctl.observe.logs.tail.names import is_packed
from svcctl.observe.logs.tail.opened import Damaged, Opened

log = logging.getLogger(__name__)

Parts = Callable[[str], Mapping[str, int]]
"""Gives the older parts of the log at a path, in no order, and their inodes as they are now."""

_UNSETTLED = 1.0  # seconds for which names may move after a rotation was seen
_MOST_MARKS = 256  # of files that were read and are not there now
_TRIES = 10  # to see all files between two rotations


class Lineage:
    """What is read and was read of the log at *path*."""

    def __init__(self, path: str, *, parts: Parts, manner: Manner) -> None:
        self.path = path
        self._parts, self._manner = parts, manner
        self._generations: list[Generation] = []
        self._live: Generation | None = None
        self._done: list[Mark] = []
        self._sought: list[Mark] = []
        self._copies: dict[Mark, Generation] = {}
        self._parked: tuple[Mark, int] | None = None
        self._unsettled_until = 0.0
        self._written_ns, self._unsure = 0, False
        self._problem = ""

    # how it begins

    def begin(self, now: float, *, at_end: bool, since_ns: int) -> None:
        """Read the log from its beginning, or what comes from now on (*at_end*).

        Older parts are read if they were written to after *since_ns*.
        """
        for path in self._parts(self.path):
            with Candidates() as found:
                self._open(path, found)
                for opened in found:
                    if opened.changed_ns < since_ns:
                        size = 0 if opened.packed else opened.content.size()
                        self._remember(opened.mark_at(size))
        with Candidates() as found:
            self._open(self.path, found)
            for opened in found:
                self._hold(opened, opened.content.size() if at_end else 0)
        self._gather(now)

    def resume(self, held: Iterable[Mark], done: Iterable[Mark], now: float) -> None:
        """Go on where *held* files were left, and read all that came since."""
        self._sought, self._done = list(held), list(done)
        self._unsettled_until = now + _UNSETTLED
        self._gather(now)

    def marks(self) -> tuple[list[Mark], list[Mark]]:
        """Mark what is being read, and what was read."""
        held = [each.mark() for each in self._generations] + self._sought
        return held + ([self._parked[0]] if self._parked else []), self._done

    # what comes

    def look(self, now: float) -> bool:
        """See where the name leads now, and whether the file was emptied; say if there is more."""
        state = self._state()
        if self._parked:
            return self._unpark(state, now)
        live = self._live
        if live and state and live.ids == (state.st_dev, state.st_ino):
            return self._look_on(live, state, now)
        self._live = None
        if live or state:
            self._unsettled_until = now + _UNSETTLED
        self._gather(now)
        return True

    def _look_on(self, live: Generation, state: os.stat_result, now: float) -> bool:
        """See what was done to the file that the name leads to as before."""
        size, touched = state.st_size, state.st_mtime_ns != self._written_ns
        shrunk = size < max(live.offset, live.size)
        unsure = touched and live.offset in {0, size}  # it may have been filled and emptied again
        live.size, self._written_ns = size, state.st_mtime_ns
        if shrunk:
            self._unsettled_until = now + _UNSETTLED
        if shrunk or unsure or self._unsure or self._sought or now < self._unsettled_until:
            self._gather(now)
        self._unsure = unsure
        return shrunk or touched or size > live.offset or len(self._generations) > 1

    def read(self, now: float) -> Block | None:
        """Give the next block of the oldest file that has one."""
        for generation in tuple(self._generations):
            over = self._is_over(generation, now)
            try:
                older = generation is not self._generations[-1]
                block = generation.read(now, over=over, older=older)
            except TurnedBack:
                self._unsettled_until = now + _UNSETTLED
                self._gather(now)
                return self.read(now)
            except OSError as error:
                self._complain(error)
                continue
            if block:
                return block
            if over:
                self._let_go(generation)
        return None

    def is_restless(self, now: float) -> bool:
        """Say whether something is due without any file being changed."""
        rotated = [each for each in self._generations if each is not self._live]
        return (
            now < self._unsettled_until
            or bool(self._sought)
            or len(rotated) > 1
            or any(each.waits() for each in self._generations)
        )

    def behind(self) -> int:
        """Give the bytes that were written and not yet read, as far as files are known."""
        return sum(each.behind() for each in self._generations)

    # few open files

    @property
    def is_open(self) -> bool:
        """A file is held open."""
        return bool(self._generations)

    def park(self) -> bool:
        """Close the file, if no other has more; it is opened again when it changes."""
        for each in tuple(self._generations):
            if each is not self._live and not each.behind():
                self._let_go(each)
        live = self._live
        if live is None or self._generations != [live] or self._sought:
            return False
        self._parked = live.mark_end(), live.offset
        self.close()
        return True

    def close(self) -> None:
        """Let go of all files."""
        for each in self._generations:
            each.opened.content.close()
        self._generations, self._live = [], None

    def _unpark(self, state: os.stat_result | None, now: float) -> bool:
        """Take up what was parked, if it changed."""
        assert self._parked
        mark, size = self._parked
        same = state is not None and mark.is_of(state.st_dev, state.st_ino)
        if state and same and (state.st_size, state.st_mtime_ns) == (size, mark.changed_ns):
            return False
        self._parked = None
        self._sought.append(mark)
        if not same:
            self._unsettled_until = now + _UNSETTLED
        self._gather(now)
        return True

    # which file is which

    def _state(self) -> os.stat_result | None:
        try:
            return os.stat(self.path)
        except OSError as error:
            self._complain(error)
            return None

    def _gather(self, now: float) -> None:
        """Look at all files that are not held, and read those that were not read.

        Where a held file is emptied meanwhile, what it had comes before what is found already.
        """
        for _ in range(_TRIES):
            self._gather_once(now)
            if not any(each.is_turned_back() for each in self._generations):
                break
        self._order()

    def _gather_once(self, now: float) -> None:
        """Where a held file was emptied, what is missing stands in a copy of it, if anywhere."""
        for each in tuple(self._generations):
            if each.is_turned_back():
                self._turn_back(each)
            else:
                each.notice_beginning()  # before others are looked for: a copy may come meanwhile
        known = tuple(self._done)
        with self._unknown() as candidates:
            self._hold_sought(candidates)
            for opened in sorted(candidates, key=lambda each: each.path != self.path):
                try:
                    self._judge(opened, candidates.claimed)
                except Damaged:
                    continue  # being packed: looked at again
        if now >= self._unsettled_until and not candidates.incomplete:
            for mark in self._sought:
                log.warning("tail.part-is-gone", extra={"path": self.path, "offset": mark.offset})
            self._sought.clear()
        if self._live and not candidates.incomplete:
            self._forget([each for each in known if each not in candidates.claimed])

    def _hold_sought(self, candidates: Candidates) -> None:
        for same in (True, False):  # by their numbers first, then by their content
            for mark in tuple(self._sought):
                if opened := candidates.find(mark, same=same):
                    self._sought.remove(mark)
                    self._hold(opened, mark.offset, skipping=mark.skipping)

    def _forget(self, gone: Sequence[Mark]) -> None:
        """Keep the marks of files that are there, and of some that are not: they may be packed."""
        if len(gone) > _MOST_MARKS:
            oldest = set(gone[:-_MOST_MARKS])
            self._done = [each for each in self._done if each not in oldest]

    def _turn_back(self, generation: Generation) -> None:
        """Seek what was to come of it; what stands there now is new, or a copy made over it."""
        self._sought += [generation.mark()] if generation.offset else []
        if generation is self._live:
            generation.restart()
            return
        generation.opened.content.close()
        self._generations.remove(generation)
        self._copies = {mark: each for mark, each in self._copies.items() if each is not generation}

    def _unknown(self) -> Candidates:
        """Open the files that are neither held nor as they were when they were read.

        Where names move meanwhile one of them may be missed, and a newer one read before it.
        """
        parts = self._parts(self.path)
        for _ in range(_TRIES):
            found = self._open_unknown(parts)
            before, parts = parts, self._parts(self.path)
            if parts == before:
                return found
            found.close()
        return self._open_unknown(parts)

    def _open_unknown(self, parts: Iterable[str]) -> Candidates:
        found = Candidates()
        held = {each.ids: each for each in self._generations}
        done: dict[tuple[int, int], list[Mark]] = {}
        for each in self._done:
            done.setdefault((each.device, each.inode), []).append(each)
        for path in [*parts, self.path]:
            try:
                state = os.stat(path)
            except OSError as error:
                self._complain(error)
                continue
            ids = state.st_dev, state.st_ino
            if path == self.path and ids in held:
                self._live = held[ids]
            elif ids in held or self._is_copy(path, state):
                continue
            elif path != self.path and (mark := _mark_of(done.get(ids, ()), path, state)):
                found.claimed.add(mark)
            else:
                self._open(path, found, besides=held)
        return found

    def _is_copy(self, path: str, state: os.stat_result) -> bool:
        """Say whether a file is known to be a copy of one that is still being read."""
        return path != self.path and _mark_of(self._copies, path, state) is not None

    def _open(
        self, path: str, found: Candidates, *, besides: Iterable[tuple[int, int]] = ()
    ) -> None:
        try:
            opened = Opened(path)
        except OSError as error:
            found.incomplete |= not isinstance(error, FileNotFoundError)
            self._complain(error)
            return
        there = {(each.device, each.inode) for each in found}
        if (opened.device, opened.inode) in {*besides, *there}:  # the names moved meanwhile
            opened.content.close()
        else:
            found.add(opened)

    def _judge(self, opened: Opened, claimed: set[Mark]) -> None:
        """Decide about a file that nobody looked for."""
        if opened.path == self.path:
            self._begin_live(opened)
            return
        shared, each = self._most_alike(opened)
        if mark := self._was_read(opened, claimed, beyond=shared):
            self._done.remove(mark)
            if opened.content.read(1, mark.offset):  # it went on after we had let go
                self._hold(opened, mark.offset)
            else:
                self._remember(opened.mark_at(mark.offset))
        elif not opened.content.size():
            return  # perhaps it is about to become a copy
        elif self._live and self._live.shared_with(opened):
            return  # a copy, and the file may be about to be emptied
        elif each is None:
            self._hold(opened, 0)
        elif opened.content.read(1, shared):  # it is the other one that was the copy
            self._hold(opened, shared)
        elif each.offset < shared:  # after a restart it may be all there is of what is missing
            self._copies[opened.mark_at(shared)] = each
        else:
            self._remember(opened.mark_at(shared))

    def _most_alike(self, opened: Opened) -> tuple[int, Generation | None]:
        """Give the held file that begins like *opened* for longest, and for how many bytes."""
        found = [(each.shared_with(opened), each) for each in self._generations]
        shared, each = max(found, key=lambda found: found[0], default=(0, None))
        least = 1 if opened.packed else HEAD  # two short files may well say the same
        return (shared, each) if shared >= least else (0, None)

    def _was_read(self, opened: Opened, claimed: set[Mark], *, beyond: int) -> Mark | None:
        """Give the mark up to which *opened* was read, under whatever name, if so far at least."""
        for mark in sorted(self._done, key=lambda each: -each.offset):
            told = mark.tells() or mark not in claimed
            if mark.offset >= beyond and told and mark.fits(opened.content):
                return mark
        return None

    def _begin_live(self, opened: Opened) -> None:
        """Read a new file at the path; what replaced one with the same content is no new one."""
        for each in self._generations:
            mark = each.mark()
            if mark.tells() and mark.fits(opened.content):
                each.opened.content.close()
                self._generations.remove(each)
                self._hold(opened, mark.offset, skipping=mark.skipping)
                return
        known = [mark for mark in self._done if mark.tells() and mark.fits(opened.content)]
        self._hold(opened, max((mark.offset for mark in known), default=0))

    def _hold(self, opened: Opened, offset: int, *, skipping: bool = False) -> None:
        generation = Generation(self.path, opened.kept(), offset=offset, manner=self._manner)
        generation.skipping = skipping
        self._generations.append(generation)
        if opened.path == self.path:
            self._live = generation

    def _order(self) -> None:
        """The oldest first; the file at the path last."""
        if len(self._generations) > 1:
            when = {id(each): each.opened.content.state().st_mtime_ns for each in self._generations}
            self._generations.sort(key=lambda each: (each is self._live, when[id(each)]))

    # what is over

    def _is_over(self, generation: Generation, now: float) -> bool:
        """Say whether nothing more will come of a file."""
        if generation is self._live:
            return False
        if generation.opened.packed:
            return True
        if generation.quiet_for(now) < self._manner.grace:
            return False
        rotated = [each for each in self._generations if each is not self._live]
        return generation is not rotated[-1] or generation.opened.content.state().st_nlink == 0

    def _let_go(self, generation: Generation) -> None:
        self._remember(generation.mark_end())
        generation.opened.content.close()
        self._generations.remove(generation)
        for mark in [mark for mark, each in self._copies.items() if each is generation]:
            del self._copies[mark]
            self._remember(mark)

    def _remember(self, mark: Mark) -> None:
        self._done.append(mark)

    def _complain(self, error: OSError) -> None:
        """Say once what is wrong; files that are not there are nothing wrong."""
        if isinstance(error, FileNotFoundError):
            return
        problem = f"{error.filename}: {error.strerror or error}"
        if problem != self._problem:
            self._problem = problem
            log.warning("tail.cannot-read", extra={"path": self.path, "problem": problem})


def _mark_of(marks: Iterable[Mark], path: str, state: os.stat_result) -> Mark | None:
    """Give the mark of a file that is as it was when it was marked at its end."""
    for mark in marks:
        same = mark.is_of(state.st_dev, state.st_ino) and mark.changed_ns == state.st_mtime_ns
        if same and (is_packed(path) or mark.offset == state.st_size):
            return mark
    return None
