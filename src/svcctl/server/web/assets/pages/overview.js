// How everything is, problems first.

import { badge, show as showBadge } from "../lib/badge.js";
import { fill, h, mark, order, say } from "../lib/dom.js";
import { describe } from "../lib/happenings.js";
import { isProblem, worstOf } from "../lib/states.js";
import { byService, draw, heading, partsOf, strip } from "../lib/strip.js";
import { everySecond, length, now, short } from "../lib/time.js";
import { told } from "../lib/words.js";

const HOUR = 3_600; // seconds that strips go back
const STRIPS = 5_000; // milliseconds between two drawings of strips
const LATEST = 12;

export const title = (t) => t("Overview");

export async function show(root, context) {
  const { t, live } = context;
  const counts = countsOf(t);
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

  function update(names) {
    const found = [...live.services].map(([name, instances]) => ({ name, instances, state: worstOf(instances) }));
    found.sort((a, b) => a.state.rank - b.state.rank || a.name.localeCompare(b.name));
    for (const each of found) {
      if (!rows.has(each.name)) rows.set(each.name, row(each.name));
      else if (names && !names.has(each.name)) continue;
      rows.get(each.name).show(each);
    }
    for (const name of rows.keys()) if (!live.services.has(name)) rows.delete(name);
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
  const ends = [live.watch(update), everySecond(() => rows.forEach((each) => each.tick()))];
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

/** Says why a service is as it is, and what comes next. */
export function reason(instances, t) {
  const worst = instances.toSorted((a, b) => worstOf([a]).rank - worstOf([b]).rank)[0];
  if (!worst) return "";
  const said = [told(worst.reason), worst.status_text].filter(Boolean);
  if (worst.live === false) said.push(t("live probe fails"));
  if (worst.next_at) said.push(worst.next_at - now() < 1 ? t("starts now") : t("next start in {left}", { left: length(worst.next_at - now()) }));
  if (!said.length && worst.phase === "running" && worst.started_at) said.push(t("up {time}", { time: length(now() - worst.started_at) }));
  return said.join(t("; "));
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
  return {
    node: h("ul", { class: "counts" }, kinds.map(([kind, text]) =>
      h("li", {}, h("a", { href: `#/services?kind=${kind}`, "data-kind": kind }, numbers.get(kind), text)))),
    show(found) {
      for (const [kind, node] of numbers) say(node, found.filter((each) => each.state.kind === kind).length);
    },
  };
}
