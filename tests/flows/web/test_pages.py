"""The pages about alerts, findings, healing, audit, access and the graph, in a real browser."""

from __future__ import annotations

import time
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.flows.web.conftest import Complaints, enter
from tests.flows.web.scene import Scene
from tests.flows.web.stand import Front

pytestmark = pytest.mark.slow


def asked(scene: Scene, verb: str) -> list[dict[str, Any]]:
    """Give the arguments that *verb* was asked with, each time."""
    return [args for name, _, args in scene.asked if name == verb]


def row(page: Page, text: str) -> Any:
    """Give the row of a table that has *text*."""
    return page.locator("tbody tr").filter(has_text=text)


def answer_dialog(page: Page, button: str, **fields: str) -> None:
    """Fill in the dialog that is open, and press *button*."""
    dialog = page.get_by_role("dialog")
    for name, text in fields.items():
        dialog.locator(f"[name={name}]").fill(text)
    dialog.get_by_role("button", name=button, exact=True).click()
    expect(dialog).to_have_count(0)


def test_an_alert_is_acknowledged_with_a_reason(page: Page, stage: Front, scene: Scene) -> None:
    enter(page, stage, at="alerts")
    row(page, "mailer failed").get_by_role("button", name="Acknowledge").click()
    answer_dialog(page, "Acknowledge", reason="on my way")

    expect(page.get_by_role("status").filter(has_text="acknowledged:")).to_have_count(1)
    (said,) = asked(scene, "ack")
    assert (said["id"], said["reason"]) == ("1f9a77c01d2e4b5a", "on my way")
    assert said["false_positive"] is False


def test_only_what_was_concluded_can_be_called_false(page: Page, stage: Front) -> None:
    enter(page, stage, at="alerts")

    expect(row(page, "payment declined").get_by_role("button", name="False alarm")).to_be_visible()
    expect(row(page, "mailer failed").get_by_role("button", name="False alarm")).to_have_count(0)


def test_alerts_like_one_are_silenced_for_a_while(page: Page, stage: Front, scene: Scene) -> None:
    enter(page, stage, at="alerts")
    row(page, "mailer failed").get_by_role("button", name="Silence…").click()
    answer_dialog(page, "Silence", **{"for": "30m", "reason": "new disks"})

    expect(page.get_by_role("status").filter(has_text="silenced until")).to_have_count(1)
    (said,) = asked(scene, "silence-add")
    assert said["match"] == ["alert=service-down", "service=mailer"]
    assert (said["for"], said["reason"]) == (1800.0, "new disks")


def test_a_dialog_that_is_cancelled_changes_nothing(page: Page, stage: Front, scene: Scene) -> None:
    enter(page, stage, at="alerts")
    button = row(page, "service=web").get_by_role("button", name="End")
    button.click()
    answer_dialog(page, "Cancel")

    expect(button).to_be_focused()
    assert asked(scene, "silence-end") == []


def test_a_channel_that_fails_its_test_says_why(page: Page, stage: Front, scene: Scene) -> None:
    scene.answers["alert-test"] = {
        "channel": "ops",
        "ok": False,
        "problem": "no answer within 60s",
        "hint": "is the address right?",
        "seconds": 60.0,
    }

    enter(page, stage, at="alerts")
    row(page, "webhook").get_by_role("button", name="Send a test").click()

    said = page.get_by_role("alert").filter(has_text="no answer within 60s")
    expect(said.filter(has_text="is the address right?")).to_be_visible()


def test_a_finding_is_called_nothing_and_told_again(page: Page, stage: Front, scene: Scene) -> None:
    enter(page, stage, at="findings")
    row(page, "payment <*> declined").get_by_role("button", name="It is nothing").click()
    answer_dialog(page, "It is nothing")
    row(page, "burst web").get_by_role("button", name="Tell again").click()
    answer_dialog(page, "Tell again")

    expect(page.get_by_role("status").filter(has_text="told again: burst web")).to_have_count(1)
    assert [said["id"] for said in asked(scene, "finding-quiet")] == ["5d1e3a70"]
    assert [said["id"] for said in asked(scene, "finding-wake")] == ["77aa01"]


