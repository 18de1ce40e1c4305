// What keys do, and whether single ones do anything.

import { fill, h } from "../lib/dom.js";
import { PLACES, single } from "../lib/keys.js";

export const title = (t) => t("Keys");

export function show(root, { t, announce }) {
  const keys = (...names) => names.map((each) => [h("kbd", {}, each), " "]);
  const row = (names, text) => [h("dt", {}, keys(...names)), h("dd", {}, text)];
  const on = h("input", {
    type: "checkbox", checked: single.on,
    onchange: () => { single.on = on.checked; announce(on.checked ? t("single keys are on") : t("single keys are off")); },
  });
  fill(root, h("h1", {}, t("Keys")),
    h("div", { class: "columns" },
      h("section", { class: "card" }, h("h2", {}, t("Everywhere")), h("dl", { class: "facts" },
        row(["Ctrl", "K"], t("go to a page or a service")),
        row(["/"], t("filter what is shown, or go to something")),
        row(["?"], t("this page")),
        row(["Tab"], t("to the next thing that can be pressed")),
        row(["Esc"], t("close what asks")))),
      h("section", { class: "card" }, h("h2", {}, t("Go to")), h("dl", { class: "facts" },
        Object.entries(PLACES).map(([key, [, text]]) => row(["g", key], t(text))))),
      h("section", { class: "card" }, h("h2", {}, t("Graph")), h("dl", { class: "facts" },
        row(["←", "↑", "→", "↓"], t("to the next service")),
        row(["Enter"], t("open it"))))),
    h("section", { class: "card" }, h("label", {}, on, " ", t("Single keys do something")),
      h("p", { class: "muted" }, t("Switch them off where speech or a switch types for you."))));
}
