// Who asked for what, why, and what became of it; and whether that is as it was written.

import { badge } from "../lib/badge.js";
import { fill, h } from "../lib/dom.js";
import { fresh, pressed } from "../lib/fresh.js";
import { table } from "../lib/tables.js";
import { moment } from "../lib/time.js";

const SIZE = 50; // requests on a page
const ROWS = 2; // of the log for each request: that it was asked, and what became of it
const MOST = 20_000; // rows that are asked for at once
const BRIEF = 120; // characters of arguments that stand in the list itself
const ASKED = "asked";
const STATES = {
  done: { name: "done", sign: "✔", kind: "ok" },
  refused: { name: "refused", sign: "✖", kind: "bad" },
  failed: { name: "failed", sign: "▲", kind: "warn" },
  "given-up": { name: "given up", sign: "○", kind: "idle" },
  [ASKED]: { name: "not over", sign: "◐", kind: "busy" },
};
const REFUSED = /^SVC-1[57]/; // see svcctl.errors: Denied, Refused, and what is below them

/** What errors mean, by their codes. */
const MEANING = (t) => ({
  "SVC-1000": t("it failed inside svcctl"),
  "SVC-1100": t("the definition is wrong"),
  "SVC-1200": t("the request makes no sense"),
  "SVC-1300": t("no such service"),
  "SVC-1400": t("nobody answers"),
  "SVC-1500": t("not allowed"),
  "SVC-1501": t("did not show who they are"),
  "SVC-1600": t("not possible in this state"),
  "SVC-1603": t("somebody changed it meanwhile"),
  "SVC-1700": t("not at that time"),
  "SVC-1702": t("as many as may be were under way"),
  "SVC-1703": t("tried too often"),
  "SVC-1800": t("not within the given time"),
  "SVC-2000": t("the operating system said no"),
  "SVC-2001": t("a program could not be started"),
});
const SPANS = ["1h", "1d", "7d", "30d", ""];

export const title = (t) => t("Audit");

export async function show(root, { api, t, live, session, params, may, announce }) {
  let at = 0; // page, from the latest
  let requests = [];
  let whole = false; // there is nothing older than what was loaded
  const actor = h("input", { name: "actor", placeholder: "token:*", spellcheck: "false", autocomplete: "off" });
  const verb = h("input", { name: "verb", list: "verbs", placeholder: "re*", spellcheck: "false", autocomplete: "off" });
  const service = h("input", { name: "service", list: "services", value: params.name ?? "", spellcheck: "false", autocomplete: "off" });
  const since = h("select", { name: "since" }, SPANS.map((each) => h("option", { value: each, selected: each === "1d" }, each || t("all there is"))));
  const effect = choice("effect", [["", t("only changes")], ["read", t("looks, too")]]);
  const outcome = choice("outcome", [["", t("any")], ...Object.entries(STATES).map(([value, { name }]) => [value, t(name)])]);
  const form = h("form", { class: "card filter", onsubmit: (event) => { event.preventDefault(); first(); } },
    [[t("Who (a glob)"), actor], [t("Verb (a glob)"), verb], [t("Service"), service], [t("Since"), since], [t("Which"), effect], [t("Outcome"), outcome]].map(([text, input]) => h("label", { class: "field" }, text, input)),
    h("button", { class: "primary" }, t("Search")),
    h("datalist", { id: "verbs" }, Object.keys(session.verbs).map((each) => h("option", { value: each }))),
    h("datalist", { id: "services" }, [...live.services.keys()].map((each) => h("option", { value: each }))));
  for (const each of [since, effect, outcome]) each.addEventListener("change", first);
  const rows = table({
    label: t("Audit"),
    columns: [t("When"), t("Who"), t("By"), t("Verb"), [t("What"), "what"], t("Outcome"), [t("Why"), "why"]],
    key: (each) => each.number,
    cells: (each) => cellsOf(each, t),
    empty: t("Nothing was asked for."),
  });
  const where = h("span", { class: "muted" });
  const newer = h("button", { onclick: () => turn(-1) }, t("Newer"));
  const older = h("button", { onclick: () => turn(1) }, t("Older"));
  const verdict = h("div", { class: "verdict", role: "status" });
  const page = fresh({ live, load, draw });
  fill(root,
    h("div", { class: "head" }, h("h1", {}, t("Audit")), h("span", { class: "grow" }),
      may("audit-verify") && h("button", { onclick: (event) => verify(event.target) }, t("Verify the log"))),
    h("div", {}, verdict, form), page.problem, rows.node,
    h("nav", { class: "tools", "aria-label": t("Pages of the log") }, newer, older, where));
  await page.again();
  return page.end;

  function first() {
    at = 0;
    return page.again();
  }

  async function turn(by) {
    at = Math.max(0, at + by);
    if ((at + 1) * SIZE > requests.length && !whole) await page.again();
    else draw({ requests, whole });
    announce(where.textContent);
  }

  async function load() {
    for (let lines = (at + 2) * SIZE * ROWS; ; lines *= 4) {
      const found = (await api.get("/v1/audit", { actor: actor.value, verb: verb.value, service: service.value, since: since.value, lines })).result;
      const wanted = requestsOf(found).filter((each) => fits(each, outcome.value) && (effect.value || changes(each)));
      if (wanted.length > (at + 1) * SIZE || found.length < lines || lines > MOST) return { requests: wanted, whole: found.length < lines };
    }
  }

  /** Whether a request was for more than a look; what no page knows is taken for that. */
  function changes(row) {
    return session.verbs[row.verb]?.effect !== "read";
  }

  function draw(found) {
    ({ requests, whole } = found);
    const pages = Math.max(1, Math.ceil(requests.length / SIZE));
    at = Math.min(at, pages - 1);
    const shown = requests.slice(at * SIZE, (at + 1) * SIZE);
    rows.show(shown);
    newer.disabled = at === 0;
    older.disabled = at + 1 >= pages && whole;
    fill(where, shown.length ? t("{first} to {last}", { first: at * SIZE + 1, last: at * SIZE + shown.length }) : "");
  }

  async function verify(button) {
    await pressed(button, page.problem, async () => {
      const { result } = await api.get("/v1/audit-verify");
      fill(verdict, verdictOf(result, t));
    });
  }
}

