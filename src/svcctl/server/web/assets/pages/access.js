// Who may do what: roles, rules, tokens; and why somebody may, or may not.

import { badge } from "../lib/badge.js";
import { confirm } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";
import { fresh, pressed } from "../lib/fresh.js";
import { table } from "../lib/tables.js";
import { moment } from "../lib/time.js";
import { told } from "../lib/words.js";

const ROLES = ["viewer", "operator", "deployer", "admin"];
const STATES = {
  valid: { name: "valid", sign: "✔", kind: "ok" },
  revoked: { name: "revoked", sign: "✖", kind: "bad" },
  expired: { name: "expired", sign: "○", kind: "idle" },
};
const VERDICTS = {
  allows: { name: "allows", sign: "✔", kind: "ok" },
  denies: { name: "denies", sign: "✖", kind: "bad" },
  "does not fit": { name: "does not fit", sign: "○", kind: "idle" },
};
const SHORT = 8; // characters of an id that tell tokens apart

export const title = (t) => t("Access");

export async function show(root, context) {
  const { api, t, live, may, announce } = context;
  const tokens = table({
    label: t("Tokens"),
    columns: [t("Id"), t("For"), t("Roles"), t("Issued"), t("Expires"), t("State"), ["", "does"]],
    key: (each) => each.id,
    cells: tokenCells,
    empty: t("There is no token."),
  });
  const policy = h("div", { class: "policy" });
  const page = fresh({
    live,
    async load() {
      const verbs = ["token-list", "access-show"];
      return Promise.all(verbs.map(async (verb) => may(verb) && (await api.get(`/v1/${verb}`)).result));
    },
    draw([listed, said]) {
      tokens.show((listed || []).toSorted((a, b) => b.issued_at - a.issued_at));
      if (said) fill(policy, policyOf(said.spec.access, t));
    },
  });
  fill(root,
    h("h1", {}, t("Access")), page.problem,
    h("div", { class: "columns uneven" }, mine(context), ranks(context)),
    may("token-list") && h("section", { class: "card" }, h("h2", {}, t("Tokens")), tokens.node),
    may("token-list") && h("p", { class: "muted" }, t("Tokens are issued on the machine itself:"), " ", h("code", {}, "svcctl auth token issue NAME --roles operator --for 1h")),
    may("access-show") && h("section", { class: "card" }, h("h2", {}, t("Roles and rules of this host")), policy),
    may("auth-explain") && explaining(context));
  await page.again();
  return page.end;

  function tokenCells(each) {
    return [
      h("code", {}, each.id.slice(0, SHORT)), each.subject, each.roles.join(", ") || "–",
      h("time", { class: "nowrap" }, moment(each.issued_at)), h("time", { class: "nowrap" }, moment(each.expires_at)),
      badge(STATES[each.state] ?? STATES.expired),
      each.state === "valid" && may("token-revoke") && h("button", { onclick: (event) => revoke(event.target, each) }, t("Revoke…")),
    ];
  }

  async function revoke(button, token) {
    const said = await confirm({
      title: t("Revoke the token of {subject}?", { subject: token.subject }),
      text: t("It holds no more, and what it opened is closed at once."),
      doing: t("Revoke"), danger: true,
    });
    if (!said) return;
    await pressed(button, page.problem, async () => {
      await api.post("/v1/token-revoke", { id: token.id, reason: said.reason });
      announce(t("the token of {subject} holds no more", { subject: token.subject }));
      await page.again();
    });
  }
}

/** Shows who is logged in, and by what. */
function mine({ session, roles, t }) {
  return h("section", { class: "card" }, h("h2", {}, t("You")), h("dl", { class: "facts" },
    h("dt", {}, t("Name")), h("dd", {}, session.actor),
    h("dt", {}, t("Shown by")), h("dd", {}, t(session.proof)),
    h("dt", {}, t("Roles")), h("dd", {}, roles.join(", ") || "–"),
    session.ends_at && [h("dt", {}, t("Until")), h("dd", {}, moment(session.ends_at))]));
}

