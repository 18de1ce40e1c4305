"""Plays a script: one step after the other, each to its outcome or to its time limit."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

from svcctl.errors import TimedOut
from svcctl.sdk.debug.exchange import Act, Tone
from svcctl.sdk.debug.outcome import Seen, Verdict, judge, surprise
from svcctl.sdk.debug.script import Step, Toggle, Verb
from svcctl.sdk.debug.session import Session
from svcctl.sdk.phases import Phase
from svcctl.spec.notation import format_duration

_FAILED = 1


async def play(session: Session, steps: Sequence[Step | Toggle], *, limit: float) -> int:
    """Play *steps*, each within *limit* seconds where it says nothing else; give the exit status.

    A service that still runs at the end is stopped, and has to stop in order.
    """
    last = Step(verb=Verb.QUIT, text="the end")
    for number, written in enumerate((*steps, last), start=1):
        step = written.settled(session.seen.phase) if isinstance(written, Toggle) else written
        name = f"step {number}, {written.text}" if step is not last else "the end"
        if step is not last:
            session.tell("script", "step", name)
        problem, status = await _played(session, step, limit)
        if problem:
            text = f"{name}: {problem}"
            session.tell("script", "failed", text, tone=Tone.BAD, facts={"step": number})
            return status
        if step.verb is Verb.QUIT:
            break
    session.tell("script", "passed", "all went as it should", tone=Tone.GOOD)
    return 0


async def _played(session: Session, step: Step, limit: float) -> tuple[str, int]:
    """Give what is wrong, and the exit status it makes; no problem where all is well."""
    within = limit if step.within is None else step.within
    if step.verb is Verb.SLEEP and step.within is None:
        within += step.number
    try:
        async with asyncio.timeout(within):
            verdict = await _outcome(session, step)
    except TimeoutError:
        still = f"it is {session.seen.phase}"
        return f"not within {format_duration(within)}; {still}", TimedOut.exit_status
    return verdict.problem, _FAILED


async def _outcome(session: Session, step: Step) -> Verdict:
    before = session.seen
    match step.verb:
        case Verb.HELP:
            return Verdict()
        case Verb.SLEEP:
            return await _sleep(session, before, step.number)
        case Verb.EXPECT:
            return await session.until(
                lambda: _heard(session, step.words) or surprise(before, session.seen)
            )
        case Verb.QUIT:
            if before.phase is Phase.STOPPED:
                return Verdict()
            step = Step(verb=Verb.STOP, text=step.text)
    if step.act is not None:
        session.ask(Act(step.act), int(step.number))
    if not step.waits:
        return Verdict()
    return await session.until(lambda: judge(step, before, session.seen, watched=session.watches))


async def _sleep(session: Session, before: Seen, seconds: float) -> Verdict:
    try:
        async with asyncio.timeout(seconds):
            return await session.until(lambda: surprise(before, session.seen))
    except TimeoutError:
        return Verdict()


def _heard(session: Session, words: str) -> Verdict | None:
    """Look for *words* in what was said and not looked at yet."""
    while session.said:
        if words in session.said.popleft():
            return Verdict()
    return None
