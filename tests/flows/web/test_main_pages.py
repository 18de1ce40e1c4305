"""The overview, the services and the page of each, in a real browser."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import quote

import pytest
from playwright.sync_api import Page, expect

from tests.flows.web.crowd import Crowd, service
from tests.flows.web.stand import PATIENCE, Front

pytestmark = pytest.mark.slow

expect.set_options(timeout=PATIENCE * 1000)

Playing = Callable[[Crowd], Front]

EVIL = '<img src=x onerror="window.evil=1"><script>window.evil=1</script>'
"""What would run if any text were read as markup."""


def log_in(page: Page, front: Front, path: str = "", *, role: str = "admin") -> None:
    """Log in by the form; show the page at *path*."""
    page.goto(f"{front.url}/#/{path}")
    page.get_by_label("Token").fill(front.token(role=role))
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_label("Token")).to_have_count(0)


def test_problems_come_first_and_a_change_is_seen_at_once(page: Page, before: Playing) -> None:
    crowd = Crowd(
        service("fine"),
        service("broken", phase="failed", reason="gave up after 5 failures"),
        service("sick", live=False),
    )
    front = before(crowd)
    log_in(page, front)
    problems = page.locator("section", has=page.get_by_role("heading", name="Problems"))
    expect(problems.locator("tbody tr a")).to_have_text(["broken", "sick"])
    expect(problems).to_contain_text("gave up after 5 failures")
    crowd.tell("PhaseChanged", "fine", old="running", new="backoff", reason="exit code 3")

    expect(problems.locator("tbody tr a")).to_have_text(["broken", "fine", "sick"])
    expect(problems).to_contain_text("exit code 3")


def test_what_fails_again_and_again_stays_among_the_problems_while_it_runs(
    page: Page, before: Playing
) -> None:
    crowd = Crowd(service("fine"), service("looper"))
    front = before(crowd)
    log_in(page, front)
    expect(page.get_by_role("link", name="looper")).to_be_visible()
    for old, new in (("running", "backoff"), ("backoff", "running")) * 2:
        crowd.tell(
            "PhaseChanged", "looper", old=old, new=new, reason="exit code 3" * (new == "backoff")
        )
    problems = page.locator("section", has=page.get_by_role("heading", name="Problems"))

    row = problems.locator("tbody tr")
    expect(row).to_have_count(1)
    expect(row).to_contain_text("unsteady")
    expect(row).to_contain_text("failed 2 times in the last 10m, the last: exit code 3")
    row.get_by_role("link").click()
    expect(page.locator(".why")).to_contain_text("failed 2 times in the last 10m")


def test_times_are_those_of_the_host_whatever_the_clock_of_the_browser_says(
    page: Page, before: Playing
) -> None:
    crowd = Crowd(service("web", started_at=time.time() - 3.5 * 3_600))
    front = before(crowd)
    page.goto(front.url)
    page.evaluate("{ const now = Date.now; Date.now = () => now() - 7_200_000; }")
    page.get_by_label("Token").fill(front.token())
    page.get_by_role("button", name="Log in").click()

    expect(page.get_by_role("row", name="web")).to_contain_text("up 3h")


def test_a_service_that_was_defined_just_now_has_no_hour_behind_it(
    page: Page, before: Playing
) -> None:
    crowd = Crowd(service("manual", phase="stopped"))
    front = before(crowd)
    log_in(page, front)
    strip = page.get_by_role("row", name="manual").locator(".strip rect")
    expect(strip).to_have_attribute("x", "0")
    crowd.tell("SpecApplied", "manual", change="created", revision="1")

    expect(strip).to_have_attribute("x", re.compile(r"8\d"))


def test_500_services_are_found_and_only_what_changed_is_drawn_anew(
    page: Page, before: Playing
) -> None:
    crowd = Crowd(
        *(
            service(f"svc-{n:03d}", labels={"tier": f"t{n % 5}"}, groups=["shop"])
            for n in range(500)
        )
    )
    front = before(crowd)
    log_in(page, front, "services")
    rows = page.locator("tbody tr")
    expect(rows).to_have_count(500)
    page.evaluate(
        """() => {
          window.changed = new Set();
          const note = (found) => found.forEach((each) => {
            const row = (each.target.closest ?? each.target.parentElement.closest).call(
              each.target.closest ? each.target : each.target.parentElement, "tr");
            if (row) window.changed.add(row.querySelector("a").textContent);
          });
          new MutationObserver(note).observe(document.querySelector("tbody"),
            { subtree: true, attributes: true, attributeFilter: ["data-kind"] });
        }"""
    )
    crowd.tell("PhaseChanged", "svc-250", old="running", new="backoff", reason="exit code 3")
    expect(page.get_by_role("row", name="svc-250")).to_contain_text("backoff")
    assert page.evaluate("[...window.changed]") == ["svc-250"]

    page.get_by_label("Filter services").fill("tier=t3 07")
    expect(rows).to_have_count(2)
    assert page.url.endswith("#/services?text=tier%3Dt3+07")
    page.get_by_label("Filter services").fill("")
    page.get_by_label("State").select_option("warn")
    expect(rows).to_have_count(1)
    page.get_by_label("State").select_option("")
    page.get_by_label("Group by").select_option("tier")
    expect(page.locator("tr.group-row")).to_have_count(5)


def test_rows_go_on_with_time_once_they_are_in_sight(page: Page, before: Playing) -> None:
    started = time.time() - 5
    crowd = Crowd(*(service(f"svc-{n:03d}", started_at=started) for n in range(200)))
    front = before(crowd)
    log_in(page, front, "services")
    last = page.get_by_role("row", name="svc-199").locator(".number").first
    was = last.inner_text()
    expect(page.get_by_role("row", name="svc-000").locator(".number").first).not_to_have_text(was)

    last.scroll_into_view_if_needed()

    expect(last).not_to_have_text(was)


def test_many_are_changed_at_once_after_a_question(page: Page, before: Playing) -> None:
    crowd = Crowd(*(service(name) for name in ("api", "db", "web")))
    front = before(crowd)
    log_in(page, front, "services")
    page.get_by_label("Select api").check()
    page.get_by_label("Select web").check()
    bulk = page.get_by_role("group", name="With those selected")
    bulk.get_by_role("button", name="Stop").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("api, web")
    dialog.get_by_role("button", name="Cancel").click()
    assert crowd.asked == []
    bulk.get_by_role("button", name="Stop").click()
    dialog.get_by_label("Reason").fill("moving house")
    dialog.get_by_role("button", name="Stop").click()

    expect(page.locator(".told")).to_contain_text("Stop: done")
    assert crowd.asked == [("stop", ("api", "web"), {"reason": "moving house"})]


def test_what_destroys_asks_for_the_name(page: Page, before: Playing) -> None:
    crowd = Crowd(service("web"))
    front = before(crowd)
    log_in(page, front, "services/web")
    page.get_by_role("button", name="Remove…").click()
    dialog = page.get_by_role("dialog")
    remove = dialog.get_by_role("button", name="Remove")
    expect(remove).to_be_disabled()
    dialog.get_by_label("Type web to go on").fill("wen")
    expect(remove).to_be_disabled()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert crowd.asked == []
    page.get_by_role("button", name="Remove…").click()
    dialog.get_by_label("Type web to go on").fill("web")
    remove.click()

    expect(page).to_have_url(f"{front.url}/#/services")
    assert crowd.asked == [("remove", ("web",), {})]


def test_who_goes_somewhere_finds_what_is_defined_meanwhile(page: Page, before: Playing) -> None:
    crowd = Crowd(service("api"))
    front = before(crowd)
    log_in(page, front)
    expect(page.get_by_role("link", name="api")).to_be_visible()
    page.keyboard.press("Control+k")
    page.keyboard.type("we")
    options = page.locator("#jump-list [role=option]")
    expect(options).to_have_count(0)
    crowd.services.append(service("web"))
    crowd.tell("SpecApplied", "web", change="created", revision="1")

    expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="web", level=1)).to_be_visible()


def test_instances_and_log_levels_are_set(page: Page, before: Playing) -> None:
    crowd = Crowd(service("web"))
    front = before(crowd)
    log_in(page, front, "services/web")
    page.get_by_role("button", name="Scale…").click()
    page.get_by_role("dialog").get_by_label("Instances").fill("4")
    page.get_by_role("dialog").get_by_role("button", name="Scale").click()
    expect(page.locator(".told")).to_contain_text("Scale: done")
    page.get_by_role("button", name="Log level…").click()
    page.get_by_role("dialog").get_by_label("Least level").select_option("debug")
    page.get_by_role("dialog").get_by_role("button", name="Log level").click()
    expect(page.locator(".told")).to_contain_text("Log level: done")

    assert crowd.asked == [
        ("scale", ("web",), {"instances": 4}),
        ("set-log-level", ("web",), {"level": "debug", "for": 600.0}),
    ]


def test_no_text_of_a_service_is_read_as_markup(page: Page, before: Playing) -> None:
    crowd = Crowd(
        service(
            EVIL,
            phase="failed",
            reason=EVIL,
            description=EVIL,
            status_text=EVIL,
            labels={EVIL: EVIL},
            groups=[EVIL],
        )
    )
    crowd.lines = [
        {
            "at": 1.0,
            "service": EVIL,
            "instance": EVIL,
            "stream": "stdout",
            "text": EVIL + "\x1b[31m",
        }
    ]
    crowd.answers = {
        "show": [
            {
                "name": EVIL,
                "spec": {"description": EVIL, "env": {EVIL: EVIL}},
                "origins": {"description": {"file": EVIL, "line": 1, "layer": "file"}},
                "revision": EVIL,
                "sources": {EVIL: "0"},
                "enabled": True,
            }
        ],
        "crashes": [
            {
                "id": "1",
                "at": 1.0,
                "instance": EVIL,
                "where": EVIL,
                "kind": EVIL,
                "message": EVIL,
                "problem": "",
            }
        ],
        "history": {"since": 0.0, "until": 9.0, "instances": {EVIL: [[1, 2.0, 3, 4, 5]]}},
    }
    here = f"services/{quote(EVIL, safe='')}"
    front = before(crowd)
    log_in(page, front)
    crowd.tell("FindingMade", EVIL, explanation=EVIL, pattern=EVIL)
    crowd.tell("ProbeFailed", EVIL, probe=EVIL, purpose=EVIL, problem=EVIL)
    crowd.tell(EVIL, EVIL, more=EVIL)
    for path in ("", "services"):
        page.goto(f"{front.url}/#/{path}")
        expect(page.locator("#main table").first).to_contain_text("onerror")
        assert page.evaluate("[window.evil, document.images.length]") == [None, 0], path
    for tab in ("summary", *TABS):
        page.goto(f"{front.url}/#/{here}/{'' if tab == 'summary' else tab}")
        expect(page.locator(f"[data-shown={tab}] > .page")).to_contain_text("onerror")
        assert page.evaluate("[window.evil, document.images.length]") == [None, 0], tab


TABS = ("logs", "charts", "crashes", "config", "events")


def test_nothing_a_service_writes_hides_or_turns_around_what_stands_beside_it(
    page: Page, before: Playing
) -> None:
    crowd = Crowd(service("web"))
    crowd.lines = [
        {"at": 1.0, "service": "web", "instance": "web", "stream": "stdout", "text": text}
        for text in (
            "\x1b[1;31mred\x1b[0m and \x1b[2Jgone",
            "paid \u202e 01 \u202c euros",
            '{"level": "error", "msg": "no disk"}',
            "level=warn msg=hot",
        )
    ]
    front = before(crowd)
    log_in(page, front, "services/web/logs")

    lines = page.get_by_role("log").locator("p")
    expect(lines.locator(".text")).to_have_text(
        [
            "red and �[2Jgone",
            "paid � 01 � euros",
            '{"level": "error", "msg": "no disk"}',
            "level=warn msg=hot",
        ]
    )
    expect(lines.nth(2)).to_have_attribute("data-kind", "bad")
    expect(lines.nth(3)).to_have_attribute("data-kind", "warn")


def test_a_phone_needs_no_sideways_scrolling(page: Page, before: Playing) -> None:
    long = "a-name-of-sixty-four-characters-is-what-a-service-may-have-here-"
    crowd = Crowd(
        service("web", description="x" * 200, labels={"tier": "front", "team": "y" * 60}),
        service(long, phase="failed", reason="z" * 300),
    )
    crowd.lines = [
        {"at": 1.0, "service": "web", "instance": "web", "stream": "stdout", "text": "w" * 500}
    ]
    page.set_viewport_size({"width": 360, "height": 740})
    front = before(crowd)
    log_in(page, front)
    for path, heading in (("", "Overview"), ("services", "Services")):
        page.goto(f"{front.url}/#/{path}")
        expect(page.locator("#main h1")).to_have_text(heading)
        assert page.evaluate("document.documentElement.scrollWidth") == 360, path
    for tab in ("summary", *TABS):
        page.goto(f"{front.url}/#/services/web/{'' if tab == 'summary' else tab}")
        expect(page.locator(f"[data-shown={tab}]")).to_be_visible()
        assert page.evaluate("document.documentElement.scrollWidth") == 360, tab


def test_a_phone_shows_why_each_service_is_as_it_is(page: Page, before: Playing) -> None:
    crowd = Crowd(service("web", phase="failed", reason="exit code 3"), service("db"))
    page.set_viewport_size({"width": 360, "height": 740})
    front = before(crowd)
    log_in(page, front, "services")

    expect(page.get_by_text("exit code 3")).to_be_in_viewport()
    expect(page.get_by_role("row", name="web")).to_contain_text("failed")
    box = page.get_by_role("row", name="web").bounding_box()
    assert box is not None
    assert 300 < box["width"] <= 360


def test_a_log_without_lines_says_so(page: Page, before: Playing) -> None:
    front = before(Crowd(service("web")))
    log_in(page, front, "services/web/logs")
    expect(page.get_by_text("Nothing was written yet.")).to_be_visible()

    page.get_by_label("Only lines that match").fill("ERROR")

    expect(page.get_by_text("No line fits.")).to_be_visible()


def test_the_config_says_where_each_value_came_from(page: Page, before: Playing) -> None:
    crowd = Crowd(service("web"))
    crowd.answers["show"] = [
        {
            "name": "web",
            "spec": {
                "exec": ["/bin/web"],
                "env": {"TOKEN": "***"},
                "stop": {"timeout": 15.0},
                "health": [{"http": "http://127.0.0.1:1/", "tcp": None}],
            },
            "origins": {
                "exec": {"layer": "file", "file": "/etc/web.toml", "line": 3},
                "health[0].http": {"layer": "file", "file": "/etc/web.toml", "line": 5},
            },
            "revision": "3f9a77c01d2e",
            "sources": {"/etc/web.toml": "0"},
            "enabled": True,
        }
    ]
    front = before(crowd)
    log_in(page, front, "services/web/config")
    expect(page.get_by_role("row", name="exec")).to_contain_text("/etc/web.toml:3")
    expect(page.get_by_role("row", name="health[0].http")).to_contain_text("/etc/web.toml:5")
    expect(page.get_by_role("row", name="health[0].tcp")).to_have_count(0)
    expect(page.get_by_role("row", name="stop.timeout")).to_have_count(0)
    page.get_by_label("defaults, too").check()

    expect(page.get_by_role("row", name="stop.timeout")).to_contain_text("default")


def _drifted(state: str, **more: object) -> list[dict[str, Any]]:
    row = {"service": "web", "state": state, "files": ["/etc/web.toml"], "problem": "", "hint": ""}
    return [{**row, "needs_restart": False, "options": [], **more}]


def _option(path: str, change: str, applied: object, on_disk: object) -> dict[str, Any]:
    written = {"layer": "file", "file": "/etc/web.toml", "line": 3, "column": 1}
    return {
        "option": path,
        "change": change,
        "applied": applied,
        "applied_from": {} if change == "added" else written,
        "on_disk": on_disk,
        "on_disk_from": {} if change == "removed" else written,
    }


def test_what_the_files_say_now_stands_beside_what_was_applied(page: Page, before: Playing) -> None:
    crowd = Crowd(service("web", applied=False))
    options = [
        _option("exec", "changed", ["/bin/web"], ["/bin/web", "-v"]),
        _option("env.TOKEN", "added", None, "***"),
        _option("stop.timeout", "removed", 4.0, 15.0),
    ]
    crowd.answers["drift"] = _drifted("changed", needs_restart=True, options=options)
    front = before(crowd)
    log_in(page, front, "services/web/config")

    rows = page.get_by_role("table", name="What differs").get_by_role("row")
    expect(rows).to_have_count(4)
    assert [" ".join(each.split()) for each in rows.all_inner_texts()[1:]] == [
        '~ changed exec ["/bin/web"] /etc/web.toml:3:1 ["/bin/web","-v"] /etc/web.toml:3:1',
        "+ added env.TOKEN nothing *** /etc/web.toml:3:1",
        "− removed stop.timeout 4 /etc/web.toml:3:1 15 default",
    ]
    expect(
        page.get_by_text("which restarts what runs, on the machine: svcctl apply")
    ).to_be_visible()
    crowd.answers["drift"] = _drifted("same")
    crowd.services[0] |= {"applied": True}
    crowd.tell("SpecApplied", "web", change="changed", revision="1")

    expect(page.get_by_text("They say what was applied.")).to_be_visible()
    expect(rows).to_have_count(0)


@pytest.mark.parametrize(
    ("state", "problem", "said"),
    [
        ("unknown", "it did not come from files", "它并非来自文件"),
        ("undefined", "no file defines it any more", "已没有文件定义它"),
        ("unreadable", "/etc/web.toml:1:1: is no TOML", "/etc/web.toml:1:1: is no TOML"),
    ],
)
def test_files_that_cannot_be_compared_are_said_to_be_so(
    page: Page, before: Playing, state: str, problem: str, said: str
) -> None:
    crowd = Crowd(service("web"))
    crowd.answers["drift"] = _drifted(state, problem=problem)
    front = before(crowd)
    log_in(page, front, "services/web/config")
    expect(page.get_by_text(problem)).to_be_visible()

    page.get_by_label("Language").select_option("zh")

    expect(page.get_by_text(said)).to_be_visible()


def test_what_was_signed_is_compared_before_it_is_applied(page: Page, before: Playing) -> None:
    crowd = Crowd(service("web"))
    crowd.answers = {
        "show": [_shown("web")],
        "apply-signed": {
            "plan": [
                {
                    "service": "web",
                    "change": "changed",
                    "action": "restart",
                    "changes": [["stop.timeout", 15.0, 30.0]],
                },
                {"service": "db", "change": "created", "action": "start", "changes": []},
                {"service": "api", "change": "unchanged", "action": "none", "changes": []},
            ],
            "outcomes": [],
        },
    }
    bundle = {"name": "web.signed", "mimeType": "application/json", "buffer": b'{"payload": "x"}'}
    front = before(crowd)
    log_in(page, front, "services/web/config")
    page.get_by_label("A definition that was signed").set_input_files(bundle)  # type: ignore[arg-type]
    expect(page.get_by_role("row", name="stop.timeout")).to_contain_text("30")
    expect(page.get_by_text("db (created)")).to_be_visible()
    assert crowd.asked == [("apply-signed", (), {"bundle": {"payload": "x"}, "dry_run": True})]
    page.get_by_role("button", name="Apply…").click()
    page.get_by_role("dialog").get_by_role("button", name="Apply").click()
    expect(page.get_by_role("main").get_by_text("Applied.", exact=True)).to_be_visible()

    assert crowd.asked[1:] == [("apply-signed", (), {"bundle": {"payload": "x"}})]


def test_a_program_says_how_it_is_and_what_it_goes_by(page: Page, before: Playing) -> None:
    crowd = Crowd(service("mailer"))
    told = {"service": "mailer", "instance": "mailer", "ok": True}
    down = {"status": "DOWN", "details": {"error": "no route to host"}}
    row = {"key": "period", "value": "5s", "origin": "mailer.toml:3"}
    crowd.answers = {
        "show": [_shown("mailer")],
        "health": [{**told, "answer": {"status": "DOWN", "checks": {"smtp": down}}}],
        "config": [
            {
                **told,
                "answer": {"version": 2, "values": [row], "restart_wanted": [], "rejected": None},
            }
        ],
        "config-history": [
            {**told, "answer": [_revision(1, in_force=False), _revision(2, in_force=True)]}
        ],
    }
    front = before(crowd)
    log_in(page, front, "services/mailer")
    expect(page.get_by_role("row", name="smtp")).to_contain_text("no route to host")
    page.get_by_role("link", name="Configuration").click()
    expect(page.get_by_role("row", name="period 5s")).to_contain_text("mailer.toml:3")
    page.get_by_role("button", name="Go back to it").click()
    page.get_by_role("dialog").get_by_role("button", name="Go back").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("[role=status]").filter(has_text="Back to version 1.")).to_be_attached()

    assert crowd.asked == [("config-rollback", ("mailer",), {"version": 1})]


def _shown(name: str) -> dict[str, object]:
    return {
        "name": name,
        "spec": {"exec": ["/bin/true"], "stop": {"timeout": 15.0}},
        "origins": {},
        "revision": "3f9a77c01d2e",
        "sources": {},
        "enabled": True,
    }


def _revision(version: int, *, in_force: bool) -> dict[str, object]:
    return {
        "version": version,
        "at": 1.0,
        "who": "token:ann",
        "what": "set",
        "changed": ["period"],
        "origin": "",
        "in_force": in_force,
    }
