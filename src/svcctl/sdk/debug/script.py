"""What a script may say, and single keys, which are the short names of the same.

Steps are ``VERB [WORDS] [within TIME] [&]``: with ``&`` the next one does not wait for the outcome.
``refused VERB`` holds only if the manager refuses it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from svcctl.errors import UsageError, quoted
from svcctl.sdk.debug.exchange import Act
from svcctl.sdk.lengths import seconds
from svcctl.sdk.phases import Phase


class Verb(StrEnum):
    """What a step does; those of :class:`Act` have the same names."""

    READY = "ready"
    START = "start"
    STOP = "stop"
    PAUSE = "pause"
    RESUME = "resume"
    RELOAD = "reload"
    SHUTDOWN = "shutdown"
    PRESHUTDOWN = "preshutdown"
    CONTROL = "control"
    CRASH = "crash"
    HANG = "hang"
    KILL = "kill"
    LEVEL = "level"
    SLEEP = "sleep"
    EXPECT = "expect"
    STATUS = "status"
    QUIT = "quit"
    HELP = "help"


_TOGGLES = {"p": (Verb.PAUSE, Verb.RESUME), "s": (Verb.STOP, Verb.START)}
_LETTERS: Mapping[str, Verb] = {
    "r": Verb.RELOAD,
    "c": Verb.CRASH,
    "k": Verb.KILL,
    "w": Verb.HANG,
    "l": Verb.LEVEL,
    "h": Verb.HELP,
    "?": Verb.HELP,
    "q": Verb.QUIT,
}
KEYS = (
    "p pause/resume · r reload · s stop/start · c crash · k kill -9 · w hang the loop · "
    "l log level · h help · q quit"
)
"""The keys, in a line."""

_WITH_WORDS = frozenset((Verb.CONTROL, Verb.SLEEP, Verb.EXPECT, Verb.STATUS))
_WITHIN = re.compile(r"(?P<step>.*?)\s+within\s+(?P<length>\S+)", re.DOTALL)
_OWN_CODES = range(128, 256)


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One step: *text* is how it was written; *refused*: it holds only if it is refused.

    *waits*: the next step comes only after its outcome.  *within* is in seconds, None where the
    script says nothing.  *number* is the code of a control, the seconds of a sleep or an exit
    status; *words* what is expected to be said.
    """

    verb: Verb
    text: str
    number: float = 0.0
    words: str = ""
    refused: bool = False
    waits: bool = True
    within: float | None = None

    @property
    def act(self) -> Act | None:
        """What is asked of the manager; None for a step that only looks."""
        return Act(self.verb) if self.verb.value in set(Act) else None


@dataclass(frozen=True, slots=True, kw_only=True)
class Toggle:
    """A step that depends on where the service stands then: the letters ``p`` and ``s``."""

    letter: str
    text: str
    waits: bool = True
    within: float | None = None

    def settled(self, phase: Phase) -> Step:
        """Give the step it is in *phase*."""
        forth, back = _TOGGLES[self.letter]
        turned = phase in {Phase.PAUSED, Phase.STOPPED}
        verb = back if turned else forth
        return Step(verb=verb, text=self.text, waits=self.waits, within=self.within)


def for_key(key: str) -> Step | Toggle | None:
    """Give what a pressed key means; None where it means nothing."""
    if key in _TOGGLES:
        return Toggle(letter=key, text=key)
    verb = _LETTERS.get(key)
    return None if verb is None else Step(verb=verb, text=key)


def parse_script(text: str) -> tuple[Step | Toggle, ...]:
    """Read steps, parted by ``;`` or lines; what follows a ``#`` is a comment.

    Raises UsageError, naming the step, or SpecError for a length of time that is none.
    """
    lines = (line.partition("#")[0] for line in text.splitlines())
    written = [each.strip() for line in lines for each in line.split(";")]
    steps = tuple(_parse(each) for each in written if each)
    if not steps:
        raise UsageError("the script has no step", hint='such as "ready; p; p; s"')
    return steps


def _parse(text: str) -> Step | Toggle:
    waits = not text.endswith("&")
    core, within = text.removesuffix("&").strip(), None
    if limited := _WITHIN.fullmatch(core):
        core, within = limited["step"], seconds(limited["length"])
    word, _, rest = core.partition(" ")
    rest = rest.strip()
    refused = word == "refused"
    if refused:
        word, _, rest = rest.partition(" ")
    if word in _TOGGLES and not rest and not refused:
        return Toggle(letter=word, text=text, waits=waits, within=within)
    verb = _verb(word, text)
    if bool(rest) is not (verb in _WITH_WORDS):
        what = "nothing" if rest else "a word"
        raise UsageError(f"step {quoted(text)}: {verb} takes {what}", hint=_hint(verb))
    return Step(
        verb=verb,
        text=text,
        number=_number(verb, rest, text),
        words=rest,
        refused=refused,
        waits=waits,
        within=within,
    )


def _verb(word: str, text: str) -> Verb:
    if word in _LETTERS:
        return _LETTERS[word]
    if word in _TOGGLES:  # of what is refused there is nothing to turn back
        return _TOGGLES[word][0]
    if word in set(Verb):
        return Verb(word)
    known = ", ".join((*_TOGGLES, *(each for each in _LETTERS if each.isalpha()), *Verb))
    raise UsageError(f"step {quoted(text)} is unknown", hint=f"one of: {known}")


def _number(verb: Verb, rest: str, text: str) -> float:
    match verb:
        case Verb.SLEEP:
            return seconds(rest)
        case Verb.CONTROL if not rest.isdecimal() or int(rest) not in _OWN_CODES:
            hint = "codes of one's own are 128 to 255"
            raise UsageError(f"step {quoted(text)}: {quoted(rest)} is no code", hint=hint)
        case Verb.STATUS if not rest.isdecimal():
            raise UsageError(f"step {quoted(text)}: {quoted(rest)} is no exit status")
        case Verb.CONTROL | Verb.STATUS:
            return int(rest)
        case _:
            return 0.0


def _hint(verb: Verb) -> str:
    return {
        Verb.CONTROL: "control 130",
        Verb.SLEEP: "sleep 1s",
        Verb.EXPECT: "expect letter.sent",
        Verb.STATUS: "status 0",
    }.get(verb, f"write: {verb}")
