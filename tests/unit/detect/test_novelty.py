"""A new template is news once the usual ones are known, and never a flood."""

from __future__ import annotations

import json

import pytest

from svcctl.detect.finding import What
from svcctl.detect.novelty import Novelty, NoveltyPolicy
from svcctl.detect.templates import Templates, TemplateSeen


def _seen(line: str) -> TemplateSeen:
    templates = Templates()
    templates.learn([line])
    (seen,) = templates.take_changes()
    assert isinstance(seen, TemplateSeen)
    return seen


def _learnt() -> Novelty:
    novelty = Novelty()
    novelty.count(10_000, at=0.0)
    return novelty


def test_after_enough_lines_a_new_template_is_told_with_its_line() -> None:
    seen = _seen("disk 3 is on fire")

    found = _learnt().judge(seen, at=60.0)

    assert found is not None
    assert (found.what, found.subject) == (What.NEW_TEMPLATE, "disk <*> is on fire")
    assert found.pattern == seen.template.id
    assert found.observed == "a line never seen before: 'disk 3 is on fire'"
    assert found.expected == "one of the templates of 10000 lines"


def test_while_it_learns_all_is_new_and_nothing_told() -> None:
    novelty = Novelty()
    assert novelty.judge(_seen("a b"), at=0.0) is None

    novelty.count(9_999, at=0.0)

    assert novelty.judge(_seen("a b"), at=86_399.0) is None
    assert novelty.judge(_seen("a b"), at=86_400.0) is not None


def test_of_many_in_an_hour_a_few_are_told_and_the_rest_counted() -> None:
    novelty = Novelty(NoveltyPolicy(most_an_hour=2))
    novelty.count(10_000, at=0.0)

    told = [novelty.judge(_seen("a b"), at=float(at)) for at in (1, 2, 3, 4, 3_700)]

    assert [bool(each) for each in told] == [True, True, False, False, True]
    assert told[4] is not None
    assert told[4].observed.endswith(", and 2 other new templates before it")


def test_what_was_learnt_survives_as_json() -> None:
    novelty = Novelty()

    novelty.restore(json.loads(json.dumps(_learnt().state())))

    assert novelty.judge(_seen("a b"), at=1.0) is not None


def test_what_is_no_state_is_refused() -> None:
    with pytest.raises(ValueError, match="no state of novelty"):
        Novelty().restore({"version": 0})
