"""Answers what concerns the life of a service: how it is, and what it is to do."""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Collection
from dataclasses import dataclass
from typing import Protocol

from svcctl.errors import Conflict, SvcctlError, UsageError
from svcctl.sdk.endpoint.asked import Answer, Answers, Asked
from svcctl.sdk.endpoint.on_config import outcome_document
from svcctl.sdk.phases import Phase
from svcctl.sdk.redaction import shown_text

_CODES = range(128, 256)


class Lived(Protocol):
    """A life that can be waited for; see :class:`svcctl.sdk.life.Life`."""

    @property
    def phase(self) -> Phase:
        """Where it stands."""

    @property
    def text(self) -> str:
        """What it says of itself."""

    def stop(self, *, shutdown: bool) -> None:
        """Stop in order."""

    async def await_pause(self) -> None: ...
    async def await_resume(self) -> None: ...
    async def await_reload(self, *, who: str) -> object: ...
    async def await_control(self, code: int) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Which service, and which copy of it, answers; *version* is that of svcctl."""

    service: str
    instance: str
    version: str
    started_at: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Doings:
    """What only some services can do: *job* calls one of *jobs* now; *controls*: takes codes."""

    jobs: Collection[str]
    job: Callable[[str], Awaitable[None]]
    controls: bool


def on_life(life: Lived, identity: Identity, doings: Doings) -> Answers:
    """Give the answers to ``about``, ``pause``, ``resume``, ``reload``, ``stop`` and so on."""

    def standing() -> dict[str, object]:
        return {"phase": str(life.phase), "text": life.text}

    async def about(_: Asked) -> object:
        return {
            "service": identity.service,
            "instance": identity.instance,
            "pid": os.getpid(),
            "version": identity.version,
            "started_at": identity.started_at,
            "jobs": sorted(doings.jobs),
        } | standing()

    async def pause(_: Asked) -> object:
        await life.await_pause()
        return standing()

    async def resume(_: Asked) -> object:
        await life.await_resume()
        return standing()

    async def reload(asked: Asked) -> object:
        return outcome_document(await life.await_reload(who=asked.who))

    async def stop(_: Asked) -> object:
        life.stop(shutdown=False)
        return standing()

    async def control(asked: Asked) -> object:
        code = asked.whole_number("code")
        if code not in _CODES:
            raise UsageError(f"{code} is no user control code", hint="use 128 to 255")
        await life.await_control(code)
        return standing()

    answers: dict[str, Answer] = {
        "about": about,
        "pause": pause,
        "resume": resume,
        "reload": reload,
        "stop": stop,
    }
    answers |= {"control": control} if doings.controls else {}
    return answers | ({"job": _job(doings)} if doings.jobs else {})


def _job(doings: Doings) -> Answer:
    async def job(asked: Asked) -> object:
        name = asked.text("name")
        if name not in doings.jobs:
            known = ", ".join(sorted(doings.jobs))
            raise UsageError(f"there is no job {name!r}", hint=f"one of: {known}")
        try:
            await doings.job(name)
        except SvcctlError:
            raise
        except Exception as error:
            problem = shown_text(f"job {name} failed: {type(error).__name__}: {error}")
            raise Conflict(problem, hint="see the service's own log") from error
        return {"job": name}

    return job
