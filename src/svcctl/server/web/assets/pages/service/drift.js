// What was applied beside what the files of the service say now, option by option.

import { pathOf } from "../../lib/api.js";
import { badge } from "../../lib/badge.js";
import { complain } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { value } from "../../lib/format.js";
import { table } from "../../lib/tables.js";
import { told } from "../../lib/words.js";

const STATES = {
  added: { name: "added", sign: "+", kind: "ok" },
  removed: { name: "removed", sign: "−", kind: "bad" },
  changed: { name: "changed", sign: "~", kind: "warn" },
};

/** Draws a card that says whether the files are as they were applied, and where they are not. */
export async function drift(node, { t, api, name }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const card = h("section", { class: "card" }, h("h2", {}, t("Its files")), h("p", { class: "muted" }, t("Reading them…")));
  if (!node.childElementCount) fill(node, card);
  try {
    const { result: [found] } = await api.get(pathOf(name, "drift"));
    fill(card, h("h2", {}, t("Its files")), found && said(found, t));
  } catch (error) {
    complain(problem, error);
    fill(card, h("h2", {}, t("Its files")), problem);
  }
  fill(node, card);
}

function said(found, t) {
  const files = found.files.length > 0 && h("p", { class: "mono muted" }, found.files.join(", "));
  const hint = found.hint && h("p", { class: "muted" }, told(found.hint));
  switch (found.state) {
    case "same": return [h("p", {}, t("They say what was applied.")), files];
    case "changed": return [
      h("p", { class: "notice" }, t("They say something else than what was applied."), " ",
        found.needs_restart ? t("To take it over, which restarts what runs, on the machine:") : t("To take it over, on the machine:"), " ", h("code", {}, "svcctl apply")),
      files, differing(found.options, t)];
    case "unknown": return [h("p", {}, told(found.problem)), hint];
    default: return [h("p", { class: "problem" }, told(found.problem)), hint, files];
  }
}

function differing(options, t) {
  const made = table({
    label: t("What differs"),
    columns: [t("Change"), t("Option"), t("Applied"), t("On disk")],
    key: (each) => each.option,
    cells: (each) => [
      badge(STATES[each.change] ?? STATES.changed), mono(each.option),
      side(each.applied, each.applied_from, t), side(each.on_disk, each.on_disk_from, t),
    ],
    empty: "",
  });
  made.show(options);
  return made.node;
}

/** Gives a value and, under it, where it came from. */
function side(found, from, t) {
  const isSaid = Object.keys(from).length > 0;
  if (found === null && !isSaid) return h("span", { class: "muted" }, t("nothing"));
  const place = [from.file, from.line, from.column].filter(Boolean).join(":");
  return h("div", {}, h("div", { class: "mono" }, value(found)),
    h("div", { class: "muted" }, isSaid ? (place || from.layer) : t("default")));
}

const mono = (text) => h("span", { class: "mono" }, text);
