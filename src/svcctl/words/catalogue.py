"""What people read, in their language: the English text itself is the key of a catalogue.

One JSON file for each other language is read by the command line and by the dashboard alike.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

ENGLISH = "en"
LANGUAGES = (ENGLISH, "zh")
"""The languages there are, the one all texts are written in first."""

_VARIABLES = ("SVCCTL_LANG", "LC_ALL", "LC_MESSAGES", "LANG")
_TELLING = 12  # characters that are fixed tell a text that begins with a place from others
_CAUSES = frozenset(("error", "problem", "reason", "why"))  # places whose values are told as well
_SAID_OF = re.compile(r"(\S+): (.+)", re.DOTALL)  # a place in a file, an option, an instance
_PLACE = re.compile(r"\{(\w+)[^{}]*\}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """The texts of one language; what it does not have stays English."""

    language: str = ENGLISH
    texts: Mapping[str, str] = field(default_factory=dict)

    def of(self, text: str) -> str:
        """Give *text*, which has its places (``{name}``) still empty, in this language."""
        return self.texts.get(text, text)

    def told(self, text: str) -> str:
        """Give *text*, whose places were filled in English, in this language.

        Errors come so from wherever they were raised.  What fits several texts is the one of which
        most is fixed, that of the causes within it too.
        """
        return self._recognised(text)[1]

    def _recognised(self, text: str) -> tuple[int, str]:
        """Give *text* in this language, and how many of its characters told what it is."""
        if not self.texts or text in self.texts:
            return len(text), self.of(text)
        count, said = max(self._fitting(text), default=(0, text))
        if count or not (found := _SAID_OF.fullmatch(text)):
            return count, said
        count, said = self._recognised(found[2])
        return count, f"{found[1]}: {said}"

    def _fitting(self, text: str) -> Iterator[tuple[int, str]]:
        for known, said in self.texts.items():
            begins, ends = known.partition("{")[0], known.rpartition("}")[2]
            if begins == known or not (text.startswith(begins) and text.endswith(ends)):
                continue
            fixed = len(_PLACE.sub("", known))
            if not begins and fixed < _TELLING:
                continue
            if found := re.fullmatch(_pattern(known), text, re.DOTALL):
                values = found.groupdict()
                causes = {each: self._recognised(values[each]) for each in _CAUSES & values.keys()}
                values |= {name: cause for name, (_, cause) in causes.items()}
                told = sum(count for count, _ in causes.values())
                yield fixed + told, _filled(said, values)


def words_of(language: str) -> Words:
    """Give the words of one of :data:`LANGUAGES`."""
    if language == ENGLISH:
        return Words()
    with open(catalogue_of(language), encoding="utf-8") as file:  # noqa: PTH123 - pathlib is slow to load
        return Words(language=language, texts=json.load(file))


def catalogue_of(language: str) -> str:
    """Give the path of the catalogue of *language*, which is not English."""
    return os.path.join(os.path.dirname(__file__), f"{language}.json")  # noqa: PTH118, PTH120 - see above


def language_in(environ: Mapping[str, str]) -> str:
    """Give the language wanted: by SVCCTL_LANG, else as POSIX has it (LC_ALL, LC_MESSAGES, LANG).

    One there is no catalogue of is English.
    """
    wanted = next((environ[name] for name in _VARIABLES if environ.get(name)), "")
    begins = re.split("[-_.@]", wanted.lower(), maxsplit=1)[0]
    return begins if begins in LANGUAGES else ENGLISH


def _filled(text: str, values: Mapping[str, str]) -> str:
    return _PLACE.sub(lambda place: values[place[1]], text)


def _pattern(known: str) -> str:
    """Give what a text looks like whose places were filled."""
    parts, end = [], 0
    for place in _PLACE.finditer(known):
        parts += [re.escape(known[end : place.start()]), f"(?P<{place[1]}>.+?)"]
        end = place.end()
    return "".join([*parts, re.escape(known[end:])])
