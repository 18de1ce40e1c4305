"""An agent that is killed again and again while it ships: every line arrives, few come twice."""

from __future__ import annotations

import random
from collections import Counter

from tests.faults.trial import Effort
from tests.flows.conftest import Box, until
from tests.flows.ship import stands
from tests.flows.ship.stands import Stand

PATIENCE = 300.0  # seconds
BATCH = 50

WRITER = """
import sys, time
for number in range(int(sys.argv[1])):
    print(f"line {number:06d} " + "x" * 40, flush=True)
    if number % 20 == 19:
        time.sleep(0.02)
time.sleep(1000)
"""
SERVICE = """
[services.web]
exec = ["python3", "-c", '''{writer}''', "{lines}"]
log = {{ max_size = "16KiB", keep = 20 }}

[shipping.lake]
kind = "loki"
url = "{url}"
batch = {{ count = {batch}, wait = "20ms" }}
"""


def test_every_line_arrives_and_repeats_are_bounded_and_counted(
    box: Box, effort: Effort, chance: random.Random
) -> None:
    kills, lines = effort.of(60, bounded=3), effort.of(60_000, bounded=3_000)
    with stands.over_http(Stand(), stands.loki) as stand:
        box.start_agent()
        text = SERVICE.format(writer=WRITER, lines=lines, url=stand.url, batch=BATCH)
        box.apply(text)
        for kill in range(kills):
            share = (kill + chance.random()) / kills
            until(lambda: len(stand.taken) >= share * lines * 0.9, within=PATIENCE, what="some")  # noqa: B023 - it is waited for here
            stand.moods.extend([503] * chance.randrange(3))
            box.kill_agent()
            box.start_agent()
        until(lambda: len(set(stand.texts)) == lines, within=PATIENCE, what="every line arrives")
        (row,) = box.ok("shipping", "-o", "json").json()

    found = Counter(stand.texts)
    numbers = [int(each.split()[1]) for each in dict.fromkeys(stand.texts)]
    repeats = found.total() - lines
    assert stand.wrong == []
    assert numbers == list(range(lines))
    assert repeats <= row["repeated"] <= kills * BATCH
    assert row["lost"] == row["set_aside"] == 0


def test_a_receiver_that_knows_ids_has_every_line_once(box: Box, effort: Effort) -> None:
    lines = effort.of(20_000, bounded=1_000)
    with stands.over_http(Stand(), stands.elasticsearch) as stand:
        box.start_agent()
        text = SERVICE.format(writer=WRITER, lines=lines, url=stand.url, batch=BATCH)
        box.apply(text.replace("loki", "elasticsearch"))
        for share in (0.2, 0.5):
            until(lambda: len(stand.taken) >= share * lines, within=PATIENCE, what="some")  # noqa: B023 - as above
            box.kill_agent()
            box.start_agent()
        until(lambda: len(stand.taken) >= lines, within=PATIENCE, what="every line arrives")

    numbers = [int(each.split()[1]) for each in stand.texts]
    assert stand.wrong == []
    assert numbers == list(range(lines))
