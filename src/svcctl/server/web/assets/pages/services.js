// All services: found by a word, a state or a label, and changed many at a time.

import { badge, show as showBadge } from "../lib/badge.js";
import { fill, h, mark, order, say } from "../lib/dom.js";
import { percent, size } from "../lib/format.js";
import { reason } from "../lib/reasons.js";
import { worstOf } from "../lib/states.js";
import { ticking } from "../lib/ticking.js";
import { length, now } from "../lib/time.js";
import { BULK, button, telling } from "../lib/verbs.js";

export const title = (t) => t("Services");

export async function show(root, context) {
  const { t, live, query, may } = context;
  const rows = new Map();
  const clock = ticking();
  const picked = new Set();
  const told = telling(t);
  const asked = { text: query.get("text") ?? "", kind: query.get("kind") ?? "", by: query.get("by") ?? "" };

  const search = h("input", { type: "search", value: asked.text, placeholder: t("Name, label=value, @group or a word"), "aria-label": t("Filter services"), oninput: () => ask("text", search.value) });
  const kind = select(t("State"), kinds(t), asked.kind, (value) => ask("kind", value));
  const by = h("select", { "aria-label": t("Group by"), onchange: () => ask("by", by.value) });
  const many = h("span", { class: "muted", role: "status" });
  const body = h("tbody", { role: "rowgroup" });
  const all = h("input", { type: "checkbox", "aria-label": t("Select all that are shown"), onchange: () => pickAll(all.checked) });
  const chosen = h("span", { class: "muted" });
  const verbs = BULK.map((verb) => [verb, button(context, verb, () => [...picked].sort(), told)]).filter(([, node]) => node);
  const barred = h("span", { class: "hint", id: "barred", role: "status" });
  const bulk = h("div", { class: "tools bulk", role: "group", "aria-label": t("With those selected"), "aria-describedby": "barred", hidden: true }, chosen, verbs.map(([, node]) => node), barred);
  const empty = h("p", { class: "empty", hidden: true });
  const box = h("div", { class: "box", tabindex: "0", role: "group", "aria-label": t("Services") }, h("table", { class: "rows-500 services", role: "table" },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" },
      verbs.length > 0 && head("pick", all), head("name", t("Service")), head("state", t("State")),
      [t("Up"), t("Restarts"), t("CPU"), t("Memory")].map((each) => head("number wide", each)),
      head("wide labels", t("Labels")), head("why", t("Why")))),
    body));
  fill(root, h("div", { class: "head" }, h("h1", {}, t("Services")), many),
    h("div", { class: "tools" }, search, kind, by), bulk, told.node, empty, box);

  function ask(name, value) {
    asked[name] = value;
    const said = new URLSearchParams(Object.entries(asked).filter(([, each]) => each));
    history.replaceState(null, "", said.size ? `#/services?${said}` : "#/services");
    arrange();
  }

  function add(name) {
    const made = row(name);
    rows.set(name, made);
    clock.add(made.node, () => made.tick());
  }

  function update(names) {
    for (const [name, instances] of live.services) {
      if (rows.has(name) && names && !names.has(name)) continue;
      if (!rows.has(name)) add(name);
      rows.get(name).show(instances);
    }
    for (const [name, { node }] of rows) {
      if (live.services.has(name)) continue;
      rows.delete(name);
      clock.drop(node);
      picked.delete(name);
    }
    if (names === null) drawGroupings();
    arrange();
  }

  function arrange() {
    const fits = filter(asked, t);
    const found = [...rows.values()].filter((each) => fits(each)).sort((a, b) => a.name.localeCompare(b.name));
    order(body, asked.by ? grouped(found, asked.by, t, verbs.length > 0) : found.map((each) => each.node));
    say(many, found.length === rows.size ? t("{n} in all", { n: rows.size }) : t("{n} of {all}", { n: found.length, all: rows.size }));
    box.hidden = found.length === 0;
    empty.hidden = found.length > 0;
    say(empty, !live.loaded ? t("Loading…") : rows.size ? t("No service fits.") : t("There are no services yet. Define some on the machine: svcctl apply FILE"));
    drawPicked(found);
  }

  function drawPicked(found) {
    bulk.hidden = picked.size === 0;
    say(chosen, t("{n} selected", { n: picked.size }));
    const shown = found.filter((each) => picked.has(each.name)).length;
    all.checked = shown > 0 && shown === found.length;
    all.indeterminate = shown > 0 && shown < found.length;
    const refused = verbs.flatMap(([verb, node]) => {
      const names = [...picked].filter((name) => !may(verb, name));
      node.disabled = names.length > 0;
      return names;
    });
    say(barred, refused.length ? t("You may not do everything to: {names}", { names: [...new Set(refused)].sort().join(", ") }) : "");
  }

  function drawGroupings() {
    const keys = new Set();
    for (const [[first]] of live.services.values().map((each) => [each])) for (const key of Object.keys(first.labels)) keys.add(key);
    const options = [["", t("Not grouped")], ["@", t("By group")], ...[...keys].sort().map((key) => [key, t("By {label}", { label: key })])];
    fill(by, options.map(([value, text]) => h("option", { value, selected: value === asked.by }, text)));
  }

  function pick(name, is) {
    if (is) picked.add(name); else picked.delete(name);
    arrange();
  }

  function pickAll(is) {
    const fits = filter(asked, t);
    for (const each of rows.values()) {
      if (!fits(each)) continue;
      if (is) picked.add(each.name); else picked.delete(each.name);
      each.pick(is);
    }
    arrange();
  }

  function row(name) {
    const state = badge({ name: "", sign: "", kind: "idle" });
    const cells = Object.fromEntries(["up", "restarts", "cpu", "memory"].map((each) => [each, h("td", { class: "number wide", role: "cell" })]));
    const labels = h("td", { class: "wide chips-cell", role: "cell" });
    const why = h("td", { class: "reason", role: "cell" });
    const box = h("input", { type: "checkbox", "aria-label": t("Select {name}", { name }), onchange: () => pick(name, box.checked) });
    const node = h("tr", { role: "row" },
      verbs.length > 0 && h("td", { class: "pick", role: "cell" }, box),
      h("td", { role: "cell" }, h("a", { class: "name", href: `#/services/${encodeURIComponent(name)}` }, name)),
      h("td", { role: "cell" }, state), Object.values(cells), labels, why);
    const self = {
      name, node, instances: [], state: null, words: "",
      pick(is) { box.checked = is; },
      show(instances) {
        self.instances = instances;
        self.state = worstOf(instances);
        const [first] = instances;
        showBadge(state, self.state);
        say(cells.restarts, sum(instances, "restarts"));
        say(cells.cpu, percent(sum(instances, "cpu")));
        say(cells.memory, size(sum(instances, "memory_bytes")));
        const chips = [...first.groups.map((each) => `@${each}`), ...Object.entries(first.labels).map(([key, value]) => `${key}=${value}`)];
        if (self.chips !== chips.join(" ")) fill(labels, h("span", { class: "chips" }, chips.map((each) => h("span", { class: "chip" }, each))));
        self.chips = chips.join(" ");
        self.words = [name, self.chips, first.description, first.reason].join(" ").toLowerCase();
        self.tick();
      },
      tick() {
        const since = self.instances.map((each) => (each.pid ? each.started_at : null)).filter(Boolean);
        say(cells.up, since.length ? length(now() - Math.max(...since)) : "–");
        const said = reason(self.instances, t);
        say(why, self.state?.kind === "ok" ? first(self.instances) : said);
      },
    };
    return self;
  }

  update(null);
  const ends = [live.watch(update), clock.end];
  if (query.has("find")) search.focus();
  return () => ends.forEach((end) => end());
}

