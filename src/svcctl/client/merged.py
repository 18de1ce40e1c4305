"""Makes the answers of several who were asked into those of one."""

from __future__ import annotations

import heapq
import queue
import threading
from collections import deque
from collections.abc import Iterator, Mapping
from typing import Any, cast

from svcctl.errors import SvcctlError
from svcctl.wire import Request

Answers = Iterator[tuple[bool, object]]

_REMEMBERED = 1_000  # events by which it is known that one comes a second time


def merged(request: Request, sources: list[Answers]) -> Answers:
    """Give the answers of all *sources* to *request*: items, then one result.

    Lines and events come in the order of their time, or, where they are followed, as they come.
    """
    if request.args.get("follow"):
        return as_they_come(sources)
    if request.verb in {"logs", "events"}:
        return by_time(sources)
    return one_after_the_other(sources)


def one_after_the_other(sources: list[Answers]) -> Answers:
    """Give the items of one source after the other, then one result."""
    results: list[object] = []
    for source in sources:
        for is_result, document in source:
            if is_result:
                results.append(document)
            else:
                yield False, document
    yield True, combined(results)


def combined(results: list[object]) -> object:
    """Give one result for those of several who were asked: lists joined, numbers added."""
    found = [each for each in results if each is not None]
    if not found:
        return None
    if all(isinstance(each, list) for each in found):
        rows = [row for each in cast("list[list[Any]]", found) for row in each]
        named = all(isinstance(row, Mapping) and "service" in row for row in rows)
        return sorted(rows, key=_by_service) if named else rows
    tables = cast("list[dict[str, Any]]", found)
    return {name: _joined([each[name] for each in tables if name in each]) for name in tables[0]}


def _by_service(row: Mapping[str, Any]) -> tuple[str, str]:
    return str(row["service"]), str(row.get("instance", ""))


def _joined(values: list[Any]) -> object:
    first = values[0]
    match first:
        case int():
            return sum(values)
        case dict():
            return {name: value for each in values for name, value in each.items()}
        case _:
            return [row for each in values for row in each]


def by_time(sources: list[Answers]) -> Answers:
    """Give the items of all sources in the order of their time, then one result."""
    results: list[object] = []

    def items(source: Answers) -> Iterator[tuple[float, object]]:
        for is_result, document in source:
            if is_result:
                results.append(document)
            else:
                yield float(cast("dict[str, Any]", document).get("at", 0.0)), document

    for _, document in heapq.merge(*map(items, sources), key=lambda each: each[0]):
        yield False, document
    yield True, combined(results)


def once(events: Answers) -> Answers:
    """Give *events* without those that came before: a host and its agent both wrote them down."""
    known: deque[tuple[object, ...]] = deque(maxlen=_REMEMBERED)
    count = 0
    for is_result, document in events:
        if is_result:
            yield True, {"events": count}
            return
        event = cast("dict[str, Any]", document)
        what = (event["at"], event["kind"], event["instance"])
        if what not in known:
            known.append(what)
            count += 1
            yield False, document


def last_of(answers: Answers, last: int) -> Answers:
    """Give the *last* so many items, and how many they are: each who was asked gave that many."""
    kept = deque[object](maxlen=last)
    for is_result, document in answers:
        if not is_result:
            kept.append(document)
            continue
        yield from ((False, each) for each in kept)
        yield True, dict.fromkeys(cast("dict[str, Any]", document or {}), len(kept))


def as_they_come(sources: list[Answers]) -> Answers:
    """Give items of all *sources* as they come, each read in a thread that ends with us."""
    inbox: queue.Queue[tuple[bool, object] | SvcctlError] = queue.Queue(maxsize=1000)

    def read(source: Answers) -> None:
        result: object = None
        try:
            for is_result, document in source:
                if is_result:
                    result = document
                else:
                    inbox.put((False, document))
            inbox.put((True, result))
        except SvcctlError as error:
            inbox.put(error)

    for source in sources:
        threading.Thread(target=read, args=(source,), daemon=True).start()
    results: list[object] = []
    while len(results) < len(sources):
        answer = inbox.get()
        if isinstance(answer, SvcctlError):
            raise answer
        is_result, document = answer
        if is_result:
            results.append(document)
        else:
            yield False, document
    yield True, combined(results)