def test_healing_says_why_not_and_heals_what_it_may(page: Page, stage: Front, scene: Scene) -> None:
    enter(page, stage, at="healing")
    wanted = page.get_by_role("table", name="To be healed")
    expect(wanted).to_contain_text("its budget of 2 in 1h is spent")
    page.get_by_role("button", name="Heal now…").click()
    expect(page.get_by_role("dialog")).to_contain_text("billing: restart")
    answer_dialog(page, "Heal now")

    expect(page.get_by_role("status").filter(has_text="healed: 1")).to_have_count(1)
    assert [said["dry_run"] for said in asked(scene, "heal")] == [True, False]


def test_the_past_is_rehearsed(page: Page, stage: Front, scene: Scene) -> None:
    enter(page, stage, at="healing")
    page.get_by_label("What would have been done in the last").select_option("1d")

    expect(
        page.get_by_role("table", name="Would have been done").locator("tbody tr")
    ).to_have_count(1)
    assert asked(scene, "healing")[-1]["since"] == "1d"


def test_the_audit_log_is_searched_and_proven(page: Page, stage: Front, scene: Scene) -> None:
    enter(page, stage, at="audit")
    page.get_by_label("Who (a glob)").fill("token:*")
    page.get_by_label("Verb (a glob)").fill("re*")
    page.get_by_label("Service").fill("web")
    page.get_by_role("button", name="Search").click()
    page.get_by_label("Outcome").select_option("refused")
    expect(page.locator("tbody tr").first).to_contain_text("SVC-1500 not allowed")
    page.get_by_role("button", name="Verify the log").click()

    expect(page.get_by_text("40:5f0c3b")).to_be_visible()
    said = asked(scene, "audit")[-1]
    assert (said["actor"], said["verb"], said["service"]) == ("token:*", "re*", "web")


def test_how_a_request_ended_and_with_what_stand_apart(
    page: Page, stage: Front, scene: Scene
) -> None:
    rows = scene.answers["audit"]
    assert isinstance(rows, list)
    ends = {
        "done": "✔done",
        "given-up": "○given up",
        "asked": "◐not over",
        "SVC-1500": "✖refusedSVC-1500 not allowed",
        "SVC-1702": "✖refusedSVC-1702 as many as may be were under way",
        "SVC-1800": "▲failedSVC-1800 not within the given time",
        "SVC-9999": "▲failedSVC-9999 ",
        "crashed": "▲failedcrashed ",
    }
    scene.answers["audit"] = [
        rows[0] | {"number": number, "asked": "", "outcome": outcome, "verb": "stop"}
        for number, outcome in enumerate(ends, start=1)
    ]

    enter(page, stage, at="audit")
    expect(page.locator("tbody tr td:nth-child(6)")).to_have_text([*ends.values()][::-1])
    page.get_by_label("Outcome").select_option("failed")

    expect(page.locator("tbody tr")).to_have_count(3)


def test_the_audit_log_has_pages(page: Page, stage: Front, scene: Scene) -> None:
    (last,) = scene.answers["audit"][-1:]  # type: ignore[index] # rows
    scene.answers["audit"] = [
        last | {"number": number, "asked": "", "at": time.time() - number, "reason": f"r{number}."}
        for number in range(120, 0, -1)
    ]

    enter(page, stage, at="audit")
    expect(row(page, "r1.")).to_have_count(1)
    page.get_by_role("button", name="Older").click()
    expect(row(page, "r51.")).to_have_count(1)
    page.get_by_role("button", name="Older").click()

    expect(row(page, "r120.")).to_have_count(1)
    expect(page.get_by_role("button", name="Older")).to_be_disabled()


def test_looks_are_left_out_of_the_audit_log_unless_they_are_wanted(
    page: Page, stage: Front, scene: Scene
) -> None:
    scene.answers["audit"][-1].update(verb="logs", asked="", reason="just looking")  # type: ignore[index]

    enter(page, stage, at="audit")
    expect(row(page, "new release").first).to_be_visible()
    expect(row(page, "just looking")).to_have_count(0)
    page.get_by_label("Which").select_option("read")

    expect(row(page, "just looking")).to_have_count(1)


def test_long_arguments_push_nothing_out_of_sight(page: Page, stage: Front, scene: Scene) -> None:
    told = '{"services":{' + ",".join(f'"svc-{n}":"{n:012x}"' for n in range(80)) + "}}"
    scene.answers["audit"][-1].update(asked="", args=told, outcome="done", reason="new release")  # type: ignore[index]

    enter(page, stage, at="audit")
    last = page.locator("tbody tr").first
    expect(last).to_contain_text("new release")
    box = page.get_by_role("group", name="Audit")
    assert box.evaluate("each => each.scrollWidth <= each.clientWidth")
    expect(last.get_by_text("svc-79")).to_be_hidden()
    last.get_by_text("More").click()

    expect(last.get_by_text("svc-79")).to_be_visible()
    assert box.evaluate("each => each.scrollWidth <= each.clientWidth")


