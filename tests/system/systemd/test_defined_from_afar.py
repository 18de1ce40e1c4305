"""Services that systemd keeps, defined from elsewhere: what is signed goes where local files go."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.system.systemd.remote import Served

pytestmark = [
    pytest.mark.slow,
    pytest.mark.needs_root,
    pytest.mark.xdist_group("systemd"),
]

SIGNED = """
signed_specs = {on}
host = "lab-1"
spec_keys = {{ release = "{key}" }}
"""

SPEC = """
[services.sent-hosted]
exec = ["sh", "-c", "echo hosted {turn}; exec sleep 1000"]

[services.sent-plain]
exec = ["sh", "-c", "echo plain {turn}; exec sleep 1000"]
host = false
"""

NAMES = ["sent-hosted", "sent-plain"]


class Release:
    """Who signs definitions: a key, and a count that grows."""

    def __init__(self, served: Served) -> None:
        self._host = served.host
        self._host.sh("rm -f /srv/release.key")
        self.key = self._host.run("svcctl", "spec", "keygen", "/srv/release.key").stdout.strip()
        self._count = 0

    def sign(self, text: str, *, host: str = "lab-1") -> tuple[str, str, dict[str, Any]]:
        """Give what is to be asked for to have *text* applied."""
        self._count += 1
        self._host.write("/srv/sent.toml", text)
        words = ["--key", "/srv/release.key", "--as", "release", "--host", host]
        said = self._host.run(
            *("svcctl", "spec", "sign", "/srv/sent.toml", *words, "--counter", str(self._count))
        ).stdout
        return "POST", "/v1/apply", {"bundle": json.loads(said), "timeout": "240s"}


def test_a_deployer_has_systemd_keep_what_is_signed_from_the_first_start_to_a_change(
    served: Served,
) -> None:
    release = Release(served)
    served.let_in(SIGNED.format(on="true", key=release.key))
    deployer = served.token("ci", "--roles", "deployer")
    first, second = (release.sign(SPEC.format(turn=turn)) for turn in ("first", "second"))
    looks = [("GET", f"/v1/services/{name}") for name in NAMES]

    installed, *before = served.ask(deployer, first, *looks)
    stopped, started = served.ask(
        deployer,
        ("POST", "/v1/stop", {"service": NAMES, "timeout": "240s"}),
        ("POST", "/v1/start", {"service": NAMES, "timeout": "240s"}),
    )
    changed, again, *after = served.ask(deployer, second, second, *looks)

    assert [installed[0], stopped[0], started[0], changed[0], again[0]] == [200, 200, 200, 200, 409]
    assert [(each["service"], each["change"], each["action"]) for each in _plan(installed)] == [
        (name, "created", "start") for name in NAMES
    ]
    assert [(each["service"], each["change"], each["action"]) for each in _plan(changed)] == [
        (name, "changed", "restart") for name in NAMES
    ]
    for name, (_, old), (_, new) in zip(NAMES, before, after, strict=True):
        (was,), (now,) = old["result"], new["result"]
        assert (was["phase"], was["manager"]) == ("running", "systemd")
        assert (now["phase"], now["pid"] != was["pid"]) == ("running", True)
        assert served.host.show(name, "ActiveState") == "active"
        assert served.host.show(name, "UnitFileState") == "enabled"
    assert "second" in served.host.show("sent-plain", "ExecStart")


def test_what_is_signed_is_removed_by_an_admin_but_what_the_service_itself_keeps(
    served: Served,
) -> None:
    release = Release(served)
    served.let_in(SIGNED.format(on="true", key=release.key))
    deployer, admin = (
        served.token(f"of-{each}", "--roles", each) for each in ("deployer", "admin")
    )
    removal = ("POST", "/v1/remove", {"service": NAMES, "logs": True, "timeout": "240s"})

    installed, refused = served.ask(deployer, release.sign(SPEC.format(turn="once")), removal)
    removed, unknown = served.ask(admin, removal, ("GET", f"/v1/services/{NAMES[0]}"))

    assert [installed[0], refused[0], removed[0], unknown[0]] == [200, 403, 200, 404]
    kept = ["/var/lib/svcctl/services/sent-plain"]
    for name, left in zip(NAMES, ([], kept), strict=True):
        served.host.await_without_traces(name, but=left)
    said = served.host.json("audit", "--verb", "remove")
    from_afar = {(each["actor"], each["outcome"]) for each in said if each["actor"] != "uid:0"}
    assert from_afar == {
        ("token:of-deployer", "asked"),
        ("token:of-deployer", "SVC-1500"),
        ("token:of-admin", "asked"),
        ("token:of-admin", "done"),
    }


def test_who_may_not_or_signs_for_others_defines_nothing_and_it_is_written_down(
    served: Served,
) -> None:
    release = Release(served)
    served.let_in(SIGNED.format(on="true", key=release.key))
    deployer, operator = (
        served.token(f"as-{each}", "--roles", each) for each in ("deployer", "operator")
    )
    spec = SPEC.replace("sent-", "unsent-")
    good = release.sign(spec)
    for_others = release.sign(spec, host="lab-2")
    unsigned = ("POST", "/v1/apply", {"services": [{"name": "sent-plain", "spec": {}}]})

    (not_allowed,) = served.ask(operator, good)
    elsewhere, bare = served.ask(deployer, for_others, unsigned)
    served.let_in(SIGNED.format(on="false", key=release.key))
    (turned_off,) = served.ask(deployer, good)

    assert [not_allowed[0], elsewhere[0], bare[0], turned_off[0]] == [403, 403, 400, 403]
    assert "for 'lab-2', and this is 'lab-1'" in elsewhere[1]["detail"]
    assert "signed_specs = true" in turned_off[1]["hint"]
    assert served.host.traces("unsent-") == []
    said = served.host.json("audit", "--verb", "apply-signed")
    ended = [(each["actor"], each["target"]) for each in said if each["outcome"] == "SVC-1500"]
    named = "unsent-hosted unsent-plain"
    assert sorted(ended) == [
        ("token:as-deployer", named),
        ("token:as-deployer", named),
        ("token:as-operator", named),
    ]


def _plan(answer: tuple[int, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = answer[1]["result"]["plan"]
    return found
