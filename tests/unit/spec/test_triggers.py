"""What a definition may name as a trigger is what the SCM can be told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from svcctl.errors import SpecError
from svcctl.spec.grammar import TRIGGERS, check_trigger
from svcctl.spec.native import Trigger
from svcctl.system.windows.scm_triggers import scm_trigger

RESTS = st.sampled_from(("", ":80/tcp", ":53/udp", ":0/tcp", ":80", ":x", ":")) | st.uuids().map(
    lambda each: f":{each}"
)


def is_known(on: str) -> bool:
    try:
        check_trigger(on)
    except SpecError:
        return False
    return True


@given(word=st.sampled_from(TRIGGERS), rest=RESTS)
def test_what_a_definition_may_name_the_scm_takes(word: str, rest: str) -> None:
    on = word + rest

    if is_known(on):
        assert scm_trigger(Trigger(on=on)).subtype


def test_every_trigger_can_be_named() -> None:
    texts = [f"{word}{rest}" for word in TRIGGERS for rest in ("", ":80/tcp", f":{'1' * 32}")]

    assert {each.partition(":")[0] for each in texts if is_known(each)} == set(TRIGGERS)
