// What a program written with the SDK goes by: its values, and the configurations it had.

import { pathOf } from "../../lib/api.js";
import { complain, confirm } from "../../lib/dialog.js";
import { fill, h } from "../../lib/dom.js";
import { value } from "../../lib/format.js";
import { table } from "../../lib/tables.js";
import { moment } from "../../lib/time.js";

/** Draws a card for each program of the service that tells, none for those that do not. */
export async function program(node, context) {
  const { api, name } = context;
  const [shown, past] = await Promise.all(["config", "config-history"].map((verb) =>
    api.get(pathOf(name, verb)).then((said) => said.result.filter((each) => each.answer), () => [])));
  const again = () => program(node, context);
  fill(node, shown.map((each) => values(each, context)), past.map((each) => history(each, context, again)));
}

function values({ instance, answer }, { t }) {
  const wanted = answer.restart_wanted ?? [];
  return h("section", { class: "card" }, h("h2", {}, t("Configuration that {name} runs with", { name: instance })),
    h("p", { class: "muted" }, t("Version {version}", { version: answer.version })),
    wanted.length > 0 && h("p", { class: "notice" }, t("takes effect with a restart: {names}", { names: wanted.join(", ") })),
    answer.rejected && h("p", { class: "problem" }, t("refused, what {who} brought:", { who: answer.rejected.who }), answer.rejected.mistakes.map((each) => h("code", { class: "line" }, each.problem))),
    box(t("Configuration"), [t("Option"), t("Value"), t("From")], answer.values.map((row) => [row.key, value(row.value), row.origin].map(mono))));
}

function history({ instance, answer }, context, again) {
  const { t, may, name } = context;
  if (!answer.length) return null;
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const rows = [...answer].reverse().map((each) => [
    [String(each.version), each.in_force && ` (${t("in force")})`], h("time", { class: "nowrap" }, moment(each.at)), each.who, each.what, each.changed.map(mono),
    !each.in_force && may("config-rollback", name) ? h("button", { type: "button", onclick: () => rollBack(each, problem, context, again) }, t("Go back to it")) : "",
  ]);
  return h("section", { class: "card" }, h("h2", {}, t("Configurations that {name} had", { name: instance })), problem,
    box(t("History"), [t("Version"), t("When"), t("Who"), t("What"), t("Changed"), ["", "does"]], rows));
}

async function rollBack({ version }, problem, { t, api, name, announce }, again) {
  const said = await confirm({ title: t("Go back to version {version} of {name}", { version, name }), doing: t("Go back") });
  if (!said) return;
  try {
    await api.post(pathOf(name, "config-rollback"), { version, ...(said.reason ? { reason: said.reason } : {}) });
    announce(t("Back to version {version}.", { version }));
    await again();
  } catch (error) {
    complain(problem, error);
  }
}

const mono = (text) => h("span", { class: "mono" }, text);

function box(label, columns, rows) {
  const made = table({ label, columns, key: (row) => rows.indexOf(row), cells: (row) => row, empty: "" });
  made.show(rows);
  return made.node;
}
