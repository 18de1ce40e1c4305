// Tables whose rows stay as they are while nothing about them changes: focus and what is open too.
// On a narrow screen a row is a list of its cells; roles keep it a table for who does not see it.

import { h, order } from "./dom.js";
import { t } from "./words.js";

/**
 * Gives a table: `node` to be shown, `show(items)` to have it show others.
 *
 * `columns` are headings, a text or [text, class]; `key(item)` says which row is which;
 * `cells(item)` gives what its row holds, a cell a column; `empty` is said where there are none.
 */
export function table({ label, columns, key, cells, empty }) {
  const body = h("tbody", { role: "rowgroup" });
  const nothing = h("p", { class: "empty", hidden: true }, empty);
  const heads = columns.map((each) => (Array.isArray(each) ? each : [each]));
  const grid = h("table", { class: "stacked", role: "table", "aria-label": label },
    h("thead", { role: "rowgroup" }, h("tr", { role: "row" }, heads.map(([text, kind]) =>
      h("th", { role: "columnheader", scope: "col", class: kind }, text || h("span", { class: "visually-hidden" }, t("What can be done")))))),
    body);
  const rows = new Map();
  const node = h("div", { class: "box", tabindex: "0", role: "group", "aria-label": label }, grid, nothing);

  function show(items) {
    const before = placeOf(body);
    const wanted = items.map((item) => row(key(item), item));
    const kept = new Set(items.map((item) => key(item)));
    for (const each of [...rows.keys()]) if (!kept.has(each)) rows.delete(each);
    order(body, wanted);
    grid.hidden = !items.length;
    nothing.hidden = items.length > 0;
    comeBack(body, before);
  }

  function row(name, item) {
    const said = JSON.stringify(item);
    const known = rows.get(name);
    if (known?.said === said) return known.node;
    const made = h("tr", { role: "row" }, cells(item).map((each, at) =>
      h("td", { role: "cell", class: heads[at][1], "data-label": heads[at][0] }, each)));
    rows.set(name, { said, node: made });
    return made;
  }

  return { node, show };
}

/** Says where in `body` the focus is: in which row, and on which of what can be pressed there. */
function placeOf(body) {
  const focused = document.activeElement;
  if (!body.contains(focused)) return null;
  const row = focused.closest("tr");
  return { row: [...body.rows].indexOf(row), control: controls(row).indexOf(focused) };
}

/** Puts the focus back where its row was drawn anew, or is gone. */
function comeBack(body, before) {
  if (!before || body.contains(document.activeElement)) return;
  const row = body.rows[Math.min(before.row, body.rows.length - 1)];
  const found = row ? controls(row) : [];
  (found[before.control] ?? found[0] ?? document.getElementById("main"))?.focus();
}

function controls(row) {
  return [...row.querySelectorAll("a, button, summary, input, select")];
}