def test_the_overview_says_how_many_alerts_nobody_takes_care_of(page: Page, stage: Front) -> None:
    enter(page, stage)
    tile = page.get_by_role("link", name="3 alerts")
    expect(tile).to_be_visible()
    tile.click()

    expect(page.get_by_role("heading", name="Alerts", level=1)).to_be_visible()


def test_what_alerts_tell_is_told_in_chinese_too(page: Page, stage: Front, scene: Scene) -> None:
    scene.answers["alerts"]["alerts"][0].update(summary="mailer: failed: exit code 3")  # type: ignore[index]
    enter(page, stage, at="alerts")
    expect(page.get_by_text("mailer: failed: exit code 3")).to_be_visible()

    page.get_by_label("Language").select_option("zh")

    expect(page.get_by_text("mailer：失败：退出码 3")).to_be_visible()


def test_a_log_that_was_tampered_with_is_told_of(page: Page, stage: Front, scene: Scene) -> None:
    found = [{"number": 7, "problem": "row 7 is not as it was written"}]
    scene.answers["audit-verify"] = {"sound": False, "rows": 40, "head": "", "found": found}

    enter(page, stage, at="audit")
    page.get_by_role("button", name="Verify the log").click()

    expect(page.get_by_text("row 7 is not as it was written")).to_be_visible()


def test_a_token_is_revoked_after_a_question(page: Page, stage: Front, scene: Scene) -> None:
    enter(page, stage, at="access")
    row(page, "1c0ffee0").get_by_role("button", name="Revoke…").click()
    answer_dialog(page, "Revoke", reason="laptop lost")

    expect(page.get_by_role("status").filter(has_text="token of ann holds no more")).to_have_count(
        1
    )
    (said,) = asked(scene, "token-revoke")
    assert (said["id"], said["reason"]) == ("1c0ffee0badcafe0", "laptop lost")


def test_roles_and_rules_of_the_host_are_shown(page: Page, stage: Front) -> None:
    enter(page, stage, at="access")

    shown = page.locator(".policy")
    expect(shown).to_contain_text("night-shift")
    expect(shown).to_contain_text("spiffe://example.org/ci/*")
    expect(shown.get_by_role("listitem").filter(has_text="ask first")).to_contain_text("denies")


def test_why_somebody_may_not_is_explained(page: Page, stage: Front, scene: Scene) -> None:
    enter(page, stage, at="access")
    page.get_by_label("Who, as audited").fill("token:bob")
    page.get_by_label("Verb").select_option("stop")
    page.get_by_label("Service").fill("web")
    page.get_by_role("button", name="Explain").click()

    expect(page.get_by_text("access.toml:7")).to_be_visible()
    (said,) = asked(scene, "auth-explain")
    assert (said["who"], said["verb"], said["service"]) == ("token:bob", "stop", "web")


def test_the_graph_shows_layers_and_a_list_that_says_the_same(page: Page, stage: Front) -> None:
    enter(page, stage, at="graph")
    boxes = page.locator("svg a.node")

    expect(boxes).to_have_count(7)
    expect(page.get_by_role("link", name="mailer, failed")).to_have_count(1)
    expect(page.locator("svg path.edge")).to_have_count(8)
    page.get_by_text("The same as a list").click()
    expect(page.locator(".needs > li").filter(has_text="needs orders: ready")).to_contain_text(
        "web"
    )


def test_the_graph_can_be_cut_down_to_what_is_near(page: Page, stage: Front, scene: Scene) -> None:
    scene.answers["tree"]["services"]["cron"] = {"needs": {}, "after": [], "phase": "running"}  # type: ignore[index]

    enter(page, stage, at="graph")
    alone = page.locator("main .alone li")
    expect(alone.filter(has_text="cron")).to_contain_text("unknown")
    page.get_by_label("Only what is near services named").fill("mail")

    expect(page.locator("svg a.node")).to_have_count(2)
    expect(page.locator("svg a.node").filter(has_text="redis")).to_have_count(1)
    expect(alone).to_have_count(0)


