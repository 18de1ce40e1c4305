"""What services wrote is found by what it means, over rotated and packed files, and as it comes."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.flows.conftest import Box

pytestmark = pytest.mark.slow

SHOP = """\
import json, sys, time
for number in range(400):
    bad = number % 100 == 0
    print(json.dumps({
        "level": "error" if bad else "info", "msg": f"order {number} taken",
        "status": 503 if bad else 200, "trace_id": f"{number % 50:032x}",
    }), flush=True)
print("ERROR it broke", file=sys.stderr)
sys.stderr.flush()
try:
    1 / 0
except ZeroDivisionError:
    import traceback
    traceback.print_exc()
"""


@pytest.fixture
def shop(agent: Box, tmp_path: Path) -> Box:
    """An agent with a service that wrote more than one file."""
    program = tmp_path / "shop.py"
    program.write_text(SHOP)
    agent.apply(
        f"""
        [services.shop]
        exec = ["{sys.executable}", "{program}"]
        type = "oneshot"
        log = {{ max_size = "8KiB", compress = true, keep = 50 }}
        [services.quiet]
        exec = ["true"]
        type = "oneshot"
        """
    )
    agent.ok("wait", "shop", "--for", "done")
    return agent


def records(shop: Box, *args: str) -> list[dict[str, Any]]:
    found = json.loads(shop.ok("logs", "shop", "-o", "json", *args).out)
    assert isinstance(found, list)
    return found


def test_records_are_found_by_what_they_mean(shop: Box) -> None:
    bad = records(shop, "--where", "status>=500", "-n", "100")
    traced = records(shop, "--trace", f"{7:032x}", "-n", "100")
    errors = records(shop, "--level", "error", "-n", "100")

    assert [each["message"] for each in bad] == [f"order {n} taken" for n in (0, 100, 200, 300)]
    assert bad[0]["fields"]["status"] == 503
    assert [each["level"] for each in bad] == ["error"] * 4
    assert len(traced) == 8
    assert [each["text"].splitlines()[-1] for each in errors if each["stream"] == "stderr"] == [
        "ZeroDivisionError: division by zero"
    ]


def test_a_record_of_many_lines_is_shown_as_it_was_written(shop: Box) -> None:
    shown = shop.ok("logs", "shop", "--level", "error", "--stream", "stderr").out

    assert shown.startswith("ERROR it broke\nTraceback (most recent call last):\n  File ")


def test_the_sum_of_it_says_how_much_of_which_level_and_what_most_often(shop: Box) -> None:
    (found,) = json.loads(shop.ok("logs", "shop", "--stats", "-o", "json").out)
    shown = shop.ok("logs", "--stats").out

    assert found["levels"] == {"info": 396, "error": 5}
    assert found["records"] == 401
    assert found["templates"][0] == {"count": 400, "template": "order <*> taken"}
    assert "order <*> taken" in shown
    assert "quiet: 0 lines" in shown


def test_what_makes_no_sense_is_refused(shop: Box) -> None:
    unclear = shop.cli("logs", "shop", "--where", "status >>")
    both = shop.cli("logs", "shop", "--stats", "-f")

    assert (unclear.status, both.status) == (2, 2)
    assert "is no number" in unclear.err


def test_records_are_followed(agent: Box) -> None:
    agent.apply(
        """
        [services.say]
        exec = ["sh", "-c", "while :; do echo '{\\"level\\":\\"error\\",\\"n\\":1}'; \
echo '{\\"level\\":\\"info\\"}'; sleep 0.05; done"]
        """
    )
    following = subprocess.Popen(
        [sys.executable, "-m", "svcctl", "logs", "say", "-f", "-n", "0", "--level", "error"],
        stdout=subprocess.PIPE,
        env=agent.environ(),
    )
    assert following.stdout
    with following, following.stdout as said:
        lines = [said.readline() for _ in range(3)]
        following.terminate()

    assert lines == [b'{"level":"error","n":1}\n'] * 3
