// What can be done to services, and how people are asked and told.

import { pathOf } from "./api.js";
import { complain, confirm } from "./dialog.js";
import { fill, h } from "./dom.js";
import { told as inWords } from "./words.js";

const DOWN = new Set(["stopped", "failed", "finished"]);

/**
 * By verb: what its button says, whether it interrupts what runs, and for which phases of a lone
 * service it is offered.
 */
export const VERBS = {
  start: { text: (t) => t("Start"), offered: (phase) => DOWN.has(phase) || phase === "backoff" },
  stop: { text: (t) => t("Stop"), interrupts: true, offered: (phase) => !DOWN.has(phase) },
  restart: { text: (t) => t("Restart"), interrupts: true, offered: (phase) => !DOWN.has(phase) },
  reload: { text: (t) => t("Reload"), offered: (phase) => phase === "running" },
  pause: { text: (t) => t("Pause"), interrupts: true, offered: (phase) => phase === "running" },
  resume: { text: (t) => t("Resume"), offered: (phase) => phase === "paused" || phase === "pausing" },
  reset: { text: (t) => t("Reset"), offered: (phase) => phase === "failed" || phase === "backoff" },
  scale: { text: (t) => t("Scale…"), offered: () => true, input: instances },
  "set-log-level": { text: (t) => t("Log level…"), offered: (phase) => phase === "running", input: level },
  enable: { text: (t) => t("Enable"), offered: (phase, enabled) => !enabled },
  disable: { text: (t) => t("Disable"), offered: (phase, enabled) => enabled },
  remove: { text: (t) => t("Remove…"), destroys: true, offered: () => true },
};

/** The verbs that make sense for many services at once. */
export const BULK = ["start", "stop", "restart", "reload", "pause", "resume", "reset", "enable", "disable"];

/** Gives a button for `verb` on `names`, or nothing where it is allowed for none of them. */
export function button(context, verb, names, told) {
  const { t, may } = context;
  if (!may(verb, context.name)) return null;
  const known = VERBS[verb];
  return h("button", {
    type: "button", "data-verb": verb, class: known.destroys && "quiet",
    onclick: () => carryOut(context, verb, names(), told),
  }, known.text(t));
}

/** Asks where it should, has `verb` done to `names`, and tells `told` (see below) of it. */
export async function carryOut(context, verb, names, told) {
  const { api, t } = context;
  const known = VERBS[verb];
  const many = names.length > 1;
  const asks = many || known.interrupts || known.destroys || known.input;
  const said = asks ? await confirm(question(context, verb, names)) : {};
  if (said === null) return;
  const { reason, ...fields } = said;
  const body = { ...known.read?.(fields), ...numbers(fields), ...(reason ? { reason } : {}) };
  told.begun(verb, names);
  try {
    const path = many ? `/v1/${verb}` : pathOf(names[0], verb);
    const answer = await api.post(path, many ? { ...body, service: names } : body);
    told.done(verb, outcomesOf(answer.result));
  } catch (error) {
    if (error.name === "AbortError") return;
    told.failed(verb, error);
  }
  context.announce(told.text());
}

function question({ t, live }, verb, names) {
  const known = VERBS[verb];
  const many = names.length > 1;
  const what = many ? t("{n} services", { n: names.length }) : names[0];
  return {
    title: t("{verb}: {what}", { verb: known.text(t).replace("…", ""), what }),
    text: known.destroys ? t("It is stopped, and its definition is forgotten. Its logs are kept.") : "",
    details: many && h("p", { class: "picked muted" }, names.join(", ")),
    doing: known.text(t).replace("…", ""),
    danger: Boolean(known.destroys),
    typed: known.destroys ? names[0] : "",
    fields: known.input?.(t, live.services.get(names[0]) ?? []) ?? {},
  };
}

function instances(t, known) {
  const input = h("input", { type: "number", min: "1", max: "1000", required: true, value: String(known.length || 1) });
  input.dataset.label = t("Instances to run");
  return { instances: input };
}

function level(t) {
  const options = ["debug", "info", "warning", "error", "critical"];
  const input = h("select", {}, options.map((each) => h("option", { value: each, selected: each === "info" }, each)));
  input.dataset.label = t("Least level that is written");
  const time = h("input", { value: "10m", placeholder: "10m", pattern: "[0-9]+(ms|s|m|h|d)" });
  time.dataset.label = t("For how long (10m); empty: from now on");
  return { level: input, for: time };
}

function numbers(fields) {
  const found = Object.entries(fields).filter(([, value]) => value !== "");
  return Object.fromEntries(found.map(([name, value]) => [name, name === "instances" ? Number(value) : value]));
}

function outcomesOf(result) {
  return Array.isArray(result) ? result : result?.outcomes ?? [];
}

/** Gives a place that tells what became of what was asked for; `node` goes into the page. */
export function telling(t) {
  const node = h("div", { class: "told", hidden: true });
  function put(kind, ...content) {
    node.hidden = false;
    fill(node, h("div", { class: kind }, ...content, h("button", { type: "button", class: "quiet dismiss", onclick: () => { node.hidden = true; } }, t("Dismiss"))));
  }
  return {
    node,
    text: () => node.textContent,
    begun(verb, names) {
      put("notice", t("{verb}: {names} …", { verb: VERBS[verb].text(t).replace("…", ""), names: names.length > 3 ? t("{n} services", { n: names.length }) : names.join(", ") }));
    },
    done(verb, outcomes) {
      const failed = outcomes.filter((each) => each.ok === false || each.problem);
      const word = VERBS[verb].text(t).replace("…", "");
      if (!failed.length) return put("notice", t("{verb}: done", { verb: word }), outcomes.length === 1 && outcomes[0].phase ? ` · ${outcomes[0].instance} ${t(outcomes[0].phase)}` : "");
      put("problem", h("strong", {}, t("{verb}: {n} of {all} failed", { verb: word, n: failed.length, all: outcomes.length })),
        failed.slice(0, 20).map((each) => h("div", {}, h("span", {}, `${each.instance}: ${inWords(each.problem)}`), each.hint && h("span", { class: "hint" }, ` · ${t("hint: {text}", { text: inWords(each.hint) })}`),
          each.lines?.length > 0 && h("pre", { class: "code" }, each.lines.join("\n")))));
    },
    failed(verb, error) {
      const said = complain(h("div"), error);
      put("problem", said);
    },
  };
}
