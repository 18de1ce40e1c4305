// The reports that a service left of errors nobody handled.

import { pathOf } from "../../lib/api.js";
import { complain, show as showDialog } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { moment } from "../../lib/time.js";

export async function show(root, { t, api, live, name }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const empty = h("p", { class: "empty", hidden: true }, t("It left no crash reports. Services written with the SDK do, when an error is not handled."));
  const body = h("tbody");
  const box = h("div", { class: "box", tabindex: "0", role: "group", "aria-label": t("Crashes") }, h("table", {},
    h("thead", {}, h("tr", {}, [t("When"), t("Instance"), t("In"), t("Error")].map((each) => h("th", {}, each)), h("th", { class: "number" }, t("Repeats")), h("th", {}, ""))), body));
  fill(root, problem, empty, box);

  async function load() {
    try {
      const { result } = await api.get(pathOf(name, "crashes"));
      fill(body, result.map(row));
      empty.hidden = result.length > 0;
      box.hidden = !result.length;
    } catch (error) {
      complain(problem, error);
      box.hidden = true;
    }
  }

  function row(crash) {
    return h("tr", {}, h("td", { class: "nowrap mono" }, crash.at ? moment(timeOf(crash.at)) : "–"), h("td", {}, crash.instance), h("td", {}, crash.where),
      h("td", {}, crash.problem || h("span", {}, h("strong", {}, crash.kind), `: ${crash.message}`)), h("td", { class: "number" }, String(crash.repeats ?? 0)),
      h("td", {}, h("button", { type: "button", onclick: () => open(crash) }, t("Report"))));
  }

  async function open(crash) {
    try {
      const { result } = await api.get(pathOf(name, "crashes"), { id: crash.id });
      showDialog(t("Crash report {id}", { id: crash.id }), h("pre", { class: "code", tabindex: "0" }, JSON.stringify(result[0].report ?? result[0], null, 2)));
    } catch (error) {
      complain(problem, error);
    }
  }

  await load();
  let last = live.events.at(-1)?.number;
  return live.watch((names) => {
    const crashed = live.events.some((each) => each.number > last && each.kind === "CrashSeen" && each.service === name);
    last = live.events.at(-1)?.number ?? last;
    if (names === null || crashed) load();
  });
}

function timeOf(at) {
  return typeof at === "number" ? at : Date.parse(at) / 1000;
}
