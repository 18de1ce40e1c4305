// How everything is, problems first.

import { badge, show as showBadge } from "../lib/badge.js";
import { fill, h, mark, order, say } from "../lib/dom.js";
import { fresh } from "../lib/fresh.js";
import { describe } from "../lib/happenings.js";
import { reason } from "../lib/reasons.js";
import { isProblem, worstOf } from "../lib/states.js";
import { byService, draw, heading, partsOf, strip } from "../lib/strip.js";
import { ticking } from "../lib/ticking.js";
import { now, short } from "../lib/time.js";

const HOUR = 3_600; // seconds that strips go back
const STRIPS = 5_000; // milliseconds between two drawings of strips
const LATEST = 12;
const OF_ALERTS = ["AlertRaised", "AlertAcknowledged", "AlertEnded"];

export const title = (t) => t("Overview");

export async function show(root, context) {
  const { t, live, api, may } = context;
  const counts = countsOf(t);
  const alerts = fresh({
    live, kinds: OF_ALERTS,
    load: async () => (await api.get("/v1/alerts")).result.alerts.filter((each) => each.state === "firing"),
    draw: counts.alert,
  });
  const problems = h("tbody");
  const problemCard = card(t("Problems"), problems, t);
  const fine = h("tbody");
  const fineCard = card(t("Everything else"), fine, t);
  const latest = h("ul", { class: "happenings" });
  const nothing = h("li", { class: "muted" }, t("nothing yet"));
  const told = new Map(); // events shown, by their numbers
  const calm = h("p", { class: "notice", hidden: true });
  fill(root, h("h1", {}, t("Overview")), counts.node, calm, problemCard, fineCard,
    h("section", { class: "card" }, h("h2", {}, t("Latest")), latest));
  const rows = new Map();
  const clock = ticking();

  function add(name) {
    const made = row(name);
    rows.set(name, made);
    clock.add(made.node, () => made.tick());
  }

  function update(names) {
    const found = [...live.services].map(([name, instances]) => ({ name, instances, state: worstOf(instances) }));
    found.sort((a, b) => a.state.rank - b.state.rank || a.name.localeCompare(b.name));
    for (const each of found) {
      if (!rows.has(each.name)) add(each.name);
      else if (names && !names.has(each.name)) continue;
      rows.get(each.name).show(each);
    }
    for (const [name, { node }] of rows) if (!live.services.has(name)) { rows.delete(name); clock.drop(node); }
    const bad = found.filter((each) => isProblem(each.state));
    order(problems, bad.map((each) => rows.get(each.name).node));
    order(fine, found.filter((each) => !isProblem(each.state)).map((each) => rows.get(each.name).node));
    mark(problemCard, "hidden", !bad.length);
    mark(fineCard, "hidden", bad.length === found.length);
    calm.hidden = bad.length > 0;
    say(calm, !live.loaded ? t("Loading…") : found.length ? t("Nothing needs you: all services are as they should be.") : t("There are no services yet. Define some on the machine: svcctl apply FILE"));
    counts.show(found);
    drawLatest();
    drawStrips(names);
  }

  function drawStrips(names) {
    const to = now();
    const events = byService(live.events);
    for (const [name, each] of rows) {
      if (names && !names.has(name)) continue;
      each.strip(partsOf(events.get(name) ?? [], live.services.get(name) ?? [], { from: to - HOUR, to }));
    }
  }

  function drawLatest() {
    const found = live.events.slice(-LATEST).reverse();
    for (const each of found) if (!told.has(each.number)) told.set(each.number, happened(each));
    const shown = found.map((each) => each.number);
    for (const number of [...told.keys()]) if (!shown.includes(number)) told.delete(number);
    order(latest, found.length ? shown.map((number) => told.get(number)) : [nothing]);
  }

  update(null);
  if (may("alerts")) alerts.again();
  const ends = [alerts.end, live.watch(update), clock.end];
  const timer = setInterval(() => { if (!document.hidden) drawStrips(null); }, STRIPS);
  return () => { ends.forEach((end) => end()); clearInterval(timer); };

  function row(name) {
    const state = badge({ name: "", sign: "", kind: "idle" });
    const why = h("td", { class: "reason" });
    const hour = strip();
    const node = h("tr", {},
      h("td", {}, h("a", { class: "name", href: `#/services/${encodeURIComponent(name)}` }, name)),
      h("td", {}, state), h("td", { class: "strip-cell" }, hour), why);
    let shown = [];
    return {
      node,
      show(each) { shown = each.instances; showBadge(state, each.state); this.tick(); },
      tick() { say(why, reason(shown, t)); },
      strip(parts) { draw(hour, parts, HOUR); },
    };
  }
}

function card(heading_, body, t) {
  return h("section", { class: "card" }, h("h2", {}, heading_), h("div", { class: "box", tabindex: "0", role: "group", "aria-label": heading_ }, h("table", { class: "rows-500 overview" },
    h("thead", {}, h("tr", {}, h("th", {}, t("Service")), h("th", {}, t("State")), heading(), h("th", {}, t("Why")))), body)));
}

function happened(event) {
  const name = event.service && h("a", { href: `#/services/${encodeURIComponent(event.service)}` }, event.instance || event.service);
  return h("li", {}, h("time", {}, short(event.at)), h("span", {}, name, " ", describe(event)));
}

/** Gives how many services are of each kind, each a way to them; `show(found)` brings it up to date. */
function countsOf(t) {
  const kinds = [["bad", t("failed")], ["warn", t("in trouble")], ["busy", t("on their way")], ["ok", t("as they should be")], ["idle", t("at rest")]];
  const numbers = new Map(kinds.map(([kind]) => [kind, h("strong", {}, "0")]));
  const firing = h("strong", {});
  const alerts = h("li", { hidden: true }, h("a", { href: "#/alerts" }, firing, t("alerts")));
  return {
    node: h("ul", { class: "counts" }, kinds.map(([kind, text]) =>
      h("li", {}, h("a", { href: `#/services?kind=${kind}`, "data-kind": kind }, numbers.get(kind), text))), alerts),
    alert(found) {
      alerts.hidden = false;
      say(firing, found.length);
      mark(alerts.firstChild, "data-kind", found.length ? "warn" : "idle");
    },
    show(found) {
      for (const [kind, node] of numbers) say(node, found.filter((each) => each.state.kind === kind).length);
    },
  };
}
