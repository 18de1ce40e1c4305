// Everything that happened to a service, newest first, as it happens.

import { pathOf } from "../../lib/api.js";
import { complain } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { describe, kindOf } from "../../lib/happenings.js";
import { moment } from "../../lib/time.js";

const PAST = 300;

export function show(root, { t, api, name }) {
  const body = h("tbody");
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const empty = h("p", { class: "empty" }, t("Nothing has happened to it yet."));
  fill(root, problem, empty, h("div", { class: "box", tabindex: "0", role: "group", "aria-label": t("Events") }, h("table", {},
    h("thead", {}, h("tr", {}, h("th", {}, t("When")), h("th", {}, t("Instance")), h("th", {}, t("What happened")))), body)));
  const kinds = { bad: "✖", warn: "▲", ok: "●" };

  return api.follow(pathOf(name, "events"), { follow: "true", lines: PAST }, {
    resume: { lines: 10_000 },
    item(event) {
      const kind = kindOf(event);
      empty.hidden = true;
      body.prepend(h("tr", {}, h("td", { class: "nowrap mono" }, moment(event.at)), h("td", {}, event.instance || event.service),
        h("td", {}, h("span", { class: "sign mark", "data-kind": kind, "aria-hidden": "true" }, kinds[kind] ?? "·"), " ", describe(event))));
      while (body.childElementCount > 2_000) body.lastElementChild.remove();
    },
    state(now, error) { complain(problem, now === "failed" ? error : null); },
  });
}
