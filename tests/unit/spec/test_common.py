"""What is said once for all services has one list of tables, whoever asks."""

from __future__ import annotations

from svcctl.app.verbs import find
from svcctl.spec.common import CommonSpec
from svcctl.spec.names import FOR_ALL
from svcctl.spec.shape import members


def test_every_table_is_known_to_the_loader_and_to_the_verb_that_takes_it_over() -> None:
    apply = find("apply")

    assert apply is not None
    assert tuple(members(CommonSpec)) == FOR_ALL
    assert set(FOR_ALL) < {each.name for each in apply.args}
