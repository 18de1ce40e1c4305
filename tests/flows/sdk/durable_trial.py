"""Kills processes that work on a saga or a queue, each at another point, and judges what is left.

``python durable_trial.py FOLDER SCENE STRIDE SEED`` forks a process for each STRIDE-th point of the
scene: before and after every statement of SQL, and around every await.  Each is killed there, as
``kill -9`` does, others take up what it left, and the last one comes through.  Prints how many
points and trials there were, and what went wrong.
"""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import random
import signal
import sqlite3
import sys
import traceback
import types
from collections.abc import Callable, Coroutine, Generator, Iterable
from functools import partial
from typing import Any, cast

from svcctl.errors import SagaUndone
from svcctl.sdk.durable.database import Database
from svcctl.sdk.durable.queue import Queues
from svcctl.sdk.durable.sagas import Sagas
from svcctl.sdk.durable.schema import connect
from svcctl.sdk.durable.state import State
from svcctl.system.clock import SystemClock

STEPS = ("reserve", "charge", "pack", "ship")
ITEMS = {"a": 1, "b": 20, "c": 300, "d": 4000}


class Killer:
    """Ends this process at its *last* point; 0: never."""

    def __init__(self, last: int) -> None:
        self._turns, self._last = itertools.count(1), last

    def point(self) -> None:
        if next(self._turns) == self._last:
            os.kill(os.getpid(), signal.SIGKILL)


class Watched:
    """A connection, with a point before and after every statement."""

    def __init__(self, path: str, killer: Killer) -> None:
        self._db, self._killer = connect(path), killer

    def execute(self, sql: str, parameters: Any = ()) -> sqlite3.Cursor:
        self._killer.point()
        cursor = self._db.execute(sql, parameters)
        self._killer.point()
        return cursor

    def executemany(self, sql: str, parameters: Iterable[Any]) -> sqlite3.Cursor:
        self._killer.point()
        cursor = self._db.executemany(sql, parameters)
        self._killer.point()
        return cursor

    @property
    def in_transaction(self) -> bool:
        return self._db.in_transaction

    def close(self) -> None:
        self._db.close()


