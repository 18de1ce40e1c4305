"""Templates found line by line: stable, bounded, and with a reason for every change."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from svcctl.detect.shape import WILD, tokens
from svcctl.detect.templates import TemplateRelaxed, Templates, TemplateSeen

_COLOURS = ("red", "green", "blue", "white", "black")


def _learnt(*lines: str, **limits: int) -> Templates:
    templates = Templates(**limits)
    templates.learn(lines)
    return templates


def _text(templates: Templates, known: str) -> str:
    found = templates.get(known)
    return found.text if found else "forgotten"


def _words(number: int) -> str:
    return "".join("abcdefghij"[int(digit)] for digit in str(number))


def test_lines_that_differ_in_values_have_one_template() -> None:
    templates = Templates()

    one, two, other = templates.learn(["job 1 took 5 ms", "job 77 took 2 s", "job 1 failed"])

    assert one == two != other
    assert _text(templates, one) == "job <*> took <*>"


def test_words_that_differ_are_kept_apart_while_they_are_few() -> None:
    templates = _learnt("VM Paused by rule", "VM Resumed by rule", "VM Stopped by rule")

    assert len(templates) == 3


def test_a_place_with_many_words_becomes_a_value_and_says_why() -> None:
    templates = Templates(relax_at=5)
    ids = templates.learn([f"painted the house {each}" for each in _COLOURS])

    *seen, relaxed = templates.take_changes()

    assert {templates.resolve(each) for each in ids} == {ids[0]}
    assert _text(templates, ids[3]) == "painted the house <*>"
    assert [type(each) for each in seen] == [TemplateSeen] * 5
    assert isinstance(relaxed, TemplateRelaxed)
    assert relaxed.absorbed == (*ids[1:4], seen[4].template.id)
    assert relaxed.values == _COLOURS
    assert relaxed.why == (
        "'red', 'green', 'blue', 'white', 'black' stood where other lines have other values"
    )
    assert templates.take_changes() == ()


def test_a_word_where_numbers_stand_is_a_value_whichever_came_first() -> None:
    templates = Templates()

    early, number, late = templates.learn(
        ["link up on device lo", "link up on device eth1", "link up on device wan"]
    )

    assert templates.resolve(early) == number == late


def test_a_new_template_is_told_once_with_its_line() -> None:
    templates = _learnt("disk full", "disk full", "disk full")

    (seen,) = templates.take_changes()

    assert isinstance(seen, TemplateSeen)
    assert (seen.template.text, seen.line) == ("disk full", "disk full")


def test_the_state_survives_as_json_and_ids_stay_the_same() -> None:
    first = Templates()
    lines = [*(f"painted the house {each}" for each in _COLOURS), "job 1 took 5 ms"]
    ids = [first.resolve(each) for each in first.learn(lines)]
    second = Templates()

    second.restore(json.loads(json.dumps(first.state())))

    assert second.learn(lines) == ids
    assert second.resolve(first.learn(lines)[4]) == ids[4]
    assert second.take_changes() == ()


def test_a_machine_that_lost_its_state_gives_the_same_ids() -> None:
    lines = ["job 1 took 5 ms", "disk full", "user ann left"]

    assert Templates().learn(lines) == Templates().learn(lines)


@pytest.mark.parametrize(
    "state", [{}, {"version": 2, "templates": [], "absorbed": {}}, {"version": 1, "templates": 3}]
)
def test_what_is_no_state_is_refused_and_nothing_is_lost(state: dict[str, object]) -> None:
    templates = _learnt("disk full")

    with pytest.raises(ValueError, match="no state of templates"):
        templates.restore(state)

    assert len(templates) == 1


def test_memory_is_bounded_and_what_was_met_lately_stays() -> None:
    templates = Templates(most=20, outlines=10)
    kept = templates.learn(["the one that comes often"])[0]

    for number in range(500):
        templates.learn(
            [f"{_words(number)} went {_words(7 * number)} away", "the one that comes often"]
        )

    assert len(templates) <= 20
    assert _text(templates, kept) == "the one that comes often"


def test_changes_that_nobody_takes_are_not_kept_for_ever() -> None:
    templates = Templates(most=3, relax_at=100)
    templates.learn([f"{_words(number)} went away" for number in range(20)])

    assert len(templates.take_changes()) == 3


def test_of_a_long_line_the_beginning_counts() -> None:
    templates = Templates()

    one, other = templates.learn(["disk full " * 1_000, "disk full " * 2_000])

    assert one == other


def test_a_template_that_was_forgotten_is_new_again_under_its_id() -> None:
    templates = Templates(most=10, outlines=5)
    (gone,) = templates.learn(["the first of all"])
    templates.learn([f"{_words(number)} went {_words(7 * number)} away" for number in range(100)])
    assert templates.get(gone) is None
    templates.take_changes()

    again = templates.learn(["the first of all"])

    assert again == [gone]
    assert len(templates.take_changes()) == 1


@pytest.mark.slow
@given(st.lists(st.text(alphabet="ab 1=x", max_size=12), max_size=60))
def test_every_line_has_a_living_template_and_the_same_line_always_the_same_one(
    lines: list[str],
) -> None:
    templates = Templates(relax_at=2)

    ids = templates.learn(lines)

    again = templates.learn(lines)
    assert [templates.resolve(each) for each in ids] == [templates.resolve(each) for each in again]
    assert all(templates.get(each) is not None for each in ids)


_SENTENCES = st.lists(st.sampled_from("abcd1"), min_size=2, max_size=4).map(" ".join)


@pytest.mark.slow
@given(st.lists(_SENTENCES, max_size=120), st.integers(1, 8), st.integers(1, 4))
def test_small_limits_break_nothing_and_a_template_covers_its_lines(
    lines: list[str], most: int, outlines: int
) -> None:
    templates = Templates(most=most, outlines=outlines, relax_at=2)

    for line in lines:
        (found,) = templates.learn([line])

        template = templates.get(found)
        assert template is not None
        assert template.id == templates.resolve(found)
        assert len(templates) <= most
        pairs = zip(template.words, tokens(line)[0], strict=True)
        assert all(known in (WILD, word) for known, word in pairs)


def test_a_template_with_two_values_knows_its_first_line_again() -> None:
    templates = Templates(outlines=1, relax_at=2)
    lines = [f"{one} to {other}" for one in ("ann", "bob") for other in ("rome", "oslo")]
    first, *_ = templates.learn(lines)
    assert len(templates) == 1

    again = templates.learn(lines)

    assert {templates.resolve(each) for each in again} == {templates.resolve(first)}
    assert len(templates) == 1


def test_a_template_that_a_wider_one_covers_becomes_part_of_it() -> None:
    templates = Templates(relax_at=2)
    wide, *_ = templates.learn(["x p k", "x q k", "x p m", "x q m"])
    assert _text(templates, wide) == "x <*> <*>"

    templates.learn(["x r n", "x s n"])

    assert len(templates) == 1
    assert _text(templates, wide) == "x <*> <*>"
