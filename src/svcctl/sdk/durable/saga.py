"""Several steps in several places that are all done in the end, or all taken back: one run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from svcctl.errors import Conflict, NotUndone, SagaUndone, UsageError
from svcctl.sdk.calling import fitted
from svcctl.sdk.durable import journal
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.journal import SagaRow, StepPhase, StepRow
from svcctl.sdk.durable.values import decoded, encoded
from svcctl.sdk.happenings import SagaPhase
from svcctl.sdk.resources import called

Do = Callable[..., object]
"""Does a step, given its key, and gives what is to be remembered: JSON."""

Undo = Callable[..., object]
"""Takes a step back, given its key and its result; what was not done is no error to it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """A step that may have been done, and how to take it back."""

    row: StepRow
    take_back: Undo
    result: object

    async def undo(self) -> Exception | None:
        """Take it back; give the error, if that failed."""
        try:
            await _call(f"undo {self.row.name}", self.take_back, self.row.key, self.result)
        except Exception as failure:  # noqa: BLE001 - tried again, told in the end
            return failure
        return None


class Saga:
    """One run of a saga, as ``async with`` of :meth:`svcctl.sdk.durable.sagas.Sagas.saga` gives it.

    *value* is what it was begun with.
    """

    def __init__(self, database: Database, row: SagaRow, steps: list[StepRow]) -> None:
        self._database, self._row = database, row
        self._rows = {step.name: step for step in steps}
        self._reached: set[str] = set()
        self._done: list[Done] = []
        self._busy = False
        self.value = decoded(row.value, f"the value of saga {self.called}")

    @property
    def name(self) -> str:
        """Say which saga it is a run of."""
        return self._row.name

    @property
    def run(self) -> str:
        """Say which run it is."""
        return self._row.run

    @property
    def phase(self) -> SagaPhase:
        """Say how far it is."""
        return self._row.phase

    @property
    def error(self) -> str:
        """Say why it failed; empty: it did not."""
        return self._row.error

    @property
    def called(self) -> str:
        """Name it in a message."""
        return f"'{self.name}' {self.run}"

    async def step(
        self,
        do: Do,
        *,
        name: str = "",
        undo: Undo | None = None,
        key: str | None = None,
        undo_failed: bool = False,
    ) -> Any:  # noqa: ANN401 - what the step gives
        """Do a step, or give the result it had when it was done in an earlier run.

        ``do(key)``, async or plain, gets *key*, else one made of saga, run and step: the same
        however often it is called.  Its result is JSON.  ``undo(key, result)`` takes it back if
        the saga fails; a step that raised is taken as not done, but with *undo_failed* (for answers
        that may be lost) it is undone too, its result None.  Both may take fewer arguments.  *name*
        is that of the function, or the key, unless said.

        Raises what *do* raises; UsageError for a second step of that name or a result that is not
        JSON (the step counts as done), Conflict while another step is under way, SagaUndone where
        the saga failed before, StateFault where the disk refuses.  A cancellation leaves the step
        to be done again, with the same key.
        """
        name = name or _name_of(do) or key or ""
        if not name:
            raise UsageError(
                f"saga {self.called} has a step without a name", hint='give name="charge"'
            )
        self._reach(name)
        row = self._rows.get(name)
        if row and row.phase is not StepPhase.BEGUN and self.phase is not SagaPhase.UNDONE:
            result = decoded(row.result, f"step '{name}' of saga {self.called}")
            if row.phase is StepPhase.DONE:
                self._may_undo(row, undo, result)
            return result
        if self.phase is not SagaPhase.RUNNING:
            if row and undo_failed:
                self._may_undo(row, undo, None)
            raise self._over(name)
        if row is None:
            row = StepRow(
                position=len(self._rows),
                name=name,
                key=key or f"{self.name}/{self.run}/{name}",
                phase=StepPhase.BEGUN,
                result="null",
            )
        self._busy = True
        try:
            return await self._do(row, do, undo, undo_failed=undo_failed)
        finally:
            self._busy = False

    def insist_sound(self) -> None:
        """Raise SagaUndone at the end of a run that failed before."""
        if self.phase in {SagaPhase.UNDOING, SagaPhase.UNDONE}:
            raise self._over("")

    def to_undo(self) -> list[Done]:
        """Give the steps to take back, last one first.

        Raises NotUndone where one was done in an earlier run and this one did not come to it.
        """
        for row in self._rows.values():
            if row.phase is StepPhase.DONE and row.name not in self._reached:
                raise NotUndone(
                    f"step '{row.name}' of saga {self.called} was done, and not come to now",
                    hint="call the same steps in every run; the saga is pending",
                )
        return sorted(self._done, key=lambda done: done.row.position, reverse=True)

    def moved(self, phase: SagaPhase, error: str) -> None:
        """Go on to *phase*, as it was written down."""
        self._row = replace(self._row, phase=phase, error=error)

    async def write(self, row: StepRow) -> None:
        """Write down how far a step is."""
        await self._database.run(partial(journal.write_step, saga=self.name, run=self.run, row=row))
        self._rows[row.name] = row

    async def _do(
        self,
        row: StepRow,
        do: Do,
        undo: Undo | None,
        *,
        undo_failed: bool,
    ) -> object:
        if row.name not in self._rows:
            await self.write(row)
        try:
            result = await _call(row.name, do, row.key)
        except BaseException:
            if undo_failed:
                self._may_undo(row, undo, None)
            raise
        done = replace(row, phase=StepPhase.DONE)
        self._may_undo(done, undo, result)
        try:
            text = encoded(result, f"the result of step '{row.name}'")
        except UsageError:
            await self.write(done)
            raise
        await self.write(replace(done, result=text))
        return result

    def _reach(self, name: str) -> None:
        if self._busy:
            raise Conflict(
                f"saga {self.called} has a step under way, '{name}' cannot begin",
                hint="steps are done one after the other: what runs at once belongs into one step",
            )
        if name in self._reached:
            raise UsageError(
                f"saga {self.called} has two steps named '{name}'", hint="give each its own name"
            )
        self._reached.add(name)

    def _may_undo(self, row: StepRow, undo: Undo | None, result: object) -> None:
        if undo:
            self._done.append(Done(row=row, take_back=undo, result=result))

    def _over(self, step: str) -> Conflict:
        if self.phase is SagaPhase.DONE:
            return Conflict(
                f"saga {self.called} is done, and had no step '{step}'",
                hint="begin another run, with another name",
            )
        return SagaUndone(
            f"saga {self.called} failed, and is taken back: {self.error}",
            hint="begin another run, with another name, once the cause is mended",
        )


async def _call(name: str, call: Callable[..., object], *args: object) -> object:
    count, _ = fitted(name, call, given=len(args))
    return await called(name, partial(call, *args[:count]))


def _name_of(do: Callable[..., object]) -> str:
    name = getattr(do, "__name__", "")
    return "" if name == "<lambda>" else str(name)
