// What is unusual, what somebody has called nothing, and what has been learnt of each service.

import { badge } from "../lib/badge.js";
import { confirm } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { count, percent } from "../lib/format.js";
import { fresh, pressed } from "../lib/fresh.js";
import { lasting, tick } from "../lib/lasting.js";
import { table } from "../lib/tables.js";
import { moment, short } from "../lib/time.js";

const KINDS = ["FindingMade", "FindingEnded", "FindingRejected"];
const STATES = {
  found: { name: "found", sign: "▲", kind: "warn" },
  quiet: { name: "quiet", sign: "‖", kind: "idle" },
  ended: { name: "over", sign: "○", kind: "idle" },
};

export const title = (t) => t("Findings");

export async function show(root, { api, t, live, may, announce }) {
  const past = h("input", { type: "checkbox", onchange: () => page.again() });
  const found = table({
    label: t("Findings"),
    columns: [t("State"), t("Service"), t("What"), t("Since"), t("Lasts"), [t("Score"), "number"], ["", "does"]],
    key: (each) => `${each.id} ${each.instance} ${each.ended}`,
    cells: findingCells,
    empty: t("Nothing is unusual."),
  });
  const quiet = table({
    label: t("Quiet"),
    columns: [t("Service"), t("Pattern"), t("Who"), t("Since"), ["", "does"]],
    key: (each) => each.id,
    cells: quietCells,
    empty: t("No finding was called false."),
  });
  const learnt = table({
    label: t("Learnt"),
    columns: [t("Service"), t("Since"), [t("Lines"), "number"], [t("Templates"), "number"], t("Tells of"), [t("Read"), "number"]],
    key: (each) => each.service,
    cells: (each) => learntCells(each, t),
    empty: t("No service has said anything yet."),
  });
  const page = fresh({
    live, kinds: KINDS,
    load: async () => (await api.get("/v1/findings", { all: past.checked ? "true" : "" })).result,
    draw(said) { found.show(said.findings); quiet.show(said.quiet); learnt.show(said.learnt); },
  });
  fill(root,
    h("div", { class: "head" }, h("h1", {}, t("Findings")), h("label", {}, past, " ", t("what is over, too"))),
    page.problem, found.node,
    h("section", { class: "card" }, h("h2", {}, t("Called false, and quiet")), quiet.node),
    h("section", { class: "card" }, h("h2", {}, t("What has been learnt")), learnt.node));
  const still = tick(root);
  await page.again();
  return () => { page.end(); still(); };

  function findingCells(each) {
    return [
      badge(STATES[each.state] ?? STATES.found),
      h("a", { class: "name", href: `#/services/${encodeURIComponent(each.service)}` }, each.instance || each.service),
      [h("div", {}, each.explanation),
        h("details", {}, h("summary", {}, t("More")), h("dl", { class: "facts" },
          h("dt", {}, t("Kind")), h("dd", {}, each.kind),
          h("dt", {}, t("Subject")), h("dd", {}, h("code", {}, each.subject)),
          h("dt", {}, t("Observed")), h("dd", {}, each.observed),
          h("dt", {}, t("Expected")), h("dd", {}, each.expected)),
        each.samples.length > 0 && h("pre", { class: "code" }, each.samples.join("\n")))],
      h("time", { class: "nowrap" }, short(each.since ?? each.at)),
      lasting(each.since ?? each.at, each.ended),
      each.score === null ? "–" : Number(each.score).toFixed(2),
      each.state === "found" && may("finding-quiet") && h("button", { onclick: (event) => ask(event.target, each, "finding-quiet") }, t("It is nothing")),
    ];
  }

  function quietCells(each) {
    return [
      each.service, h("code", {}, each.pattern), each.who, moment(each.at),
      may("finding-wake") && h("button", { onclick: (event) => ask(event.target, each, "finding-wake") }, t("Tell again")),
    ];
  }

  async function ask(button, each, verb) {
    const isQuiet = verb === "finding-quiet";
    const said = await confirm({
      title: isQuiet ? t("Never tell of it again?") : t("Tell of it again?"),
      text: each.explanation ?? each.pattern,
      doing: isQuiet ? t("It is nothing") : t("Tell again"),
    });
    if (!said) return;
    await pressed(button, page.problem, async () => {
      await api.post(`/v1/${verb}`, { id: each.id, reason: said.reason });
      announce(isQuiet ? t("quiet: {pattern}", { pattern: each.pattern }) : t("told again: {pattern}", { pattern: each.pattern }));
      await page.again();
    });
  }
}

function learntCells(each, t) {
  const tells = [t("limits"), each.tells_of_lines && t("new lines"), each.tells_of_sessions && t("sessions")].filter(Boolean);
  return [
    h("a", { class: "name", href: `#/services/${encodeURIComponent(each.service)}` }, each.service),
    each.since === null ? "–" : moment(each.since),
    count(each.lines), count(each.templates), tells.join(t(", ")), percent(each.read * 100),
  ];
}
