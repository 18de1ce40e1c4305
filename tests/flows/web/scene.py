"""A host on which all kinds of things have happened, for pages that show them."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from svcctl.app.access import Access
from svcctl.app.arguments import Arguments
from svcctl.app.dispatch import Deed, Dispatch
from svcctl.app.rights import Rights
from svcctl.app.verbs import VERBS
from svcctl.app.waiting import Emit
from svcctl.ports import AuditEntry
from svcctl.spec import canonical
from svcctl.spec.access import AccessSpec
from svcctl.spec.canonical import parse_table
from svcctl.spec.service import ServiceSpec
from svcctl.system.clock import SystemClock
from svcctl.testing.fakes import FakeStore
from svcctl.wire import Selection
from tests.flows.web.stand import Front, in_a_thread

Document = dict[str, Any]

SERVICES = {
    "postgres": ("running", {}, ""),
    "redis": ("running", {}, ""),
    "orders": ("running", {"postgres": "ready", "redis": "ready"}, ""),
    "billing": ("backoff", {"postgres": "ready"}, "exit code 3"),
    "mailer": ("failed", {"redis": "started"}, "gave up after 5 failures; the last: exit code 1"),
    "web": ("running", {"orders": "ready", "billing": "started"}, ""),
    "reports": ("stopped", {"postgres": "ready"}, "asked"),
}
"""Each with its phase, what it needs, and why it is so."""


@dataclass
class Scene:
    """What verbs answer, and what was asked: verb, names and arguments.

    *access* is who says who may, once there is somebody to ask.
    """

    answers: dict[str, object]
    events: list[Document]
    asked: list[tuple[str, tuple[str, ...], Document]] = field(default_factory=list)
    rows: list[AuditEntry] = field(default_factory=list)
    access: Access | None = None

    def record(self, entry: AuditEntry) -> None:
        """Keep a row of the audit log."""
        self.rows.append(entry)

    def give(self, table: Document) -> None:
        """Have ``[access]`` say *table* from now on."""
        assert self.access is not None
        self.access.keep({"spec": canonical.dump(parse_table(table, AccessSpec))})

    def dispatch(self) -> Dispatch:
        """Give what carries verbs out, for whoever has the role."""
        deeds = {verb.name: self._answering(verb.name) for verb in VERBS}
        specs = {name: ServiceSpec(name=name, exec=("true",)) for name in SERVICES}
        access = Access(store=FakeStore(), specs=lambda: specs, owners=None)
        self.access = access
        deeds["may"] = Rights(access, lambda: specs).may
        return Dispatch(deeds, authority=access, audit=self, clock=SystemClock())

    def _answering(self, name: str) -> Deed:
        async def answer(selection: Selection, args: Arguments, emit: Emit) -> object:
            given = {key: value for key, value in args.values.items() if value is not None}
            self.asked.append((name, selection.names, given))
            if name == "events":
                for event in self.events:
                    emit(event)
            if given.get("follow"):
                await asyncio.Event().wait()
            found = self.answers.get(name, {})
            if name == "status" and selection.names:
                assert isinstance(found, list)
                found = [each for each in found if each["service"] in selection.names]
            return found

        return answer


@contextmanager
def staged(scene: Scene) -> Iterator[Front]:
    """Serve *scene*, from a thread."""
    front = Front(scene.dispatch())
    with in_a_thread(front.open):
        yield front


def scene(now: float | None = None) -> Scene:
    """Give a scene that ends *now* (seconds since 1970)."""
    at = time.time() if now is None else now
    found = {
        "status": [_status(name, at) for name in SERVICES],
        "tree": {
            "services": {
                name: {
                    "needs": needs,
                    "after": ["reports"] if name == "web" else [],
                    "phase": phase,
                }
                for name, (phase, needs, _) in SERVICES.items()
            }
        },
        **{name: [] for name in ("health", "config", "config-history")},
        **_definition(),
        **_past(at),
        **_alerts(at),
        **_findings(at),
        **_healing(at),
        **_access(at),
    }
    return Scene(answers=found, events=list(_events(at)))


def _status(name: str, at: float) -> Document:
    phase, _, reason = SERVICES[name]
    runs = phase == "running"
    return {
        "service": name,
        "instance": name,
        "phase": phase,
        "ready": runs,
        "live": None,
        "pid": 4000 + len(name) if runs else None,
        "started_at": at - 7_000 if runs else None,
        "restarts": 5 if phase in {"backoff", "failed"} else 0,
        "exit_code": None if runs else 1,
        "exit_signal": None,
        "manager": "agent",
        "spec_revision": "3f9a77c01d2e",
        "applied": True,
        "enabled": True,
        "cpu": 1.5 if runs else None,
        "memory_bytes": 35_000_000 if runs else None,
        "processes": 2 if runs else None,
        "reason": reason,
        "status_text": "",
        "next_at": at + 4 if phase == "backoff" else None,
        "groups": ["shop"],
        "labels": {"tier": "back" if name in {"postgres", "redis"} else "front"},
        "description": f"the {name} of the shop",
    }


def _definition() -> dict[str, object]:
    """Give the definition of every service, whose file was changed since it was applied."""
    written = {"layer": "file", "file": "/etc/svcctl/shop.toml", "line": 12, "column": 1}
    places = {"applied_from": written, "on_disk_from": written}
    spec = {"exec": ["/srv/shop/web", "--port", "8080"], "env": {"TOKEN": "***"}}
    return {
        "show": [
            {
                "name": "web",
                "spec": {**spec, "stop": {"timeout": 15.0}},
                "origins": {"exec": written, "env.TOKEN": written},
                "revision": "3f9a77c01d2e",
                "sources": {"/etc/svcctl/shop.toml": "0" * 64},
                "enabled": True,
            }
        ],
        "drift": [
            {
                "service": "web",
                "state": "changed",
                "files": ["/etc/svcctl/shop.toml"],
                "problem": "",
                "hint": "",
                "needs_restart": True,
                "options": [
                    {
                        "option": "exec",
                        "change": "changed",
                        "applied": spec["exec"],
                        "on_disk": ["/srv/shop/web", "--port", "9090"],
                        **places,
                    },
                    {
                        "option": "env.REGION",
                        "change": "added",
                        "applied": None,
                        "on_disk": "***",
                        **places,
                        "applied_from": {},
                    },
                    {
                        "option": "stop.timeout",
                        "change": "removed",
                        "applied": 4.0,
                        "on_disk": 15.0,
                        **places,
                        "on_disk_from": {},
                    },
                ],
            }
        ],
    }


def _past(at: float) -> dict[str, object]:
    """Give what the service ``web`` used within the hour, and one error it did not handle."""
    rows = [[at - 60 * n, 2.0 + n % 7, 35_000_000 + 90_000 * n, 4, 12] for n in range(60, 0, -1)]
    return {
        "history": {"since": at - 3_600, "until": at, "instances": {"web": rows}},
        "crashes": [
            {
                "id": "9d1e3a70",
                "at": at - 2_400,
                "instance": "web",
                "where": "shop.web.checkout",
                "kind": "ZeroDivisionError",
                "message": "division by zero",
                "problem": "",
            }
        ],
    }


def _events(at: float) -> Iterator[Document]:
    told: list[tuple[str, str, float, Document]] = [
        ("AgentStarted", "", 7_100, {"pid": 1200, "adopted": 0}),
        *(
            ("PhaseChanged", name, 7_000 - 10 * number, {"old": "starting", "new": "running"})
            for number, name in enumerate(SERVICES)
        ),
        ("InstanceExited", "mailer", 900, {"pid": 77, "code": 1, "signal": None, "uptime": 4.0}),
        ("PhaseChanged", "mailer", 899, {"old": "running", "new": "failed"}),
        ("PhaseChanged", "billing", 90, {"old": "running", "new": "backoff"}),
        ("PhaseChanged", "reports", 1_500, {"old": "running", "new": "stopped"}),
        ("ProbeFailed", "web", 2_400, {"purpose": "live", "probe": "http", "problem": "HTTP 503"}),
        ("PhaseChanged", "web", 2_399, {"old": "running", "new": "starting"}),
        ("PhaseChanged", "web", 2_300, {"old": "starting", "new": "running"}),
        ("AlertTold", "", 890, {"channel": "ops", "title": "P0 mailer is down", "tries": 1}),
        ("AlertUndelivered", "", 880, {"channel": "wall", "problem": "HTTP 503", "tries": 9}),
    ]
    told.sort(key=lambda each: -each[2])
    for number, (kind, service, ago, fields) in enumerate(told, start=1):
        said = {"reason": "", **fields} if kind == "PhaseChanged" else fields
        yield {
            "number": number,
            "at": at - ago,
            "kind": kind,
            "service": service,
            "instance": service,
            "fields": said,
        }


def _alerts(at: float) -> dict[str, object]:
    def alert(number: int, priority: str, name: str, service: str, summary: str) -> Document:
        return {
            "id": f"{number}f9a77c01d2e4b5a",
            "alert": name,
            "priority": priority,
            "service": service,
            "instance": service,
            "labels": {"service": service, "pattern": "new_template 5"} if number == 3 else {},
            "summary": summary,
            "details": "the last lines of its log are below" if number == 1 else "",
            "samples": ["ERROR smtp: connection refused"] if number == 1 else [],
            "began": at - 900 / number,
            "ended": None,
            "state": "muted" if number == 4 else "firing",
            "why_muted": "silence 2" if number == 4 else "",
        }

    channels = {"ops": {"kind": "webhook"}, "wall": {"kind": "alertmanager"}}
    return {
        "alerts": {
            "alerts": [
                alert(1, "P0", "service-down", "mailer", "mailer failed: exit code 1"),
                alert(2, "P1", "service-restarting", "billing", "billing restarts again and again"),
                alert(3, "P2", "new-template", "orders", "a line never seen: payment declined"),
                alert(4, "P2", "memory", "web", "web uses 900 MiB"),
            ],
            "under_way": {"wall": 2},
        },
        "ack": {"id": "1f9a77c01d2e4b5a", "summary": "mailer failed: exit code 1"},
        "silence-list": [_silence(2, at)],
        "silence-add": _silence(3, at),
        "silence-end": {"number": 2},
        "alert-show": {
            "spec": {
                "alerting": {
                    "channels": channels,
                    "priorities": {
                        "P0": {"channels": ["ops", "wall"]},
                        "P1": {"channels": ["ops"]},
                    },
                }
            }
        },
        "alert-test": {"channel": "ops", "ok": True, "problem": "", "hint": "", "seconds": 0.1},
    }


def _silence(number: int, at: float) -> Document:
    return {
        "number": number,
        "match": ["service=web", "alert=memory"],
        "begins": at - 600,
        "ends": at + 6_600,
        "every": None,
        "who": "token:ann",
        "why": "bigger machine tomorrow",
        "holds": True,
    }


def _findings(at: float) -> dict[str, object]:
    finding = {
        "id": "5d1e3a70",
        "at": at - 500,
        "service": "orders",
        "instance": "orders",
        "kind": "new_template",
        "subject": "payment <*> declined",
        "pattern": "new_template 5",
        "observed": "12 lines within 1m",
        "expected": "none",
        "since": at - 500,
        "score": 0.93,
        "explanation": "orders writes lines never seen before: payment <*> declined",
        "samples": ["2026-11-21 ERROR payment 77 declined"],
        "state": "found",
        "ended": None,
    }
    return {
        "findings": {
            "findings": [finding],
            "quiet": [
                {
                    "id": "77aa01",
                    "pattern": "burst web",
                    "service": "web",
                    "at": at - 90_000,
                    "who": "token:ann",
                }
            ],
            "learnt": [
                {
                    "service": "orders",
                    "since": at - 400_000,
                    "lines": 1_204_551,
                    "templates": 88,
                    "sessions": 4,
                    "tells_of_lines": True,
                    "tells_of_sessions": False,
                    "learning_seconds": 86_400.0,
                    "read": 1.0,
                }
            ],
        },
        "finding-quiet": {"id": "5d1e3a70", "pattern": "new_template 5"},
        "finding-wake": {"id": "77aa01", "pattern": "burst web"},
    }


def _healing(at: float) -> dict[str, object]:
    wanted = {
        "service": "mailer",
        "instance": "mailer",
        "on": "service_down",
        "subject": "",
        "why": "mailer failed: exit code 1",
        "since": at - 890,
        "score": None,
        "deed": "restart",
        "by": "mailer.heal[0]",
        "now": False,
        "reason": "budget",
        "problem": "its budget of 2 in 1h is spent",
        "until": at + 2_000,
    }
    done = {
        "at": at - 2_000,
        "service": "mailer",
        "deed": "restart",
        "by": "mailer.heal[0]",
        "why": "mailer failed: exit code 1",
        "state": "done",
        "problem": "",
        "took": 1.4,
    }
    failed = done | {"at": at - 1_000, "state": "failed", "problem": "not within 30s: mailer"}
    ready = wanted | {"now": True, "problem": "", "until": None}
    ready |= {"service": "billing", "instance": "billing"}
    return {
        "healing": {
            "healing": {"enabled": True, "dry_run": True},
            "wanted": [wanted, ready],
            "done": [done, failed],
            "rehearsed": [{"at": at - 3_000, **wanted}],
        },
        "heal": [{**ready, "state": "done"}],
    }


def _access(at: float) -> dict[str, object]:
    def token(number: int, subject: str, role: str, state: str) -> Document:
        return {
            "id": f"{number}c0ffee0badcafe0",
            "subject": subject,
            "roles": [role],
            "issued_at": at - 3_000 * number,
            "expires_at": at + 600,
            "state": state,
        }

    outcomes = ("done", "SVC-1500", "given-up", "SVC-1800")
    rows = [
        {
            "number": number,
            "at": at - 5_000 + number,
            "asked": f"q{number}" if number % 2 else f"q{number - 1}",
            "actor": "token:ann" if number % 3 else "uid:0",
            "way": "http",
            "source": "10.0.0.7",
            "verb": "restart" if number % 4 else "stop",
            "target": "web",
            "args": '{"timeout": 30.0}',
            "reason": "new release" if number % 5 else "",
            "outcome": "asked" if number % 2 else outcomes[number // 2 % 4],
        }
        for number in range(1, 41)
    ]
    steps = [
        {"rule": "role operator", "verdict": "does not fit", "why": "not held", "at": ""},
        {"rule": "rules[1]", "verdict": "denies", "why": "no restarts", "at": "access.toml:7"},
    ]
    return {
        "audit": rows,
        "audit-verify": {"sound": True, "rows": 40, "head": "40:5f0c3b", "found": []},
        "access-show": {
            "spec": {
                "access": {
                    "roles": {"night-shift": {"like": "viewer", "verbs": ["restart", "reload"]}},
                    "bindings": [{"who": ["spiffe://example.org/ci/*"], "roles": ["deployer"]}],
                    "rules": [
                        {
                            "effect": "deny",
                            "verbs": ["stop"],
                            "services": ["db"],
                            "why": "ask first",
                        }
                    ],
                }
            }
        },
        "auth-explain": {"allowed": False, "reason": "no restarts", "steps": steps},
        "token-list": [
            token(1, "ann", "admin", "valid"),
            token(2, "ci", "deployer", "revoked"),
            token(3, "bob", "viewer", "expired"),
        ],
        "token-revoke": {"id": "1c0ffee0badcafe0", "subject": "ann", "state": "revoked"},
    }
