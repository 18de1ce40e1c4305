"""What services write to the journal alone is read here and from elsewhere alike."""

from __future__ import annotations

from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.system.systemd.conftest import until
from tests.system.systemd.remote import Served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.xdist_group("systemd"),
]

WRITES = """
import os, sys, time
name = sys.argv[1]
print(f"INFO {name} begins", flush=True)
try:
    raise ValueError(name)
except ValueError:
    import traceback
    traceback.print_exc()
print('{"level": "warning", "msg": "json of ' + name + '", "tries": 3}', flush=True)
print(f"<3>{name} is grave", flush=True)
print("x" * 20_000, flush=True)
number = 0
while True:
    time.sleep(0.05)
    if os.path.exists("/srv/jot-on"):
        number += 1
        print(f"ERROR {name} {number}" if number % 2 else f"INFO {name} {number}", flush=True)
"""

SPEC = """
[services.{prefix}-plain]
exec = ["/usr/bin/python3", "-u", "/srv/jot.py", "plain"]
host = false

[services.{prefix}-hosted]
exec = ["/usr/bin/python3", "-u", "/srv/jot.py", "hosted"]
log.to = "journal"
"""

CHOICES: list[tuple[list[str], dict[str, object], list[str]]] = [
    (["--level", "error"], {"level": "error"}, ["Traceback", "is grave"]),
    (["--level", "warning", "-n", "2"], {"level": "warning", "lines": 2}, ["json", "is grave"]),
    (["--grep", "begins|grave"], {"grep": "begins|grave"}, ["begins", "is grave"]),
    (["--where", "tries=3"], {"where": "tries=3"}, ["json"]),
    (["--since", "1h", "--level", "error"], {"since": "1h", "level": "error"}, ["Tr", "is gr"]),
    (["--since", "2100-01-01"], {"since": "2100-01-01"}, []),
    (["-n", "1"], {"lines": 1}, ["x" * 20_000]),
]
"""What is asked for here, from elsewhere, and what the texts of the items have in them."""


def write(served: Served, prefix: str) -> list[str]:
    """Start two services that write, and wait to write more; give their names."""
    served.host.run("rm", "-f", "/srv/jot-on")
    served.host.write("/srv/jot.py", WRITES)
    served.host.apply(SPEC.format(prefix=prefix))
    names = [f"{prefix}-hosted", f"{prefix}-plain"]
    for name in names:
        until(partial(_has_written, served, name), what=f"{name} wrote")
    return names


def _has_written(served: Served, name: str) -> bool:
    return "x" * 1000 in served.host.svcctl("logs", name)


def there(served: Served, shown: str, *queries: dict[str, object]) -> list[Any]:
    """Give the items that an asker from elsewhere gets for each of *queries*."""
    paths = (f"/v1/logs?{urlencode(each, doseq=True)}" for each in queries)
    answers = served.ask(shown, *(("GET", path) for path in paths))
    assert {status for status, _ in answers} == {200}, answers
    return [said["items"] for _, said in answers]


def test_lines_are_chosen_alike_here_and_from_elsewhere(served: Served) -> None:
    viewer = served.token("looks", "--roles", "viewer")
    names = write(served, "jot")
    about: list[list[str]] = [*([each] for each in names), names]
    queries = [(each, *choice) for each in about for choice in CHOICES]

    asked = ({"service": each, "records": "true", **query} for each, _, query, _ in queries)
    far = there(served, viewer, *asked)
    (sums,) = there(served, viewer, {"service": names, "stats": "true"})
    stream, place = served.ask(
        viewer,
        ("GET", "/v1/logs?service=jot-plain&stream=stderr"),
        ("GET", "/v1/logs?service=jot-plain&after=jot-plain/stdout%3D1.2"),
    )

    for (each, words, _, texts), items in zip(queries, far, strict=True):
        assert items == served.host.json("logs", *each, *words)
        if len(each) == 1:
            assert len(items) == len(texts)
            assert all(part in item["text"] for part, item in zip(texts, items, strict=True))
    sums.sort(key=lambda each: each["service"])  # they come by time
    assert sums == served.host.json("logs", *names, "--stats")
    assert [(each["service"], each["levels"]["error"]) for each in sums] == [
        (name, 2) for name in names
    ]
    assert (stream[0], place[0]) == (400, 400)
    assert "does not tell stderr from stdout" in stream[1]["detail"]
    assert "is no place in the journal" in place[1]["detail"]


def test_who_follows_the_journal_from_elsewhere_misses_nothing_and_leaves_nothing_behind(
    served: Served,
) -> None:
    viewer = served.token("looks", "--roles", "viewer")
    names = write(served, "pad")
    for name in names:
        query = {"service": name, "grep": "(ERROR|INFO) [a-z]+ [0-9]", "lines": 0}
        served.follow(viewer, urlencode(query), into=f"/srv/{name}-all")
        bad = {"service": name, "level": "error", "lines": 0}
        served.follow(viewer, urlencode(bad), into=f"/srv/{name}-bad")

    def readers() -> int:
        return int(served.host.sh("pgrep -fc 'journalctl.*[f]ollow'", check=False))

    def seen(name: str, which: str) -> list[int]:
        said = (served.host.root / f"srv/{name}-{which}").read_text()
        whole = [each for each in said.splitlines(keepends=True) if each.endswith("\n")]
        return [int(each.split()[-1]) for each in whole]

    def is_followed(name: str) -> bool:
        return len(seen(name, "bad")) > 20

    until(lambda: readers() >= 2 * len(names), what="all follow the journal")
    served.host.sh("touch /srv/jot-on")
    for name in names:
        until(partial(is_followed, name), what=f"{name} is followed")
    plain = names[1]
    ((first, *_),) = there(served, viewer, {"service": plain, "grep": "plain 7", "places": "true"})
    (behind,) = there(served, viewer, {"service": plain, "after": first["place"]})
    served.host.sh("kill $(pgrep -f '[f]ollow.py')")

    for name in names:
        every, bad_ones = seen(name, "all"), seen(name, "bad")
        assert every == list(range(1, len(every) + 1))
        assert bad_ones == list(range(1, 2 * len(bad_ones), 2))
    numbers = [int(each["text"].split()[-1]) for each in behind]
    assert numbers == list(range(8, 8 + len(numbers)))
    until(lambda: readers() == 0, what="no journalctl is left")
