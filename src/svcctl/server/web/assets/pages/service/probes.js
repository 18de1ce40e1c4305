// How each probe of a service went in the last hour, out of what its events tell.

import { fill, h } from "../../lib/dom.js";
import { purposeOf } from "../../lib/happenings.js";
import { draw, strip } from "../../lib/strip.js";
import { now, short } from "../../lib/time.js";

const HOUR = 3_600;
const PARTS = 90;

/** Draws a strip for each probe of `spec` of each instance, and for those that `events` tell of. */
export function probes(node, { spec, events, instances, t }) {
  const told = events.filter((each) => each.kind === "ProbeFailed" || each.kind === "ProbePassed");
  const names = new Map((spec?.health ?? []).map((each) => [nameOf(each), each.for]));
  for (const each of told) names.set(each.fields.probe, each.fields.purpose);
  node.hidden = names.size === 0 || instances.length === 0;
  if (node.hidden) return;
  const rows = instances.flatMap(({ instance }) => [...names].map(([name, purpose]) =>
    row(instances.length > 1 ? `${instance}: ${name}` : name, purpose, events.filter((each) => each.instance === instance && (each.kind === "InstanceExited" || each.fields.probe === name)), t)));
  fill(node, h("h2", {}, t("Probes")), h("div", { class: "box", tabindex: "0", role: "group", "aria-label": t("Probes") }, h("table", {},
    h("thead", {}, h("tr", {}, [t("Probe"), t("For"), t("Now"), t("Last hour"), t("Problem")].map((each) => h("th", {}, each)))),
    h("tbody", {}, rows))));
}

/** Gives what events call a probe of a definition: its kind, and what it looks at. */
function nameOf(probe) {
  const kind = ["http", "tcp", "exec", "heartbeat", "log", "checks"].find((each) => probe[each]?.length !== 0 && probe[each]);
  const target = Array.isArray(probe[kind]) ? probe[kind].join(" ") : `${probe[kind]}${kind === "heartbeat" ? "s" : ""}`;
  return `${kind} ${target}`;
}

function row(name, purpose, events, t) {
  const last = events.at(-1);
  const line = strip();
  draw(line, partsOf(events, now()), HOUR);
  const [sign, kind, text] = { ProbeFailed: ["✖", "bad", t("fails")], ProbePassed: ["●", "ok", t("passes")] }[last?.kind] ?? ["○", "idle", t("nothing told")];
  return h("tr", {}, h("td", { class: "mono" }, name), h("td", {}, purposeOf(purpose)),
    h("td", {}, h("span", { class: "badge", "data-kind": kind }, h("span", { class: "sign", "aria-hidden": "true" }, sign), h("span", {}, text))),
    h("td", { class: "strip-cell" }, line),
    h("td", { class: "reason" }, last?.kind === "ProbeFailed" && `${short(last.at)} ${last.fields.problem}`));
}

function partsOf(events, to) {
  const parts = Array(PARTS).fill("");
  const width = HOUR / PARTS;
  events.forEach((each, at) => {
    const kind = { ProbeFailed: "bad", ProbePassed: "ok" }[each.kind];
    if (!kind) return; // with its program a probe's verdict ended
    const end = events[at + 1]?.at ?? to;
    const first = Math.max(0, Math.floor((each.at - (to - HOUR)) / width));
    const last = Math.min(PARTS - 1, Math.floor((end - (to - HOUR)) / width));
    for (let part = first; part <= last; part += 1) if (parts[part] !== "bad") parts[part] = kind;
  });
  return parts;
}
