// What is to be healed by itself, what was, and why not.

import { badge } from "../lib/badge.js";
import { confirm } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { fresh, pressed } from "../lib/fresh.js";
import { table } from "../lib/tables.js";
import { length, moment, short } from "../lib/time.js";
import { told, toldOf } from "../lib/words.js";

const KINDS = ["HealingBegun", "HealingDone", "HealingHeld", "FindingMade", "FindingEnded"];
const DEEDS = {
  begun: { name: "begun", sign: "◐", kind: "busy" },
  done: { name: "done", sign: "✔", kind: "ok" },
  failed: { name: "failed", sign: "✖", kind: "bad" },
  unknown: { name: "unknown", sign: "?", kind: "warn" },
};
const NOW = { name: "now", sign: "◐", kind: "busy" };
const HELD = { name: "not now", sign: "‖", kind: "warn" };
const PAST = { "": "–", "1h": "1h", "1d": "1d", "7d": "7d" };

export const title = (t) => t("Healing");

export async function show(root, { api, t, live, may, announce }) {
  const mine = () => ({ service: [...live.services.keys()].filter((name) => may("heal", name)) });
  const policy = h("p", { class: "notice", hidden: true });
  const since = h("select", { onchange: () => page.again() }, Object.entries(PAST).map(([value, text]) => h("option", { value }, text)));
  const columns = [t("Service"), t("Since"), t("What"), t("By"), t("Now"), t("Why")];
  const wanted = table({ label: t("To be healed"), columns, key: keyOf, cells: wantedCells, empty: t("Nothing is to be healed.") });
  const done = table({
    label: t("Was healed"),
    columns: [t("When"), t("Service"), t("What"), t("State"), t("Took"), t("Why")],
    key: (each) => `${each.at} ${each.service} ${each.deed}`,
    cells: doneCells,
    empty: t("Nothing was healed yet."),
  });
  const rehearsed = table({
    label: t("Would have been done"), columns: [t("When"), ...columns.filter((each) => each !== columns[1])],
    key: (each) => `${each.at} ${keyOf(each)}`,
    cells: rehearsedCells,
    empty: t("Nothing would have been done."),
  });
  const page = fresh({ live, kinds: KINDS, load, draw });
  fill(root,
    h("div", { class: "head" }, h("h1", {}, t("Healing")), h("span", { class: "grow" }),
      may("heal") && h("button", { class: "primary", onclick: (event) => heal(event.target) }, t("Heal now…"))),
    page.problem, policy, wanted.node,
    h("section", { class: "card" }, h("h2", {}, t("Was healed")), done.node),
    h("section", { class: "card" }, h("h2", {}, t("Rehearse the past")),
      h("p", { class: "tools" }, h("label", {}, t("What would have been done in the last"), " ", since)), rehearsed.node));
  await page.again();
  return page.end;

  async function load() {
    return (await api.get("/v1/healing", { all: "true", since: since.value })).result;
  }

  function draw(found) {
    const said = !found.healing.enabled ? t("Healing is switched off.") : found.healing.dry_run ? t("Nothing is done, it is only rehearsed.") : "";
    policy.hidden = !said;
    fill(policy, said);
    wanted.show(found.wanted);
    done.show(found.done.toSorted((a, b) => b.at - a.at));
    rehearsed.node.hidden = !since.value;
    rehearsed.show(found.rehearsed ?? []);
  }

  function wantedCells(each) {
    return [serviceOf(each), h("time", { class: "nowrap" }, short(each.since)), deedOf(each), each.by, decision(each), toldOf(each.why)];
  }

  function rehearsedCells(each) {
    return [h("time", { class: "nowrap" }, moment(each.at)), serviceOf(each), deedOf(each), each.by, decision(each), toldOf(each.why)];
  }

  function decision(each) {
    if (each.now) return badge(DEEDS[each.state] ?? NOW);
    const until = each.until ? `${t("; ")}${t("until {time}", { time: moment(each.until) })}` : "";
    return [badge(HELD), h("div", { class: "hint" }, told(each.problem), until)];
  }

  function doneCells(each) {
    return [
      h("time", { class: "nowrap" }, short(each.at)), serviceOf(each), deedOf(each),
      [badge(DEEDS[each.state] ?? DEEDS.unknown), each.problem && h("div", { class: "hint" }, told(each.problem))],
      each.took === null ? "–" : length(each.took), toldOf(each.why),
    ];
  }

  async function heal(button) {
    await pressed(button, page.problem, async () => {
      const rows = (await api.post("/v1/heal", { ...mine(), dry_run: true })).result;
      const able = rows.filter((each) => each.now);
      const said = await confirm({
        title: t("Heal now?"),
        text: able.length ? t("Budgets and needs hold all the same.") : t("Nothing is to be healed."),
        details: h("ul", { class: "picked" }, able.map((each) => h("li", {}, `${each.instance || each.service}: ${each.deed}`))),
        doing: t("Heal now"),
      });
      if (!said) return;
      const done_ = (await api.post("/v1/heal", { ...mine(), reason: said.reason })).result;
      announce(t("healed: {count}", { count: done_.filter((each) => each.state === "done").length }));
      await page.again();
    });
  }
}

const keyOf = (each) => `${each.service} ${each.instance} ${each.on} ${each.subject} ${each.deed}`;
const deedOf = (each) => h("code", {}, each.deed);
const serviceOf = (each) => h("a", { class: "name", href: `#/services/${encodeURIComponent(each.service)}` }, each.instance || each.service);
