// The reports that a service left of errors nobody handled.

import { pathOf } from "../../lib/api.js";
import { complain, show as showDialog } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { table } from "../../lib/tables.js";
import { moment } from "../../lib/time.js";

export async function show(root, { t, api, live, name }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const reports = table({
    label: t("Crashes"),
    columns: [t("When"), t("Instance"), t("In"), t("Error"), [t("Repeats"), "number"], ["", "does"]],
    key: (crash) => crash.id,
    cells: (crash) => [
      h("span", { class: "nowrap mono" }, crash.at ? moment(timeOf(crash.at)) : "–"), crash.instance, crash.where,
      crash.problem || h("span", {}, h("strong", {}, crash.kind), `: ${crash.message}`), String(crash.repeats ?? 0),
      h("button", { type: "button", onclick: () => open(crash) }, t("Report")),
    ],
    empty: t("It left no crash reports. Services written with the SDK do, when an error is not handled."),
  });
  fill(root, problem, reports.node);

  async function load() {
    try {
      reports.show((await api.get(pathOf(name, "crashes"))).result);
      complain(problem, null);
    } catch (error) {
      complain(problem, error);
    }
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
