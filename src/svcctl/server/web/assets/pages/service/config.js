// The definition that holds, with where each value came from, and what running programs go by.

import { pathOf } from "../../lib/api.js";
import { complain } from "../../lib/dialog.js";
import { fill, h, say } from "../../lib/dom.js";
import { value } from "../../lib/format.js";
import { table } from "../../lib/tables.js";
import { drift } from "./drift.js";
import { program } from "./program.js";
import { signed } from "./signed.js";

export async function show(root, context) {
  const { t, api, live, name, may } = context;
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const search = h("input", { type: "search", placeholder: t("Option or value"), "aria-label": t("Filter options"), oninput: draw });
  const every = h("input", { type: "checkbox", onchange: draw });
  const options = table({
    label: t("Configuration"),
    columns: [[t("Option"), "option"], [t("Value"), "value"], [t("From"), "from"]],
    key: (row) => row.path,
    cells: (row) => [h("span", { class: "mono" }, row.path), h("span", { class: "mono" }, row.text), h("span", { class: "muted" }, row.origin || t("default"))],
    empty: t("No option fits."),
  });
  const about = h("p", { class: "muted" });
  const files = h("div", { class: "page" });
  const running = h("div", { class: "page" });
  let rows = [];
  fill(root, problem, files,
    h("section", { class: "card" }, h("h2", {}, t("Definition that holds")), about,
      h("div", { class: "tools" }, search, h("label", {}, every, t("defaults, too"))),
      options.node),
    running, may("apply-signed", name) && signed(context));

  function draw() {
    const wanted = search.value.toLowerCase();
    options.show(rows.filter((each) => (every.checked || each.origin) && `${each.path} ${each.text}`.toLowerCase().includes(wanted)));
  }

  async function load() {
    if (may("drift", name)) drift(files, context); // takes its time
    try {
      const { result: [shown] } = await api.get(pathOf(name, "show"));
      complain(problem, null);
      rows = flat(shown.spec).map(([path, found]) => ({ path, text: value(found), origin: placeOf(shown.origins, path) }));
      say(about, t("Revision {revision}", { revision: shown.revision }));
      draw();
    } catch (error) {
      complain(problem, error);
    }
  }

  let before;

  /** Says whether something else was applied since this was asked last, or its files are others. */
  function changed() {
    const status = live.services.get(name)?.[0];
    const now = `${status?.spec_revision} ${status?.applied}`;
    const isOther = before !== undefined && before !== now;
    before = now;
    return isOther;
  }

  changed();
  const forget = live.watch((names) => {
    if ((!names || names.has(name)) && changed()) load();
  });
  await load();
  await program(running, context);
  return forget;
}

/** Gives the values in a document, each with its path: `needs.db`, `health[0].http`. */
function flat(document, prefix = "") {
  return Object.entries(document).flatMap(([key, found]) => {
    const path = Array.isArray(document) ? `${prefix}[${key}]` : prefix ? `${prefix}.${key}` : key;
    const parts = Array.isArray(found) ? found : [found];
    const isTable = parts.length > 0 && parts.every((each) => each !== null && typeof each === "object" && !Array.isArray(each) && Object.keys(each).length > 0);
    return isTable ? flat(found, path) : [[path, found]];
  });
}

function placeOf(origins, path) {
  const found = origins[path] ?? Object.entries(origins).find(([key]) => key.startsWith(`${path}.`) || key.startsWith(`${path}[`))?.[1];
  if (!found) return "";
  return found.file ? `${found.file}:${found.line}` : found.layer;
}
