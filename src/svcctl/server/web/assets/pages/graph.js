// What needs what, as a drawing that arrow keys walk through, and as a list that says the same.

import { badge, show as showBadge } from "../lib/badge.js";
import { complain } from "../lib/dialog.js";
import { fill, h, mark, s, say } from "../lib/dom.js";
import { around, laidOut, parted } from "../lib/layers.js";
import { worstOf } from "../lib/states.js";

const WIDE = 168; // of a box, in pixels of the drawing
const HIGH = 38;
const ACROSS = 84; // between two layers
const DOWN = 14; // between two boxes of a layer
const EDGE = 12;
const LONGEST = 18; // letters of a name that fit
const UNKNOWN = { name: "unknown", sign: "?", kind: "idle", rank: 6 };

export const title = (t) => t("Graph");

export async function show(root, { api, t, live }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const drawing = h("div", { class: "box graph", tabindex: "-1" });
  const list = h("div", {});
  const single = h("ul", { class: "alone" });
  const singles = h("section", { class: "card" }, h("h2", {}, t("Alone: needs nothing, and nothing needs it")), single);
  const filter = h("input", { type: "search", "aria-label": t("Only what is near services named"), placeholder: t("Only what is near…"), spellcheck: "false", oninput: () => draw(services) });
  let boxes = new Map();
  let lonely = new Map(); // badges of those that stand alone, by name
  let services = {};
  let known = "";
  fill(root,
    h("div", { class: "head" }, h("h1", {}, t("Graph")), h("div", { class: "tools grow" }, filter)),
    h("p", { class: "muted" }, t("What stands left is needed by what stands right. Arrow keys go from one to the next.")),
    problem, drawing, singles,
    h("details", { class: "card" }, h("summary", {}, t("The same as a list")), list));

  async function load() {
    try {
      ({ services } = (await api.get("/v1/tree", { all: "true" })).result);
      complain(problem, null);
      draw(services);
    } catch (error) {
      complain(problem, error);
    }
  }

  function draw(all) {
    const found = filter.value ? around(all, filter.value) : all;
    const shape = JSON.stringify(Object.entries(found).map(([name, each]) => [name, each.needs, each.after]));
    if (shape !== known) {
      known = shape;
      const { linked, alone } = parted(found);
      const { layers, edges } = laidOut(linked);
      boxes = new Map();
      lonely = new Map();
      fill(drawing, layers.length ? picture(layers, edges) : h("p", { class: "empty" }, nothing(all)));
      fill(list, asList([...layers.toReversed().flat(), ...alone], found));
      fill(single, alone.map((name) => {
        const state = badge(UNKNOWN);
        lonely.set(name, state);
        return h("li", {}, h("a", { href: `#/services/${encodeURIComponent(name)}` }, name), " ", state);
      }));
      singles.hidden = !alone.length;
    }
    colour(null);
  }

  function nothing(all) {
    return Object.keys(all).length ? t("No service needs another.") : t("There are no services yet.");
  }

  function picture(layers, edges) {
    const tallest = Math.max(...layers.map((each) => each.length));
    const places = new Map();
    layers.forEach((layer, x) => layer.forEach((name, y) => places.set(name, {
      x: EDGE + x * (WIDE + ACROSS),
      y: EDGE + (y + (tallest - layer.length) / 2) * (HIGH + DOWN),
    })));
    const width = EDGE * 2 + layers.length * (WIDE + ACROSS) - ACROSS;
    const height = EDGE * 2 + tallest * (HIGH + DOWN) - DOWN;
    const lines = edges.map((each) => line(each, places));
    const nodes = layers.map((layer, x) => layer.map((name, y) => node(name, places.get(name), [x, y])));
    return s("svg", {
      viewBox: `0 0 ${width} ${height}`, width, height, role: "group", "aria-label": t("What needs what"),
      onkeydown: (event) => walk(event, nodes),
    }, s("g", {}, lines), nodes.flat());
  }

  function line({ from, to, condition }, places) {
    const [a, b] = [places.get(to), places.get(from)];
    const [x1, y1, x2, y2] = [a.x + WIDE, a.y + HIGH / 2, b.x, b.y + HIGH / 2];
    const bend = Math.max(ACROSS / 2, Math.abs(x2 - x1) / 2);
    return s("path", { d: `M${x1} ${y1} C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`, class: condition ? "edge" : "edge after" },
      s("title", {}, condition ? t("{from} needs {to}: {condition}", { from, to, condition }) : t("{from} begins after {to}", { from, to })));
  }

  function node(name, { x, y }, [column, row]) {
    const sign = s("text", { x: x + 18, y: y + 24, class: "sign" });
    const made = s("a", {
      href: `#/services/${encodeURIComponent(name)}`, class: "node", tabindex: column || row ? "-1" : "0",
    }, s("title", {}, name), s("rect", { x, y, width: WIDE, height: HIGH, rx: 6 }), sign,
    s("text", { x: x + 34, y: y + 24 }, name.length > LONGEST ? `${name.slice(0, LONGEST - 1)}…` : name));
    made.addEventListener("focus", () => {
      for (const each of boxes.values()) mark(each.made, "tabindex", each.made === made ? "0" : "-1");
    });
    boxes.set(name, { made, sign });
    return made;
  }

  function colour(names) {
    for (const [name, node] of lonely) if (!names || names.has(name)) showBadge(node, stateOf(name));
    for (const [name, { made, sign }] of boxes) {
      if (names && !names.has(name)) continue;
      const state = stateOf(name);
      mark(made, "data-kind", state.kind);
      say(sign, state.sign);
      mark(made, "aria-label", `${name}, ${t(state.name)}`);
    }
  }

  function stateOf(name) {
    const instances = live.services.get(name);
    return instances ? worstOf(instances) : UNKNOWN;
  }

  function asList(names, services) {
    return h("ul", { class: "needs" }, names.map((name) => h("li", {},
      h("a", { href: `#/services/${encodeURIComponent(name)}` }, name), " ",
      live.services.has(name) && badge(worstOf(live.services.get(name))),
      needsOf(services[name]))));
  }

  function needsOf(found) {
    if (!found) return null;
    const said = [
      ...Object.entries(found.needs).map(([name, condition]) => t("needs {name}: {condition}", { name, condition })),
      ...found.after.map((name) => t("begins after {name}", { name })),
    ];
    return said.length > 0 && h("ul", {}, said.map((each) => h("li", {}, each)));
  }

  await load();
  const forget = live.watch((names) => {
    colour(names);
    const unknown = [...live.services.keys()].some((name) => !(name in services));
    if (unknown || live.events.at(-1)?.kind === "SpecApplied") load();
  });
  return forget;
}

/** Goes to the box above, below, left or right of the one that has the focus. */
function walk(event, nodes) {
  const column = nodes.findIndex((layer) => layer.includes(event.target));
  if (column < 0) return;
  const row = nodes[column].indexOf(event.target);
  const near = (layer) => layer?.[Math.min(row, layer.length - 1)];
  const next = {
    ArrowUp: () => nodes[column][row - 1],
    ArrowDown: () => nodes[column][row + 1],
    ArrowLeft: () => near(nodes[column - 1]),
    ArrowRight: () => near(nodes[column + 1]),
    Home: () => nodes[0][0],
    End: () => nodes.at(-1)[0],
  }[event.key]?.();
  if (!next) return;
  event.preventDefault();
  next.focus();
}
