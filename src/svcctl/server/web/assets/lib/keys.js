// What keys do on every page: go somewhere, find something; single keys can be switched off.

import { h } from "./dom.js";
import { t } from "./words.js";

const KEPT = "svcctl.keys";
const PATIENCE = 1_500; // milliseconds between g and the letter after it
const MOST = 12; // places that are offered at once

/** Where `g` and a letter lead. */
export const PLACES = {
  o: ["", "Overview"], s: ["services", "Services"], d: ["graph", "Graph"], a: ["alerts", "Alerts"],
  f: ["findings", "Findings"], h: ["healing", "Healing"], u: ["audit", "Audit"], c: ["access", "Access"],
};

/** Whether single keys do something; some people's tools type them by themselves (WCAG 2.1.4). */
export const single = {
  get on() { return localStorage.getItem(KEPT) !== "off"; },
  set on(wanted) { localStorage.setItem(KEPT, wanted ? "on" : "off"); },
};

/**
 * Listens to keys; `places()` gives the pages there are ({path, menu}), the names of services and what
 * watches for others (see lib/live.js), or null where nobody is logged in.
 */
export function listen(places) {
  let going = 0;

  document.addEventListener("keydown", (event) => {
    if (!places()) return;
    if (event.key.toLowerCase() === "k" && (event.ctrlKey || event.metaKey) && !event.shiftKey) {
      event.preventDefault();
      jump(places);
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || !single.on || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]")) return;
    const place = Date.now() - going < PATIENCE && PLACES[event.key];
    going = event.key === "g" ? Date.now() : 0;
    if (place) go(place[0]);
    else if (event.key === "?") go("shortcuts");
    else if (event.key === "/") search(event, places);
  });
}

function search(event, places) {
  event.preventDefault();
  const field = document.querySelector("main input[type=search]");
  if (field) field.select();
  else jump(places);
}

function isTyping(target) {
  return target.matches("input, textarea, select, [contenteditable]");
}

function go(path) {
  location.hash = `#/${path}`;
}

/** Asks where to go: the name of a service or of a page, or a part of it; `places()` as above. */
export function jump(places) {
  if (document.querySelector("dialog[open]")) return;
  const before = document.activeElement;
  let at = 0;
  const field = h("input", {
    type: "search", role: "combobox", "aria-expanded": "true", "aria-controls": "jump-list", "aria-autocomplete": "list",
    "aria-label": t("Go to a page or a service"), placeholder: t("Go to…"), autocomplete: "off", spellcheck: "false",
  });
  const list = h("ul", { id: "jump-list", role: "listbox", class: "jump", "aria-label": t("Places") });
  const dialog = h("dialog", { "aria-label": t("Go to…"), class: "jump-dialog" }, field, list);

  function draw() {
    const found = fitting(placesOf(places()), field.value);
    at = Math.max(0, Math.min(at, found.length - 1));
    list.replaceChildren(...found.map((each, number) => h("li", {
      id: `jump-${number}`, role: "option", "aria-selected": number === at ? "true" : "false",
      onclick: () => { dialog.close(); location.hash = `#/${each.path}`; },
    }, h("span", {}, each.text), h("span", { class: "hint" }, each.kind))));
    if (found.length) field.setAttribute("aria-activedescendant", `jump-${at}`);
    else field.removeAttribute("aria-activedescendant");
    list.children[at]?.scrollIntoView({ block: "nearest" });
  }

  field.addEventListener("input", () => { at = 0; draw(); });
  field.addEventListener("keydown", (event) => {
    const by = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (by) { event.preventDefault(); at += by; draw(); }
    if (event.key === "Enter") { event.preventDefault(); list.children[at]?.click(); }
  });
  const forget = places().watch(draw);
  dialog.addEventListener("close", () => { forget(); dialog.remove(); before?.focus?.(); }, { once: true });
  document.body.append(dialog);
  draw();
  dialog.showModal();
}

function placesOf({ pages, names }) {
  return [
    ...pages.map(({ path, menu }) => ({ path: path.join("/"), text: t(menu), kind: t("page") })),
    ...names.map((name) => ({ path: `services/${encodeURIComponent(name)}`, text: name, kind: t("service") })),
  ];
}

/** Gives the places that `text` may mean: those that begin with it first. */
function fitting(places, text) {
  const wanted = text.trim().toLowerCase();
  const rank = (each) => each.text.toLowerCase().indexOf(wanted);
  return places.filter((each) => rank(each) >= 0)
    .sort((a, b) => Math.min(rank(a), 1) - Math.min(rank(b), 1)).slice(0, MOST);
}
