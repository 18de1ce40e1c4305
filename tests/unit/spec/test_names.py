"""The nearest of the words there are is found, and never looked for long."""

from __future__ import annotations

from svcctl.spec.names import did_you_mean, nearest


def test_the_nearest_word_is_named_whatever_its_letter_case() -> None:
    assert nearest("Exce", ["exec", "env", "user"]) == "exec"
    assert did_you_mean("wbe", ["web", "db"]) == "did you mean 'web'?"


def test_what_resembles_nothing_gets_no_hint() -> None:
    assert did_you_mean("zzz", ["web", "db"]) == ""


def test_of_very_many_words_those_that_begin_alike_are_looked_at() -> None:
    many = [f"service-{number}" for number in range(20_000)]

    assert nearest("web-frnot", [*many, "web-front"]) == "web-front"


def test_a_very_long_word_is_looked_at_in_part() -> None:
    assert nearest("web" * 1_000_000, ["web", "db"]) == ""
