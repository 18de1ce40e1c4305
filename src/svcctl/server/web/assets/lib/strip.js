// The last hour of a service as a strip: how it was, out of the phases that its events tell of.

import { h, mark, s } from "./dom.js";
import { kindOf } from "./states.js";
import { length } from "./time.js";
import { t } from "./words.js";

const BAD = { bad: 3, warn: 2, busy: 1, ok: 0, idle: 0 };
const HEIGHT = { bad: 16, warn: 16, busy: 11, ok: 8, idle: 2 };
const BUCKETS = 90;

/**
 * Gives the kinds of phase in `BUCKETS` equal parts of the time between `from` and `to`: the worst of
 * each, and "" where nobody knows. `events` are of one service, oldest first.
 */
export function partsOf(events, instances, { from, to, buckets = BUCKETS }) {
  const parts = Array(buckets).fill("");
  const changes = events.filter((each) => each.kind === "PhaseChanged");
  const names = new Set([...instances.map((each) => each.instance), ...changes.map((each) => each.instance)]);
  for (const name of names) {
    const own = changes.filter((each) => each.instance === name);
    const now = instances.find((each) => each.instance === name);
    let begun = Math.max(from, created(events), own.length ? 0 : now?.started_at ?? 0);
    let phase = own.length ? own[0].fields.old : now?.phase;
    for (const each of own) {
      put(parts, phase, begun, each.at, { from, to });
      [begun, phase] = [each.at, each.fields.new];
    }
    put(parts, phase, begun, to, { from, to });
  }
  return parts;
}

/** Gives when a service was defined, as far as its events tell. */
function created(events) {
  return events.findLast((each) => each.kind === "SpecApplied" && each.fields.change === "created")?.at ?? 0;
}

function put(parts, phase, begun, ended, { from, to }) {
  if (ended < from || !phase) return;
  const kind = kindOf(phase);
  const width = (to - from) / parts.length;
  const first = Math.max(0, Math.floor((begun - from) / width));
  const last = Math.min(parts.length - 1, Math.floor((ended - from) / width));
  for (let at = first; at <= last; at += 1) {
    const there = parts[at];
    if (!there || BAD[kind] > BAD[there] || (kind === "ok" && there === "idle")) parts[at] = kind;
  }
}

/** Gives a drawing of a strip; `draw(node, parts)` has it show others. */
export function strip() {
  return s("svg", { class: "strip", viewBox: `0 0 ${BUCKETS} 16`, preserveAspectRatio: "none", role: "img" });
}

/** Draws `parts`, of so many `seconds`; runs of one kind are one piece. */
export function draw(node, parts, seconds) {
  const text = parts.join();
  if (node.dataset.parts === text) return;
  node.dataset.parts = text;
  const pieces = [];
  for (let at = 0; at < parts.length; ) {
    let end = at;
    while (end < parts.length && parts[end] === parts[at]) end += 1;
    if (parts[at]) pieces.push(piece(parts[at], at, end));
    at = end;
  }
  node.replaceChildren(...pieces);
  mark(node, "aria-label", summary(parts, seconds));
}

function piece(kind, at, end) {
  const high = HEIGHT[kind];
  return s("rect", { x: at, y: 16 - high, width: end - at, height: high, "data-kind": kind });
}

/** Says a strip in words. */
export function summary(parts, seconds) {
  const bad = parts.filter((each) => each === "bad" || each === "warn").length;
  const known = parts.filter(Boolean).length;
  if (!known) return t("nothing is known of the last {time}", { time: length(seconds) });
  if (!bad) return t("no failures in the last {time}", { time: length(seconds) });
  return t("failing for {bad} of the last {time}", { bad: length((bad / parts.length) * seconds), time: length(seconds) });
}

/** Gives events by service. */
export function byService(events) {
  return Map.groupBy(events, (each) => each.service);
}

/** Gives a heading for strips. */
export const heading = () => h("th", {}, t("Last hour"));
