// Why a service is in the state it is in, its instances, and how its probes went.

import { badge } from "../../lib/badge.js";
import { fill, h, say } from "../../lib/dom.js";
import { percent, size } from "../../lib/format.js";
import { describe, kindOf } from "../../lib/happenings.js";
import { pathOf } from "../../lib/api.js";
import { causes, worstOne } from "../../lib/reasons.js";
import { stateOf } from "../../lib/states.js";
import { draw, partsOf, strip } from "../../lib/strip.js";
import { table } from "../../lib/tables.js";
import { everySecond, length, now, short } from "../../lib/time.js";
import { health } from "./health.js";
import { probes } from "./probes.js";
import { told } from "../../lib/words.js";

const HOUR = 3_600;
const SHOWN = 10;

export async function show(root, context) {
  const { t, live, name, api } = context;
  const why = h("p", { class: "why" });
  const next = h("p", { class: "muted" });
  const hour = strip();
  const story = h("ul", { class: "happenings" });
  const parts = table({
    label: t("Instances"),
    columns: [t("Instance"), t("State"), ...[t("PID"), t("Up"), t("Restarts"), t("CPU"), t("Memory"), t("Processes")].map((each) => [each, "number"]), [t("Why"), "reason"]],
    key: (each) => each.instance, cells: cellsOf, empty: "",
  });
  const probed = h("section", { class: "card", hidden: true });
  const program = h("section", { class: "card", hidden: true });
  const facts = h("dl", { class: "facts" });
  fill(root,
    h("div", { class: "columns" },
      h("section", { class: "card" }, h("h2", {}, t("Why it is in this state")), why, next,
        h("h3", { class: "muted" }, t("Last hour")), hour, story),
      h("section", { class: "card" }, h("h2", {}, t("About it")), facts)),
    h("section", { class: "card" }, h("h2", {}, t("Instances")), parts.node),
    probed, program);
  const shown = await api.get(pathOf(name, "show")).then((said) => said.result[0], () => null);
  const spec = shown?.spec;

  function update(names) {
    if (names && !names.has(name)) return;
    const instances = live.services.get(name) ?? [];
    const events = live.events.filter((each) => each.service === name);
    const worst = worstOne(instances);
    if (!worst) return;
    say(why, sentence(worst, events, t));
    draw(hour, partsOf(events, instances, { from: now() - HOUR, to: now() }), HOUR);
    fill(story, events.length ? events.slice(-SHOWN).reverse().map((each) => h("li", { "data-kind": kindOf(each) }, h("time", {}, short(each.at)), h("span", {}, instances.length > 1 && each.instance && `${each.instance}: `, describe(each)))) : h("li", { class: "muted" }, t("Nothing happened to it in the last hour.")));
    parts.show(instances);
    const known = [worst.manager, worst.enabled, worst.spec_revision, worst.applied].join();
    if (facts.dataset.known !== known) fill(facts, factsOf(worst, spec, shown, t)); // a link in it keeps the focus
    facts.dataset.known = known;
    probes(probed, { spec, events, instances, t });
    tick();
  }

  function tick() {
    const worst = worstOne(live.services.get(name) ?? []);
    if (worst) say(next, ahead(worst, spec, t));
  }

  update(null);
  const ends = [live.watch(update), everySecond(tick), health(program, context)];
  return () => ends.forEach((end) => end());
}

/** Says in words how an instance is, since when, and what led to it. */
function sentence(status, events, t) {
  const changed = events.findLast((each) => each.kind === "PhaseChanged" && each.instance === status.instance);
  const exit = events.findLast((each) => each.kind === "InstanceExited" && each.instance === status.instance);
  const state = t(stateOf(status).name);
  const since = changed ? t("since {when}", { when: short(changed.at) }) : status.started_at ? t("since {when}", { when: short(status.started_at) }) : "";
  const parts = [[status.instance, state, since].filter(Boolean).join(" ")];
  if (!status.reason && exit && !status.pid) parts.push(describe(exit));
  parts.push(...causes(status, t));
  if (status.status_text) parts.push(t("it says: {text}", { text: status.status_text }));
  return parts.join(" · ");
}

/** Says what comes next, if nobody does anything. */
function ahead(status, spec, t) {
  const policy = spec?.restart;
  if (status.next_at) {
    const left = length(Math.max(0, status.next_at - now()));
    if (status.phase === "backoff" && policy?.max) return t("It is started again in {left}; after {max} failures within {window} it gives up.", { left, max: policy.max, window: length(policy.window) });
    return t("Next start in {left}.", { left });
  }
  switch (status.phase) {
    case "failed": return t("It stays so until somebody resets or starts it, or its definition changes.");
    case "stopped": return status.enabled ? t("It was stopped; it starts again with the agent.") : t("It is stopped, and does not start by itself.");
    case "paused": return t("It is frozen where it stands until somebody resumes it.");
    case "running": return status.started_at ? t("Up {time}, restarted {n} times.", { time: length(now() - status.started_at), n: status.restarts }) : "";
    default: return "";
  }
}

function cellsOf(each) {
  const up = each.pid && each.started_at ? length(now() - each.started_at) : "–";
  return [each.instance, badge(stateOf(each)),
    ...[each.pid ?? "–", up, each.restarts, percent(each.cpu), size(each.memory_bytes), each.processes ?? "–"].map(String),
    told(each.reason)];
}

function factsOf(status, spec, shown, t) {
  const needs = Object.entries(spec?.needs ?? {});
  const rows = [
    [t("Manager"), status.manager],
    [t("Starts by itself"), status.enabled ? t("yes") : t("no")],
    [t("Command"), spec && (spec.exec?.length ? h("code", {}, spec.exec.join(" ")) : spec.python && h("code", {}, spec.python))],
    [t("Runs as"), spec?.user],
    [t("Needs"), needs.length > 0 && needs.map(([need, condition], at) => [at > 0 && t(", "), h("a", { href: `#/services/${encodeURIComponent(need)}` }, need), ` (${condition})`])],
    [t("Definition"), h("code", {}, status.spec_revision)],
    [t("From"), shown && Object.keys(shown.sources).map((file) => h("div", { class: "mono" }, file))],
    ["", !status.applied && h("strong", {}, t("Changed on disk since, and not applied."))],
  ];
  return rows.filter(([, value]) => value).map(([term, value]) => [h("dt", {}, term), h("dd", {}, value)]);
}