function choice(name, options) {
  return h("select", { name }, options.map(([value, text]) => h("option", { value }, text)));
}

/** Gives each request once, with its outcome, the latest first. */
export function requestsOf(rows) {
  const found = new Map();
  for (const row of rows) {
    const key = row.asked || `row ${row.number}`;
    const before = found.get(key);
    found.set(key, before ? { ...before, outcome: row.outcome } : row);
  }
  return [...found.values()].reverse();
}

function fits(row, outcome) {
  return !outcome || stateOf(row.outcome) === outcome;
}

/** Gives which of STATES an outcome is: how it ended, or the code of the error it ended with. */
function stateOf(outcome) {
  return outcome in STATES ? outcome : REFUSED.test(outcome) ? "refused" : "failed";
}

function cellsOf(row, t) {
  const state = stateOf(row.outcome);
  return [
    h("time", { class: "nowrap" }, moment(row.at)),
    [row.actor, row.source && h("div", { class: "hint nowrap" }, row.source)],
    row.way || "–",
    h("code", {}, row.verb),
    [row.target, row.args !== "{}" && argumentsOf(row.args, t)],
    [badge(STATES[state]), row.outcome !== state && h("div", { class: "hint" }, h("span", { class: "nowrap" }, row.outcome), " ", MEANING(t)[row.outcome])],
    row.reason || "–",
  ].map((each) => each ?? t("unknown"));
}

/** Shows what was asked with; an apply tells of each service, which nobody reads in a list. */
function argumentsOf(text, t) {
  const shown = h("code", { class: "hint" }, text);
  return text.length <= BRIEF ? h("div", {}, shown) : h("details", {}, h("summary", {}, t("More")), shown);
}

function verdictOf(found, t) {
  if (found.sound) {
    return h("p", { class: "notice", "data-kind": "ok" }, badge({ name: "as it was written", sign: "✔", kind: "ok" }), " ",
      t("{rows} rows; to prove it later, keep this elsewhere:", { rows: found.rows }), " ", h("code", {}, found.head));
  }
  return h("div", { class: "problem" }, h("strong", {}, t("The log was tampered with")),
    h("ul", {}, found.found.map((each) => h("li", {}, each.problem))));
}