class World:
    """What was asked of the outside, in order, one line each; a kill does not undo it."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)

    def note(self, what: str, of: str) -> None:
        os.write(self._file, f"{what} {of}\n".encode())

    async def do(self, step: str, key: str, *, fails: str) -> str:
        self.note("do", f"{step}={key}")
        await asyncio.sleep(0)
        if step == fails:
            raise ValueError(step)
        return f"{step} done"

    async def undo(self, step: str, key: str, result: str) -> None:
        assert result == f"{step} done"
        self.note("undo", f"{step}={key}")
        await asyncio.sleep(0)


@types.coroutine
def stepwise(work: Coroutine[Any, Any, None], killer: Killer) -> Generator[Any, Any, None]:
    """Do *work*, with a point before and after every await that waits."""
    send: Callable[[], Any] = partial(work.send, None)
    while True:
        killer.point()
        try:
            awaited = send()
        except StopIteration:
            return
        killer.point()
        try:
            send = partial(work.send, (yield awaited))
        except BaseException as error:  # noqa: BLE001 - raised where it belongs
            send = partial(work.throw, error)


async def saga(database: Database, world: World, *, fails: str = "") -> None:
    """Do an order, or go on with it: the definition is the same for both."""
    sagas = Sagas(database, clock=SystemClock(), wait=0.0)
    async with sagas.saga("order", "1") as order:
        for name in STEPS:
            await order.step(
                partial(world.do, name, fails=fails), name=name, undo=partial(world.undo, name)
            )
            world.note("returned", name)


async def failing_saga(database: Database, world: World) -> None:
    """Take an order back, or go on with that."""
    try:
        await saga(database, world, fails=STEPS[-1])
    except (ValueError, SagaUndone):
        return
    raise AssertionError("it did not fail")


async def hand_over(database: Database, world: World) -> None:
    """Put some items, whoever put them before; add up those of the queue into the state."""
    clock = SystemClock()
    state = State(database, clock=clock)
    queue = Queues(database, clock=clock).queue("numbers", attempts=1000)
    for key, item in ITEMS.items():
        await queue.put(item, key=key)
        world.note("put", key)
    while await queue.size():
        async with queue.take() as job:
            world.note("do", str(job.key))
            total, seen = await state.get("total", 0), await state.get("seen", [])
            assert isinstance(total, int)
            assert isinstance(seen, list)
            assert isinstance(job.item, int)
            await job.done(state={"total": total + job.item, "seen": [*seen, job.key]})
            world.note("returned", str(job.key))


SCENES: dict[str, Callable[[Database, World], Coroutine[Any, Any, None]]] = {
    "saga": saga,
    "failing-saga": failing_saga,
    "hand-over": hand_over,
}


def play(scene: str, folder: str, last: int) -> int:
    """Play *scene* in a process of its own that is killed at its point *last*; give its status."""
    child = os.fork()
    if child:
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    status = 1
    try:
        killer = Killer(last)
        world = World(f"{folder}/world")

        async def played() -> None:
            watched = cast(
                "Callable[[str], sqlite3.Connection]", lambda path: Watched(path, killer)
            )
            async with Database(f"{folder}/state.db", connect=watched) as database:
                await SCENES[scene](database, world)

        async def killed() -> None:
            await stepwise(played(), killer)

        asyncio.run(killed())
        status = 0
    except BaseException:  # noqa: BLE001 - it must not go on as its parent would
        traceback.print_exc()
    finally:
        os._exit(status)


def problems(scene: str, folder: str) -> list[str]:
    """Say what is wrong with what is left."""
    with open(f"{folder}/world", encoding="utf-8") as file:
        lines = [line.split() for line in file]
    db = sqlite3.connect(f"{folder}/state.db")
    try:
        judges = {"saga": all_done, "failing-saga": all_undone, "hand-over": handed_over}
        return [*repeated(lines), *judges[scene](lines, db)]
    finally:
        db.close()


def repeated(lines: list[list[str]]) -> list[str]:
    """What was known to be done was done again; or done with another key."""
    found, returned, keys = [], set(), dict[str, set[str]]()
    for what, of in lines:
        name, _, key = of.partition("=")
        keys.setdefault(name, set()).add(key)
        if what == "returned":
            returned.add(name)
        elif what == "do" and name in returned:
            found.append(f"{name} was done again")
    found += [
        f"{name} had keys {sorted(each)}" for name, each in keys.items() if len(each - {""}) > 1
    ]
    return found


def all_done(lines: list[list[str]], db: sqlite3.Connection) -> list[str]:
    """Every step was done, in order, and the saga is over."""
    order = [STEPS.index(of.partition("=")[0]) for what, of in lines if what == "do"]
    found = [f"{name} was lost" for name in STEPS if STEPS.index(name) not in order]
    found += ["done out of order"] * (order != sorted(order))
    found += ["undone"] * any(what == "undo" for what, _ in lines)
    return found + standing(db, "done")


def all_undone(lines: list[list[str]], db: sqlite3.Connection) -> list[str]:
    """Every step that was done was taken back, last first, and the saga is over."""
    order = [STEPS.index(of.partition("=")[0]) for what, of in lines if what == "undo"]
    found = [f"{name} was not undone" for name in STEPS[:-1] if STEPS.index(name) not in order]
    found += ["undone out of order"] * (order != sorted(order, reverse=True))
    last_do = max(number for number, (what, _) in enumerate(lines) if what == "do")
    found += ["done after it was undone"] * any(what == "undo" for what, _ in lines[:last_do])
    return found + standing(db, "undone")


def standing(db: sqlite3.Connection, wanted: str) -> list[str]:
    phases = db.execute("SELECT phase FROM saga").fetchall()
    return [] if phases == [(wanted,)] else [f"the saga is {phases}, not {wanted}"]


def handed_over(_: list[list[str]], db: sqlite3.Connection) -> list[str]:
    """Every item came into the state exactly once, and is done."""
    state = {key: json.loads(text) for key, text in db.execute("SELECT key, value FROM state")}
    found = [] if state["total"] == sum(ITEMS.values()) else [f"the total is {state['total']}"]
    found += [] if sorted(state["seen"]) == sorted(ITEMS) else [f"seen: {state['seen']}"]
    left = db.execute("SELECT key, phase FROM job WHERE phase<>'done'").fetchall()
    return found + [f"left: {left}"] * bool(left)


def main(base: str, scene: str, stride: int, seed: int) -> None:
    """Kill at every *stride*-th point; the next process may be killed too, at one of chance."""
    chance = random.Random(seed)
    wrong, trials, point = [], 0, 1 + chance.randrange(stride)
    while True:
        folder = f"{base}/{point}"
        os.mkdir(folder)
        status = first = play(scene, folder, point)
        kills = [point]
        while status == -signal.SIGKILL:
            kills.append(chance.choice([0, chance.randrange(1, point + 20)]))
            status = play(scene, folder, kills[-1])
        found = problems(scene, folder) if status == 0 else [f"ended with {status}"]
        wrong += [f"killed at {kills}: {each}" for each in found]
        if first != -signal.SIGKILL:
            break
        trials += 1
        point += stride
    sys.stdout.write(json.dumps({"points": point, "trials": trials, "wrong": wrong}))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
