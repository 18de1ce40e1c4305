// What a signed definition would change, before it is applied; see "Define services from elsewhere".

import { complain, confirm } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { value } from "../../lib/format.js";

/** Gives a card that compares, and applies what was compared. */
export function signed({ t, api, name, announce }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const plan = h("div", { class: "page", role: "status" });
  const file = h("input", { type: "file", accept: ".signed,.json,application/json", "aria-label": t("A definition that was signed"), onchange: compare });
  const node = h("section", { class: "card" }, h("h2", {}, t("Compare with a signed definition")),
    h("p", { class: "muted" }, t("What svcctl spec sign made, for this host. Nothing is changed before you say so.")), file, problem, plan);

  async function compare() {
    fill(plan);
    complain(problem, null);
    try {
      const bundle = JSON.parse(await file.files[0].text());
      const { result } = await api.post("/v1/apply", { bundle, dry_run: true });
      draw(bundle, result.plan);
    } catch (error) {
      complain(problem, error instanceof SyntaxError ? { message: t("This file is not JSON.") } : error);
    }
  }

  function draw(bundle, planned) {
    const changed = planned.filter((each) => each.change !== "unchanged");
    const own = changed.filter((each) => each.service === name);
    const others = changed.filter((each) => each.service !== name);
    fill(plan,
      own.length ? own.map((each) => one(each)) : h("p", {}, t("It changes nothing of {name}.", { name })),
      others.length > 0 && h("p", {}, t("It changes others, too: {names}", { names: others.map((each) => `${each.service} (${t(each.change)})`).join(", ") })),
      changed.length > 0 && h("div", { class: "actions" }, h("button", { type: "button", class: "primary", onclick: () => apply(bundle, changed) }, t("Apply…"))));
  }

  function one({ change, action, changes }) {
    return h("div", { class: "page" }, h("p", {}, t("{change}; what runs: {action}", { change: t(change), action: t(action) })),
      changes.length > 0 && h("div", { class: "box", tabindex: "0", role: "group", "aria-label": t("What would change") }, h("table", { class: "options" },
        h("thead", {}, h("tr", {}, [t("Option"), t("Now"), t("Then")].map((each) => h("th", {}, each)))),
        h("tbody", {}, changes.map(([path, now, then]) => h("tr", {}, [path, value(now), value(then)].map((each) => h("td", { class: "mono" }, each))))))));
  }

  async function apply(bundle, changed) {
    const said = await confirm({ title: t("Apply the definition"), text: changed.map((each) => `${each.service}: ${t(each.change)}`).join(", "), doing: t("Apply"), reason: false });
    if (!said) return;
    try {
      await api.post("/v1/apply", { bundle });
      fill(plan, h("p", { class: "notice" }, t("Applied.")));
      announce(t("Applied."));
    } catch (error) {
      complain(problem, error);
    }
  }

  return node;
}
