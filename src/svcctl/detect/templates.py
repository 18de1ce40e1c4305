"""Finds the templates that log lines were made from, line by line and without configuration."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable
from dataclasses import dataclass
from hashlib import blake2s
from operator import add

from svcctl.detect.shape import LONGEST, WILD, Words, tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Template:
    """What lines have in common: *words*, and *around* them what is written there.

    *id* stays the same when the text gets a further `WILD`.
    """

    id: str
    words: tuple[str, ...]
    around: tuple[str, ...]

    @property
    def text(self) -> str:
        """The template as people read it."""
        *before, end = self.around
        return "".join(map(add, before, self.words)) + end


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateSeen:
    """A template was met for the first time; *line* is the line."""

    template: Template
    line: str


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateRelaxed:
    """A word turned out to be a value; *absorbed* are the ids that *template* stands for now."""

    template: Template
    absorbed: tuple[str, ...]
    values: tuple[str, ...]

    @property
    def why(self) -> str:
        """The reason, for people."""
        shown = ", ".join(f"'{value}'" for value in self.values)
        return f"{shown} stood where other lines have other values"


Change = TemplateSeen | TemplateRelaxed


class Templates:
    """Gives each line the id of its template.

    Lines of one outline are looked up; only a new outline is compared with the templates.  It
    belongs to a template if it differs in nothing, or in one word where the template has a value.
    Templates that differ in one word alone are made one when *relax_at* different words were
    seen there.  Memory is bounded: *most* templates and twice *outlines* outlines are kept, and
    those that were not met for longest are forgotten first.
    """

    def __init__(self, *, most: int = 2_000, outlines: int = 10_000, relax_at: int = 5) -> None:
        self._most, self._outlines, self._relax_at = most, outlines, relax_at
        self._words = Words()
        self._young: dict[str, str] = {}
        self._old: dict[str, str] = {}
        self._known: dict[str, Template] = {}  # the one met last stands last
        self._by_words: dict[tuple[str, ...], str] = {}
        self._near: dict[int, tuple[str, ...]] = {}  # a pattern with one word wild: who fits
        self._absorbed: dict[str, str] = {}
        self._changes: deque[Change] = deque(maxlen=most)

    def __len__(self) -> int:
        return len(self._known)

    def learn(self, lines: Iterable[str]) -> list[str]:
        """Give the id of the template of each line, learning on the way; see `resolve`."""
        outline, young, found = self._words.__getitem__, self._young, []
        for line in lines:
            key = " ".join(map(outline, line[:LONGEST].split()))
            known = young.get(key)
            if known is None:
                known = self._place(key, line)
                young = self._young
            found.append(known)
        return found

    def resolve(self, known: str) -> str:
        """Give the id that stands for *known* now: another if it was absorbed, else itself."""
        while known in self._absorbed:
            known = self._absorbed[known]
        return known

    def get(self, known: str) -> Template | None:
        """Give the template of that id, or of what absorbed it; None if it was forgotten."""
        return self._known.get(self.resolve(known))

    def take_changes(self) -> tuple[Change, ...]:
        """Give what was new or relaxed since the last call, or the last of it if it was much."""
        changes = tuple(self._changes)
        self._changes.clear()
        return changes

    def state(self) -> dict[str, object]:
        """Give what has been learnt, as a value that JSON holds."""
        return {
            "version": 1,
            "templates": [
                [each.id, list(each.words), list(each.around)] for each in self._known.values()
            ],
            "absorbed": dict(self._absorbed),
        }

    def restore(self, state: dict[str, object]) -> None:
        """Take over what `state` gave, in place of what is known; raise ValueError for other."""
        known, absorbed = _read(state)
        self._young, self._old, self._near, self._by_words = {}, {}, {}, {}
        self._known, self._absorbed = {}, absorbed
        self._changes.clear()
        for each in known[-self._most :]:
            self._keep(each)

    def _place(self, key: str, line: str) -> str:
        """Find the template of an outline that is not among the young ones."""
        found = self._old.get(key)
        if found is None or self.resolve(found) not in self._known:
            found = self._match(line)
        found = self.resolve(found)
        self._known[found] = self._known.pop(found)
        if len(self._young) >= self._outlines:
            self._young, self._old = {}, self._young
        self._young[key] = found
        return found

    def _match(self, line: str) -> str:
        words, around = tokens(line)
        fits = self._by_words.get(words)
        for at in _loose(words) if fits is None else ():
            fits = self._by_words.get(_with_hole(words, at))
            if fits is not None:
                break
        identity = _identify(words)
        if fits is None and self.resolve(identity) in self._known:
            fits = self.resolve(identity)  # it began with such a line, and is wider now
        if fits is not None:
            return fits
        if len(self._known) >= self._most:
            self._forget()
        new = Template(id=identity, words=words, around=around)
        self._absorbed.pop(identity, None)
        self._keep(new)
        self._changes.append(TemplateSeen(template=new, line=line))
        self._settle(new)
        return self.resolve(new.id)

    def _settle(self, new: Template) -> None:
        """Make one of *new* and those it shows to be the same, until nothing more follows."""
        settling: Template | None = new
        while settling is not None:
            words = settling.words
            fitting = [each for each in self._near.get(hash(words), ()) if each != settling.id]
            if fitting and WILD in words:
                self._absorb(settling, fitting)
            settling = self._relax(settling)

    def _relax(self, new: Template) -> Template | None:
        """Turn the word of *new* that has varied too often into a value; None if none has."""
        for at in _loose(new.words):
            hole = _with_hole(new.words, at)
            if standing := self._by_words.get(hole):
                self._absorb(self._known[standing], [new.id])
                return self._known[standing]
            alike = [self._known[each] for each in self._near.get(hash(hole), ())]
            if len(alike) < self._relax_at:
                continue
            eldest = alike[0]
            relaxed = Template(id=eldest.id, words=hole, around=eldest.around)
            self._drop(eldest)
            self._keep(relaxed)
            self._absorb(relaxed, [each.id for each in alike[1:]], also=eldest.words[at])
            return relaxed
        return None

    def _absorb(self, into: Template, others: list[str], *, also: str = "") -> None:
        values = [also] if also else []
        for each in others:
            gone = self._known[each]
            values += [w for w, kept in zip(gone.words, into.words, strict=True) if w != kept]
            self._drop(gone)
            self._absorbed[each] = into.id
        for outlines in (self._young, self._old):
            outlines.update({key: into.id for key, of in outlines.items() if of in others})
        self._changes.append(
            TemplateRelaxed(template=into, absorbed=tuple(others), values=tuple(values))
        )

    def _keep(self, template: Template) -> None:
        self._known[template.id] = template
        self._by_words[template.words] = template.id
        for at in _loose(template.words):
            place = hash(_with_hole(template.words, at))
            self._near[place] = (*self._near.get(place, ()), template.id)

    def _drop(self, template: Template) -> None:
        del self._known[template.id]
        del self._by_words[template.words]
        for at in _loose(template.words):
            place = hash(_with_hole(template.words, at))
            left = tuple(each for each in self._near.pop(place) if each != template.id)
            if left:
                self._near[place] = left

    def _forget(self) -> None:
        """Make room: a tenth of the templates goes, those first that no young outline has."""
        lately = {self.resolve(each) for each in self._young.values()}
        by_age = sorted(self._known, key=lately.__contains__)  # stable: the eldest stand first
        for each in by_age[: max(1, self._most // 10)]:
            self._drop(self._known[each])
        for outlines in (self._young, self._old):
            gone = [key for key, of in outlines.items() if self.resolve(of) not in self._known]
            for key in gone:
                del outlines[key]
        self._absorbed = {
            old: now for old in self._absorbed if (now := self.resolve(old)) in self._known
        }


def _loose(words: tuple[str, ...]) -> list[int]:
    """Give where a word may turn out to be a value: anywhere, if another word stays."""
    constant = [at for at, word in enumerate(words) if word != WILD]
    return constant if len(constant) > 1 else []


def _with_hole(words: tuple[str, ...], at: int) -> tuple[str, ...]:
    return (*words[:at], WILD, *words[at + 1 :])


def _identify(words: tuple[str, ...]) -> str:
    """Give an id that the same first line gets on any machine and after any restart."""
    return blake2s("\x1f".join(words).encode(errors="replace"), digest_size=6).hexdigest()


def _read(state: dict[str, object]) -> tuple[list[Template], dict[str, str]]:
    match state:
        case {"version": 1, "templates": list(rows), "absorbed": dict(absorbed)}:
            known = [Template(id=i, words=tuple(w), around=tuple(a)) for i, w, a in rows]
            return known, dict(absorbed)
    raise ValueError(f"no state of templates: {state.get('version')!r}")