def test_what_stands_alone_shows_how_it_is(page: Page, stage: Front, scene: Scene) -> None:
    scene.answers["tree"] = {
        "services": {name: {"needs": {}, "after": []} for name in ("mailer", "web")}
    }

    enter(page, stage, at="graph")

    expect(page.locator(".alone li").filter(has_text="mailer")).to_contain_text("failed")
    expect(page.locator(".alone li").filter(has_text="web")).to_contain_text("running")


def test_a_viewer_is_shown_no_buttons_that_would_be_refused(page: Page, stage: Front) -> None:
    enter(page, stage, role="viewer", at="alerts")
    expect(row(page, "mailer failed")).to_have_count(1)
    expect(page.locator("main button")).to_have_count(0)

    page.goto(f"{stage.url}/#/access")
    expect(page.get_by_role("heading", name="Roles")).to_be_visible()
    expect(page.get_by_role("heading", name="Tokens")).to_have_count(0)


NIGHT = {
    "roles": {"night": {"verbs": ["restart", "heal"], "services": ["web", "billing"]}},
    "bindings": [{"who": ["token:ann"], "roles": ["night"]}],
}
"""A role of its own, that no token tells of."""


def test_what_access_gives_is_offered_where_it_gives_it(
    page: Page, stage: Front, scene: Scene
) -> None:
    scene.give(NIGHT)

    enter(page, stage, role="viewer", at="services/web")
    verbs = page.get_by_role("group", name="What can be done").get_by_role("button")
    expect(verbs).to_have_text(["Restart"])
    page.goto(f"{stage.url}/#/services/postgres")
    expect(page.get_by_role("heading", name="postgres", level=1)).to_be_visible()
    expect(verbs).to_have_count(0)
    page.goto(f"{stage.url}/#/healing")
    page.get_by_role("button", name="Heal now…").click()
    answer_dialog(page, "Heal now")
    page.goto(f"{stage.url}/#/access")

    expect(page.get_by_text("viewer, night", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Audit")).to_have_count(0)
    names = [names for verb, names, args in scene.asked if verb == "heal"]
    assert names == [("billing", "web")] * 2


def test_many_are_only_offered_what_is_allowed_for_each(
    page: Page, stage: Front, scene: Scene
) -> None:
    scene.give(NIGHT)

    enter(page, stage, role="viewer", at="services")
    page.get_by_label("Select web").check()
    bulk = page.get_by_role("group", name="With those selected")
    restart = bulk.get_by_role("button", name="Restart")
    expect(restart).to_be_enabled()
    expect(bulk.get_by_role("button")).to_have_count(1)
    page.get_by_label("Select redis").check()

    expect(restart).to_be_disabled()
    expect(bulk).to_contain_text("You may not do everything to: redis")


def test_what_was_taken_away_meanwhile_is_offered_no_more(
    page: Page, stage: Front, scene: Scene
) -> None:
    scene.give(NIGHT)

    enter(page, stage, role="viewer", at="services/web")
    restart = page.get_by_role("button", name="Restart")
    restart.click()
    scene.give({})
    page.get_by_role("dialog").get_by_role("button", name="Restart").click()

    expect(restart).to_have_count(0)
    assert not asked(scene, "restart")


def test_what_was_granted_meanwhile_is_offered_with_the_next_page(
    page: Page, stage: Front, scene: Scene
) -> None:
    enter(page, stage, role="viewer", at="services/web")
    restart = page.get_by_role("button", name="Restart")
    expect(restart).to_have_count(0)
    scene.give(NIGHT)
    page.evaluate("{ const now = Date.now; Date.now = () => now() + 11_000; }")

    page.goto(f"{stage.url}/#/services/web/events")

    expect(restart).to_be_visible()


def test_what_a_viewer_is_refused_is_told_with_what_to_do(
    page: Page, stage: Front, complaints: Complaints
) -> None:
    enter(page, stage, role="viewer", at="audit")

    expect(page.get_by_role("alert")).to_contain_text("may not")
    assert complaints.found == []


def test_texts_of_others_are_never_read_as_markup(page: Page, stage: Front, scene: Scene) -> None:
    nasty = "<img src=x onerror=\"document.title='taken'\">"
    scene.answers["alerts"]["alerts"][0].update(summary=nasty, samples=[nasty])  # type: ignore[index]

    enter(page, stage, at="alerts")

    expect(page.get_by_text(nasty).first).to_be_visible()
    assert page.title() == "Alerts – svcctl"