function head(kind, content) {
  return h("th", { class: kind, role: "columnheader", scope: "col" }, content);
}

function first(instances) {
  return instances[0].status_text || instances[0].description;
}

/** Gives what says whether a row fits what was asked for: every word has to. */
function filter({ text, kind }, t) {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean);
  return (row) => (!kind || row.state.kind === kind || row.state.name === kind) &&
    words.every((word) => row.words.includes(word) || t(row.state.name).includes(word));
}

function grouped(rows, by, t, picks) {
  const groups = new Map();
  for (const row of rows) {
    const [one] = row.instances;
    for (const name of by === "@" ? (one.groups.length ? one.groups.slice(0, 1) : [""]) : [one.labels[by] ?? ""]) {
      if (!groups.has(name)) groups.set(name, []);
      groups.get(name).push(row);
    }
  }
  const names = [...groups.keys()].sort((a, b) => (a === "") - (b === "") || a.localeCompare(b));
  return names.flatMap((name) => [heading(name ? (by === "@" ? `@${name}` : `${by}=${name}`) : t("none"), groups.get(name).length, picks), ...groups.get(name).map((each) => each.node)]);
}

function heading(name, count, picks) {
  return h("tr", { class: "group-row", role: "row" }, h("th", { colspan: picks ? 9 : 8, scope: "colgroup", role: "rowheader" }, `${name} `, h("span", { class: "muted" }, `(${count})`)));
}

function kinds(t) {
  return { "": t("Any state"), bad: t("failed"), warn: t("in trouble"), busy: t("on their way"), ok: t("as they should be"), idle: t("at rest") };
}

function select(label, options, value, take) {
  const node = h("select", { "aria-label": label, onchange: () => take(node.value) },
    Object.entries(options).map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
  return node;
}

/** Adds up what instances use; null where none tells. */
function sum(instances, name) {
  const told = instances.map((each) => each[name]).filter((each) => each !== null && each !== undefined);
  return told.length ? told.reduce((one, other) => one + other, 0) : null;
}
