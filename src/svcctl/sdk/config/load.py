"""Loads a configuration: all layers in, one validated object out, or every mistake at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Generic, TypeVar

from svcctl.errors import Mistake
from svcctl.sdk.config.outline import members
from svcctl.sdk.config.references import is_reference, look_up, schemes
from svcctl.sdk.config.settle import Settling, defaults
from svcctl.sdk.config.sources import Reading, Sources, read
from svcctl.sdk.config.text import Text, tree_of, understand
from svcctl.sdk.config.validate import validated
from svcctl.sdk.config.variables import Variable, from_variables, from_words
from svcctl.spec.layers import Spot, Tree, lay_over
from svcctl.spec.locate import KeyPath, path_text
from svcctl.spec.names import did_you_mean
from svcctl.spec.notation import show
from svcctl.spec.report import Report
from svcctl.spec.source import UnreadableError

T = TypeVar("T")

DEFAULT = "default"
"""The origin of what nobody wrote."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Loaded(Generic[T]):
    """A configuration and where it came from.

    *origins* tells for each key that was written, such as ``smtp.host``, where: ``app.toml:3:1``,
    ``environment MAILER_SMTP__HOST``, ``option --set smtp.host``.  *files* has the digest of each
    file that was looked into, secrets too, by its path; empty where there was none.
    """

    value: T
    origins: Mapping[str, str]
    texts: tuple[Text, ...] = field(repr=False)
    files: Mapping[str, str] = field(repr=False)


def load(kind: type[T], sources: Sources) -> Loaded[T]:
    """Load a *kind*, a dataclass or a pydantic model, from *sources*.

    Raises SpecError (exit 78) with every mistake there is, each with its place; no message shows
    a secret.  Raises UsageError for a *kind* that is neither.
    """
    return assemble(kind, read(sources))


def assemble(kind: type[T], reading: Reading) -> Loaded[T]:
    """Make a *kind* of what was read; looks up secrets, and reads nothing else.

    Raises as :func:`load`.
    """
    members(kind)  # a class that cannot be loaded is told before all else
    report = Report()
    for mistake in reading.mistakes:
        report.add(mistake)
    loaded = _assembled(kind, reading, report)
    report.conclude()  # from here: no local variable of ours holds a secret for a traceback
    assert loaded is not None
    return loaded


def _assembled(kind: type[T], reading: Reading, report: Report) -> Loaded[T] | None:
    tree, whole = _merged(kind, reading, report)
    files = dict(reading.files)
    known = schemes(reading.environ(), reading.sources.look_ups, seen=files.__setitem__)
    settling = Settling(
        tree=tree,
        environ=reading.environ(),
        resolve=lambda reference: look_up(reference, known),
        is_reference=lambda text: is_reference(text, known),
        report=report,
    )
    tree.value = settling.settle(kind)

    def is_refused(path: KeyPath) -> bool:
        missing = not whole and path not in tree.spots
        return missing or any(each[: len(path)] == path for each in settling.refused)

    value = validated(kind, tree, report, is_refused=is_refused)
    if value is None:
        return None
    return Loaded(
        value=value,
        origins={path_text(path): _shown(spot) for path, spot in tree.spots.items() if path},
        texts=reading.texts,
        files=files,
    )


def _merged(kind: type, reading: Reading, report: Report) -> tuple[Tree, bool]:
    """Lay all layers over each other; say whether all of them could be read."""
    sources = reading.sources
    layers = [defaults(kind)]
    whole = not reading.mistakes
    known = {*sources.namespaces} - members(kind).keys()
    if sources.namespace and sources.namespace not in known:
        near = did_you_mean(sources.namespace, known)
        report.add(Mistake(problem=f"there is no namespace {show(sources.namespace)}", hint=near))
    for text in reading.texts:
        try:
            layers += _text_layers(text, known, sources.namespace)
        except UnreadableError as error:
            report.add(error.mistake)
            whole = False
    process = [
        Variable(name=name, value=value, shown=f"environment {name}")
        for name, value in sorted(sources.environ.items())
    ]
    layers += [
        from_variables(kind, reading.dotenv, sources.prefix, report),
        from_variables(kind, process, sources.prefix, report),
        from_words(kind, sources.options, report),
    ]
    return reduce(lay_over, layers), whole


def _text_layers(text: Text, namespaces: set[str], chosen: str) -> list[Tree]:
    """Give what *text* says for all, and what it says for the *chosen* one of the namespaces."""
    written = understand(text)
    apart = {key for key in namespaces if isinstance(written.document.get(key), dict)}
    rest = {key: value for key, value in written.document.items() if key not in apart}
    layers = [tree_of(text, replace(written, document=rest))]
    if chosen in apart:
        layers.append(tree_of(text, written, namespace=chosen))
    return layers


def _shown(spot: Spot) -> str:
    origin = spot.origin
    place = f":{origin.line}:{origin.column}" if origin.line else ""
    return f"{spot.shown}{place}" or DEFAULT
