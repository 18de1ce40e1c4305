// What a service used over time, and what happened to it meanwhile.

import { pathOf } from "../../lib/api.js";
import { chart, marksOf } from "../../lib/chart.js";
import { complain } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { percent, size } from "../../lib/format.js";
import { describe } from "../../lib/happenings.js";

const AGAIN = 15_000; // milliseconds until it is asked for again
const SPANS = ["15m", "1h", "6h", "1d", "7d"];

export async function show(root, { t, api, name }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const span = h("select", { "aria-label": t("How far back"), onchange: load }, SPANS.map((each) => h("option", { value: each, selected: each === "1h" }, t("Last {time}", { time: each }))));
  const place = h("div", { class: "columns charts" });
  fill(root, h("div", { class: "tools" }, span), problem, place);
  let ended = false;

  async function load() {
    try {
      const [history, events] = await Promise.all([
        api.get(pathOf(name, "history"), { since: span.value }),
        api.get(pathOf(name, "events"), { since: span.value, lines: 1_000 }),
      ]);
      if (ended) return;
      complain(problem, null);
      const open = [...place.querySelectorAll("details")].map((each) => each.open);
      fill(place, charts(history.result, events.items, t));
      place.querySelectorAll("details").forEach((each, at) => { each.open = open[at] ?? false; });
    } catch (error) {
      if (!ended) complain(problem, error);
    }
  }

  await load();
  const timer = setInterval(() => { if (!document.hidden) load(); }, AGAIN);
  return () => { ended = true; clearInterval(timer); };
}

function charts({ instances, since, until }, events, t) {
  const marks = marksOf(events, describe);
  const common = { from: since, to: until, marks, t, empty: t("nothing was measured") };
  const of = (at) => Object.entries(instances).map(([name, rows]) => ({ name, points: rows.map((row) => [row[0], row[at]]) }));
  return [
    chart({ ...common, title: t("CPU, of one core"), series: of(1), format: percent }),
    chart({ ...common, title: t("Memory"), series: of(2), format: size }),
    chart({ ...common, title: t("Open files"), series: of(4), format: whole }),
    chart({ ...common, title: t("Starts"), series: starts(events, since, until), format: whole, empty: t("It was not started in this time.") }),
  ];
}

/** Adds up the starts of each instance since the beginning of the time that is shown. */
function starts(events, since, until) {
  const found = Map.groupBy(events.filter((each) => each.kind === "InstanceSpawned"), (each) => each.instance);
  return [...found].map(([name, spawned]) => {
    const points = [[since, 0]];
    spawned.forEach((each, at) => points.push([each.at, at], [each.at, at + 1]));
    points.push([until, spawned.length]);
    return { name, points };
  });
}

function whole(value) {
  return value === null || value === undefined ? "–" : String(Math.round(value * 10) / 10);
}