/** Shows what each of the built-in roles may, besides what those before it may. */
function ranks({ session, roles, t }) {
  const verbs = Object.entries(session.verbs);
  return h("section", { class: "card" }, h("h2", {}, t("Roles")), h("dl", { class: "facts" }, ROLES.map((role) => [
    h("dt", {}, t(role), roles.includes(role) && h("span", { class: "hint" }, " ", t("(you)"))),
    h("dd", { class: "chips" }, verbs.filter(([, each]) => each.role === role).map(([name]) => h("code", { class: "chip" }, name))),
  ])), h("p", { class: "muted" }, t("Each role may do what those above it may.")));
}

/** Shows what [access] says: roles of one's own, who has which, and rules. */
function policyOf(access, t) {
  const rows = (found, line) => h("ul", { class: "steps" }, found.map((each) => h("li", {}, line(each))));
  const roles_ = Object.entries(access.roles ?? {});
  const parts = [
    [t("Roles of its own"), roles_, ([name, each]) => [h("code", {}, name), each.like && ` ${t("like {role}", { role: each.like })}`, scopeOf(each, t)]],
    [t("Who has which role"), access.bindings ?? [], (each) => [list(each.who), " → ", list(each.roles)]],
    [t("Rules"), access.rules ?? [], (each) => [
      badge(each.effect === "deny" ? VERDICTS.denies : VERDICTS.allows), " ", list([...each.who ?? [], ...each.roles ?? []]),
      scopeOf(each, t), each.why && h("span", { class: "hint" }, ` – ${each.why}`)]],
  ].filter(([, found]) => found.length);
  if (!parts.length) return h("p", { class: "muted" }, t("[access] says nothing of roles and rules: the built-in roles hold."));
  return parts.map(([heading, found, line]) => [h("h3", {}, heading), rows(found, line)]);
}

function scopeOf(each, t) {
  const parts = [["verbs", t("verbs")], ["services", t("services")], ["labels", t("labels")], ["environments", t("environments")]];
  return parts.filter(([name]) => each[name]?.length).map(([name, text]) => [` ${text} `, list(each[name])]);
}

function list(texts) {
  return texts.map((each) => [h("code", { class: "chip" }, each), " "]);
}

/** Gives the form that says why somebody may do something, or may not. */
function explaining({ api, t, live, session, params }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const answer = h("div", { role: "status" });
  const who = h("input", { name: "who", required: true, value: params.who ?? session.actor, spellcheck: "false", autocomplete: "off" });
  const verb = h("select", { name: "verb" }, Object.keys(session.verbs).sort().map((each) => h("option", { value: each, selected: each === "restart" }, each)));
  const service = h("input", { name: "service", list: "explained", spellcheck: "false", autocomplete: "off" });
  const held = h("input", { name: "roles", value: session.roles.join(","), placeholder: "operator", spellcheck: "false", autocomplete: "off" });
  const submit = h("button", { class: "primary" }, t("Explain"));
  const form = h("form", { class: "filter", onsubmit: (event) => { event.preventDefault(); pressed(submit, problem, explain); } },
    [[t("Who, as audited"), who], [t("Verb"), verb], [t("Service"), service], [t("Roles of their token"), held]].map(([text, input]) => h("label", { class: "field" }, text, input)),
    submit, h("datalist", { id: "explained" }, [...live.services.keys()].map((each) => h("option", { value: each }))));
  return h("section", { class: "card" }, h("h2", {}, t("Who may do what, and why")), form, problem, answer);

  async function explain() {
    const { result } = await api.get("/v1/auth-explain", { who: who.value, verb: verb.value, service: service.value, roles: held.value });
    const state = result.allowed ? { name: "allowed", sign: "✔", kind: "ok" } : { name: "denied", sign: "✖", kind: "bad" };
    fill(answer, h("p", {}, badge(state), " ", told(result.reason)),
      h("ol", { class: "steps" }, result.steps.map((each) => h("li", {},
        h("code", {}, each.rule), " ", badge(VERDICTS[each.verdict] ?? VERDICTS["does not fit"]), " ", told(each.why),
        each.at && h("span", { class: "hint" }, ` (${each.at})`)))));
  }
}
