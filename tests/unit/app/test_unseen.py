"""Of a service that somebody may not see they are told what is told of one that is not there."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import pytest

from svcctl.app.access import Access
from svcctl.app.unseen import without_unseen
from svcctl.app.verbs import find
from svcctl.auth.identity import Identity, Proof, Way
from svcctl.cli.definitions import arguments
from svcctl.errors import Denied, SvcctlError, UnknownService
from svcctl.ports import Document
from svcctl.spec.load import load_files
from svcctl.spec.service import ServiceSpec
from svcctl.testing.fakes import FakeStore
from svcctl.wire import Selection

OPEN = {name: ServiceSpec(name=name, exec=("a",)) for name in ("api", "web")}
HIDDEN = {
    "vault": ServiceSpec(
        name="vault", exec=("a",), labels={"secret": "yes"}, groups=("safe",), instances=2
    )
}
Rule = tuple[str, tuple[str, ...]]
RULES: dict[str, Rule] = {
    "no role": ("[access]\nlocal = 'viewer'", ()),
    "a denial by label": (
        "[[access.rules]]\neffect = 'deny'\nlabels = ['secret=yes']",
        ("operator",),
    ),
    "a denial by name": ("[[access.rules]]\neffect = 'deny'\nservices = ['v*']", ("operator",)),
    "a role for some": (
        "[access.roles.web]\nlike = 'operator'\nservices = ['web', 'api']",
        ("web",),
    ),
    "a role by label": ("[access.roles.open]\nlike = 'operator'\nlabels = ['open=yes']", ("open",)),
}
ASKED = {
    "by its name": Selection(names=("vault",)),
    "an instance": Selection(names=("vault.2",)),
    "by a glob": Selection(names=("va*",)),
    "by its group": Selection(names=("@safe",)),
    "by its label": Selection(labels=("secret=yes",)),
    "beside another": Selection(names=("web", "vault")),
}


def answered(
    folder: Path, rule: Rule, services: dict[str, ServiceSpec], verb: str, selection: Selection
) -> tuple[str, str, str]:
    """Give what a stranger with the roles of *rule* is told: code, problem and hint."""
    text, roles = rule
    file = folder / "svcctl.toml"
    file.write_text(text)
    access = Access(store=FakeStore(), specs=lambda: services, owners=set())
    access.keep(cast("Document", arguments(load_files([file], environ={}))["access"]))
    who = Identity(actor="token:ci", way=Way.HTTP, proof=Proof.TOKEN, roles=roles)
    asked = find(verb)
    assert asked is not None
    try:
        access.insist(who, asked, selection, {})
        raise UnknownService(f"no service {selection.names[-1]!r}")  # as whoever is asked then says
    except SvcctlError as error:
        told = access.as_told(who, error) if isinstance(error, UnknownService) else error
        return told.code, told.problem, told.hint


@pytest.mark.parametrize("verb", ["status", "stop", "scale", "logs"])
@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("rule", RULES)
def test_it_is_as_if_it_were_not_there(tmp_path: Path, rule: str, asked: str, verb: str) -> None:
    there = answered(tmp_path, RULES[rule], OPEN | HIDDEN, verb, ASKED[asked])
    absent = answered(tmp_path, RULES[rule], OPEN, verb, ASKED[asked])

    assert there[:2] == absent[:2]
    assert "known:" not in there[2] or "vault" not in there[2].partition("known:")[2]


@pytest.mark.parametrize("verb", ["status", "stop"])
@pytest.mark.parametrize(
    "selection",
    [
        Selection(all=True),
        Selection(names=("*",)),
        Selection(names=("zz*",)),
        Selection(names=("@z",)),
    ],
)
def test_who_sees_nothing_is_told_no_name(tmp_path: Path, selection: Selection, verb: str) -> None:
    told = answered(tmp_path, RULES["no role"], OPEN | HIDDEN, verb, selection)

    assert told[0] == Denied.code
    assert not [name for name in (*OPEN, *HIDDEN) if name in "".join(told)]


def test_what_is_seen_is_named_where_it_is_refused(tmp_path: Path) -> None:
    text = "[[access.rules]]\neffect = 'deny'\nverbs = ['stop']\nservices = ['web']"

    told = answered(tmp_path, (text, ("operator",)), OPEN, "stop", Selection(names=("w*",)))

    assert "'stop' to 'web'" in told[1]


def test_what_is_meant_by_a_pattern_is_refused_whole_where_some_of_it_is_unseen(
    tmp_path: Path,
) -> None:
    told = answered(
        tmp_path, RULES["a role for some"], OPEN | HIDDEN, "stop", Selection(names=("*",))
    )

    assert told[0] == Denied.code
    assert "vault" not in "".join(told)


def is_open(name: str) -> bool:
    return name in OPEN


def test_alerts_and_findings_of_what_is_unseen_are_left_out() -> None:
    rows = [{"service": "web"}, {"service": "vault"}, {"service": ""}]

    alerts = without_unseen("alerts", {"alerts": rows, "under_way": {"ops": 1}}, is_open)
    findings = without_unseen("findings", {"findings": rows, "learnt": rows[1:]}, is_open)

    assert alerts == {"alerts": [rows[0], rows[2]], "under_way": {"ops": 1}}
    assert findings == {"findings": [rows[0], rows[2]], "learnt": [rows[2]]}


def test_a_watch_is_seen_as_its_service_is_or_as_itself() -> None:
    rows = [
        {"name": "access", "service": "web"},
        {"name": "web", "service": "vault"},
        {"name": "vault", "service": ""},
        {"name": "api", "service": ""},
    ]

    assert without_unseen("watch-list", rows, is_open) == [rows[0], rows[3]]


def test_samples_of_what_is_unseen_are_left_out_and_the_page_stays_whole() -> None:
    page = (
        "# HELP up It is.\n# TYPE up gauge\n"
        'up{service="web",instance="1"} 1\n'
        'up{instance="1",service="vault"} 1\n'
        'said{text="a,service=\\"vault\\"",service="api"} 1\n'
        'said{text="a,service=\\"web\\"",service="vault"} 1\n'
        "agent 1\n"
    )

    shown = without_unseen("metrics", {"type": "text/plain", "text": page}, is_open)

    assert shown == {
        "type": "text/plain",
        "text": "# HELP up It is.\n# TYPE up gauge\n"
        'up{service="web",instance="1"} 1\n'
        'said{text="a,service=\\"vault\\"",service="api"} 1\n'
        "agent 1\n",
    }
