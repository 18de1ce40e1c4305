// What is wrong and who was told; here it is taken care of, silenced, and channels are tried.

import { badge } from "../lib/badge.js";
import { confirm } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { fresh, pressed } from "../lib/fresh.js";
import { describe } from "../lib/happenings.js";
import { lasting, tick } from "../lib/lasting.js";
import { table } from "../lib/tables.js";
import { length, moment, short } from "../lib/time.js";
import { told, toldOf } from "../lib/words.js";

const KINDS = ["AlertRaised", "AlertAcknowledged", "AlertEnded", "AlertTold", "AlertUndelivered"];
const TOLD = new Set(["AlertTold", "AlertUndelivered"]);
const LATEST = 20;
const STATES = {
  firing: { name: "firing", sign: "▲", kind: "bad" },
  acknowledged: { name: "acknowledged", sign: "✓", kind: "busy" },
  muted: { name: "muted", sign: "‖", kind: "idle" },
  ended: { name: "over", sign: "○", kind: "idle" },
};
const PRIORITIES = { P0: "bad", P1: "warn" };

export const title = (t) => t("Alerts");

export async function show(root, { api, t, live, may, announce }) {
  const past = h("input", { type: "checkbox", onchange: () => page.again() });
  const firing = table({
    label: t("Alerts"),
    columns: [t("Priority"), t("Alert"), t("Service"), t("State"), t("Since"), t("Lasts"), ["", "does"]],
    key: (each) => `${each.id} ${each.ended}`,
    cells: alertCells,
    empty: t("Nothing is wrong."),
  });
  const silences = table({
    label: t("Silences"),
    columns: [t("What"), t("State"), t("Until"), t("Who"), t("Why"), ["", "does"]],
    key: (each) => `${each.number} ${each.match}`,
    cells: silenceCells,
    empty: t("Nothing is silenced."),
  });
  const channels = table({
    label: t("Channels"),
    columns: [t("Channel"), t("Kind"), t("Told at once of"), ["", "does"]],
    key: (each) => each.name,
    cells: channelCells,
    empty: t("Nobody is told of anything: no channel is configured."),
  });
  const lately = h("ul", { class: "happenings" });
  const waiting = h("p", { class: "notice", hidden: true });
  const page = fresh({ live, kinds: KINDS, load, draw });
  fill(root,
    h("div", { class: "head" }, h("h1", {}, t("Alerts")),
      h("label", {}, past, " ", t("what is over, too")),
      h("span", { class: "grow" }),
      may("silence-add") && h("button", { onclick: (event) => silence(event.target, "") }, t("Silence…"))),
    page.problem, waiting, firing.node,
    h("section", { class: "card" }, h("h2", {}, t("Silences")), silences.node),
    h("section", { class: "card" }, h("h2", {}, t("Who is told")), channels.node),
    h("section", { class: "card" }, h("h2", {}, t("Told lately")), lately));
  const still = tick(root);
  await page.again();
  return () => { page.end(); still(); };

  async function load() {
    const [alerts, silenced, policy] = await Promise.all([
      api.get("/v1/alerts", { all: past.checked ? "true" : "" }),
      api.get("/v1/silence-list"),
      api.get("/v1/alert-show"),
    ]);
    return { ...alerts.result, silences: silenced.result, policy: policy.result.spec.alerting };
  }

  function draw(found) {
    firing.show(found.alerts);
    silences.show(found.silences);
    channels.show(channelsOf(found.policy));
    const under = Object.entries(found.under_way).map(([name, count]) => t("{count} under way to {name}", { count, name }));
    waiting.hidden = !under.length;
    fill(waiting, under.join(t("; ")));
    const last = live.events.filter((each) => TOLD.has(each.kind)).slice(-LATEST).reverse();
    fill(lately, last.length
      ? last.map((each) => h("li", {}, h("time", {}, short(each.at)), h("span", {}, describe(each))))
      : h("li", { class: "muted" }, t("Nobody was told of anything in the last hour.")));
  }

  function alertCells(each) {
    const over = each.ended !== null;
    return [
      h("span", { class: "badge", "data-kind": over ? "idle" : PRIORITIES[each.priority] ?? "busy" }, each.priority),
      summaryOf(each, t),
      each.service && h("a", { class: "name", href: `#/services/${encodeURIComponent(each.service)}` }, each.instance || each.service),
      [badge(STATES[each.state] ?? STATES.firing), each.why_muted && h("span", { class: "hint" }, " ", told(each.why_muted))],
      h("time", { class: "nowrap" }, short(each.began)),
      lasting(each.began, each.ended),
      h("div", { class: "tools" }, !over && [
        each.state !== "acknowledged" && may("ack") && h("button", { onclick: (event) => acknowledge(event.target, each, false) }, t("Acknowledge")),
        each.labels.pattern && may("ack") && h("button", { onclick: (event) => acknowledge(event.target, each, true) }, t("False alarm")),
        may("silence-add") && h("button", { onclick: (event) => silence(event.target, matchOf(each)) }, t("Silence…")),
      ]),
    ];
  }

  async function acknowledge(button, alert, isFalse) {
    const said = await confirm({
      title: isFalse ? t("Call it a false alarm?") : t("Take care of it?"),
      text: toldOf(alert.summary),
      details: h("p", { class: "muted" }, isFalse ? t("Nobody is told of this pattern again.") : t("It is not repeated, nor escalated.")),
      doing: isFalse ? t("False alarm") : t("Acknowledge"),
    });
    if (!said) return;
    await pressed(button, page.problem, async () => {
      await api.post("/v1/ack", { id: alert.id, reason: said.reason, false_positive: isFalse });
      announce(t("acknowledged: {summary}", { summary: toldOf(alert.summary) }));
      await page.again();
    });
  }

  async function silence(button, match) {
    const fields = {
      match: h("input", { name: "match", required: true, value: match, "data-label": "Conditions on labels, with spaces between", placeholder: "service=web", autocomplete: "off", spellcheck: "false" }),
      for: h("input", { name: "for", required: true, value: "2h", "data-label": "For how long", autocomplete: "off" }),
    };
    const said = await confirm({ title: t("Silence alerts"), text: t("Nobody is told of what fits all conditions."), doing: t("Silence"), fields });
    if (!said) return;
    await pressed(button, page.problem, async () => {
      const made = await api.post("/v1/silence-add", { match: said.match.split(/\s+/).filter(Boolean), for: said.for, reason: said.reason });
      announce(t("silenced until {until}", { until: moment(made.result.ends) }));
      await page.again();
    });
  }

  function silenceCells(each) {
    return [
      h("code", {}, each.match.join(" ")),
      badge(each.holds ? { name: "silent", sign: "‖", kind: "busy" } : { name: "not now", sign: "○", kind: "idle" }),
      [moment(each.ends), each.every ? ` (${t("every {time}", { time: length(each.every) })})` : ""],
      each.who,
      each.why || "–",
      each.number > 0 && may("silence-end") && h("button", { onclick: (event) => endSilence(event.target, each) }, t("End")),
    ];
  }

  async function endSilence(button, each) {
    const said = await confirm({ title: t("Let people be told again?"), text: each.match.join(" "), doing: t("End the silence") });
    if (!said) return;
    await pressed(button, page.problem, async () => {
      await api.post("/v1/silence-end", { number: each.number, reason: said.reason });
      announce(t("the silence has ended"));
      await page.again();
    });
  }

  function channelCells(each) {
    return [
      h("strong", {}, each.name), each.kind, each.priorities.join(", ") || "–",
      may("alert-test") && h("button", { onclick: (event) => test(event.target, each.name) }, t("Send a test")),
    ];
  }

  async function test(button, channel) {
    await pressed(button, page.problem, async () => {
      const { result } = await api.post("/v1/alert-test", { channel });
      if (!result.ok) throw Object.assign(new Error(result.problem), { hint: result.hint });
      announce(t("{channel} took it within {time}", { channel, time: length(result.seconds) }));
      button.after(h("span", { class: "hint" }, " ✓ ", t("sent")));
    });
  }
}

function summaryOf(each, t) {
  const more = each.details || each.samples.length;
  const head = [h("strong", {}, each.alert), h("div", {}, toldOf(each.summary))];
  if (!more) return head;
  return [...head, h("details", {}, h("summary", {}, t("More")),
    each.details && h("p", {}, each.details),
    each.samples.length > 0 && h("pre", { class: "code" }, each.samples.join("\n")))];
}

/** Gives the conditions that fit an alert, and others like it. */
function matchOf(each) {
  return [`alert=${each.alert}`, each.service && `service=${each.service}`].filter(Boolean).join(" ");
}

/** Gives the channels of a policy, each with the priorities it is told of. */
function channelsOf(policy) {
  return Object.entries(policy.channels ?? {}).map(([name, each]) => ({
    name,
    kind: each.kind,
    priorities: Object.entries(policy.priorities ?? {}).filter(([, route]) => route?.channels?.includes(name)).map(([priority]) => priority),
  }));
}
