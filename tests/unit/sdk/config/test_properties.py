"""What holds for every configuration: how layers add up, and that variables say what was meant."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import Mistake, SpecError
from svcctl.sdk.config.changes import changed_keys
from svcctl.sdk.config.load import assemble
from svcctl.sdk.config.sources import Reading, Sources
from svcctl.sdk.config.text import Format, Text
from svcctl.spec.toml import toml_value


@dataclass(frozen=True, kw_only=True)
class Inner:
    text: str = ""
    flag: bool = False


@dataclass(frozen=True, kw_only=True)
class Outer:
    text: str = ""
    whole: int = 0
    number: float = 0.0
    names: tuple[str, ...] = ()
    inner: Inner = field(default_factory=Inner)
    labels: dict[str, str] = field(default_factory=dict)


some_text = st.text(
    st.characters(blacklist_categories=["Cs"], blacklist_characters="\0"), max_size=8
)
some_key = st.from_regex(re.compile(r"[A-Za-z][A-Za-z0-9]{0,5}", re.ASCII), fullmatch=True)
some_fields: dict[str, st.SearchStrategy[Any]] = {
    "text": some_text,
    "whole": st.integers(-(2**53), 2**53),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "names": st.lists(some_text, max_size=3),
    "inner": st.fixed_dictionaries({}, optional={"text": some_text, "flag": st.booleans()}),
    "labels": st.dictionaries(some_key, some_text, max_size=3),
}
some_layer = st.fixed_dictionaries({}, optional=some_fields)


def text_of(layer: dict[str, Any], name: str = "layer") -> Text:
    """Write *layer* as a file would have it."""
    return Text(name=name, content=json.dumps(escaped(layer)), format=Format.JSON)


def escaped(value: Any) -> Any:
    match value:
        case dict():
            return {key: escaped(each) for key, each in value.items()}
        case list():
            return [escaped(each) for each in value]
        case str():
            return value.replace("$", "$$")
        case _:
            return value


def made_of(*texts: Text, **more: Any) -> Outer:
    return assemble(Outer, Reading(sources=Sources(**more), texts=texts)).value


def merged(under: dict[str, Any], over: dict[str, Any]) -> dict[str, Any]:
    """The plainest way to say what laying over means: the model the loader is held against."""
    result = dict(under)
    for key, value in over.items():
        both = isinstance(value, dict) and isinstance(result.get(key), dict)
        result[key] = merged(result[key], value) if both else value
    return result


@given(under=some_layer, over=some_layer)
def test_two_layers_are_what_one_with_both_merged_is(
    under: dict[str, Any], over: dict[str, Any]
) -> None:
    assert made_of(text_of(under), text_of(over)) == made_of(text_of(merged(under, over)))


@given(first=some_layer, second=some_layer, third=some_layer)
def test_it_does_not_matter_which_layers_are_merged_first(
    first: dict[str, Any], second: dict[str, Any], third: dict[str, Any]
) -> None:
    left = made_of(text_of(merged(first, second)), text_of(third))
    right = made_of(text_of(first), text_of(merged(second, third)))

    assert left == right


@given(layer=some_layer)
def test_a_layer_twice_is_that_layer_and_an_empty_one_is_nothing(layer: dict[str, Any]) -> None:
    once = made_of(text_of(layer))

    assert made_of(text_of(layer), text_of(layer)) == once
    assert made_of(text_of({}), text_of(layer), text_of({})) == once


def variables(layer: dict[str, Any], prefix: str) -> dict[str, str]:
    """Write *layer* as variables."""
    found: dict[str, str] = {}
    for key, value in layer.items():
        if isinstance(value, dict):
            inner = prefix + "_" + key.upper() if prefix == "P" else prefix + "__" + key.upper()
            for name, each in value.items():
                found[f"{inner}__{name if key == 'labels' else name.upper()}"] = as_text(each)
        else:
            found[f"{prefix}_{key.upper()}"] = as_text(value)
    return found


def as_text(value: object) -> str:
    return value if isinstance(value, str) else toml_value(value)


@given(layer=some_layer)
def test_what_variables_say_is_what_a_file_with_the_same_values_says(
    layer: dict[str, Any],
) -> None:
    said = made_of(prefix="P", environ=variables(layer, "P"))

    assert said == made_of(text_of(layer))


@given(layer=some_layer)
def test_what_options_say_is_what_a_file_with_the_same_values_says(layer: dict[str, Any]) -> None:
    words = [
        f"{key}.{name}={as_text(each)}" if name else f"{key}={as_text(each)}"
        for key, value in layer.items()
        for name, each in (value.items() if isinstance(value, dict) else [("", value)])
    ]

    assert made_of(options=tuple(words)) == made_of(text_of(layer))


@given(one=some_layer, other=some_layer)
def test_nothing_changed_exactly_if_both_are_equal(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    before, after = made_of(text_of(one)), made_of(text_of(other))

    changed = changed_keys(before, after)

    assert (not changed) == (before == after)
    assert changed == changed_keys(after, before)


@given(content=st.text(), form=st.sampled_from(Format))
def test_no_text_gives_anything_but_a_value_or_mistakes(content: str, form: Format) -> None:
    text = Text(name="any", content=content, format=form)

    mistakes: tuple[Mistake, ...] = ()
    try:
        found: object = made_of(text)
    except SpecError as error:
        found, mistakes = None, error.mistakes

    assert isinstance(found, Outer) != bool(mistakes)
    assert all(each.problem and each.file == "any" for each in mistakes)
