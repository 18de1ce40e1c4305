"""A process learns from its manager which copy of which service it is."""

from __future__ import annotations

import pytest

from svcctl.sdk.instance import Instance, numbered, this_instance


def test_without_a_manager_it_is_the_only_copy() -> None:
    found = this_instance("mailer", {})

    assert found == Instance(service="mailer", name="mailer")
    assert found.shown == ""


@pytest.mark.parametrize(
    ("told", "number"), [("mail-eu", 1), ("mail-eu.2", 2), ("mail-eu.17", 17), ("", 1)]
)
def test_the_manager_has_the_last_word(told: str, number: int) -> None:
    found = this_instance("mailer", {"SVCCTL_SERVICE": "mail-eu", "SVCCTL_INSTANCE": told})

    assert (found.service, found.name, found.number) == ("mail-eu", told or "mail-eu", number)
    assert found.shown == found.name


@pytest.mark.parametrize("number", [1, 2])
def test_a_person_can_say_it_as_a_manager_does(number: int) -> None:
    assert this_instance("mailer", numbered("mailer", number)).number == number
