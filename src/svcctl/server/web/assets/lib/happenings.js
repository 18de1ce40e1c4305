// Events in words, as the command line says them.

import { size } from "./format.js";
import { length } from "./time.js";
import { t, told, toldOf } from "./words.js";

const SENTENCES = {
  PhaseChanged: (f) => (f.reason ? t("{old} → {new}: {reason}", phases(f)) : t("{old} → {new}", phases(f))),
  InstanceSpawned: (f) => t("started, pid {pid}", f),
  InstanceExited: ended,
  InstanceAdopted: (f) => t("found running, pid {pid}", f),
  ProgramFound: (f) => t("found running unrecorded, pid {pid}", f),
  TreeKilled: (f) => t("killed what was left: {killed}", { killed: f.killed.join(", ") }),
  ProbeFailed: (f) => t("{purpose} probe {probe} fails: {problem}", { ...f, purpose: purposeOf(f.purpose) }),
  ProbePassed: (f) => t("{purpose} probe {probe} passes", { ...f, purpose: purposeOf(f.purpose) }),
  StatusReported: (f) => t("says: {text}", f),
  HookFailed: (f) => t("{hook} failed: {problem}", f),
  MemoryExceeded: (f) => t("uses {memory}, more than {limit}", { memory: size(f.memory_bytes), limit: size(f.limit_bytes) }),
  LimitNotEnforced: (f) => t("runs without limit {limit}: {problem}", f),
  ReloadDone: (f) => t("reloaded by {how}", f),
  CrashSeen: (f) => t("crashed in {where}: {kind}: {problem}", f),
  RunSkipped: () => t("run skipped: the last one still runs"),
  CapturePaused: (f) => t("{stream} cannot be written, the program waits: {problem}", f),
  CaptureResumed: (f) => t("{stream} is written again", f),
  FindingMade: (f) => f.explanation,
  FindingEnded: (f) => t("as it should be again: {pattern}", f),
  FindingRejected: (f) => t("{who} calls it a false alarm: {pattern}", f),
  HealingBegun: (f) => t("being healed by {deed}: {why}", f),
  HealingDone: (f) => (f.outcome === "done" ? t("healed by {deed} within {took}", { ...f, took: length(f.took) }) : t("not healed by {deed}: {problem}", f)),
  HealingHeld: (f) => t("not healed by {deed}: {problem}", f),
  AlertRaised: (f) => t("alert {priority} {alert}: {summary}", f),
  AlertAcknowledged: (f) => t("{who} takes care of alert {alert}", f),
  AlertEnded: (f) => t("alert {alert} is over after {lasted}", { ...f, lasted: length(f.lasted) }),
  AlertTold: (f) => t("{channel} was told: {title}", f),
  AlertUndelivered: (f) => t("{channel} was not told: {problem}", f),
  ShippingFailed: (f) => t("{receiver} takes no logs: {problem}", f),
  ShippingRecovered: (f) => t("{receiver} takes logs again", f),
  WatchFailed: (f) => t("log {watch} cannot be read: {problem}", f),
  WatchRecovered: (f) => t("log {watch} is read again", f),
  SpecApplied: (f) => t("definition {change}, revision {revision}", { ...f, change: t(f.change) }),
  StateReplaced: (f) => f.problem,
  AgentStarted: (f) => t("agent started, pid {pid}", f),
  AgentLost: (f) => (f.rebooted ? t("the agent before went down with the machine") : t("the agent before was killed or crashed")),
  AgentStopped: () => t("agent stopped"),
};

/** Says what happened; of a kind this page does not know it shows the fields. */
export function describe(event) {
  const say = SENTENCES[event.kind];
  if (say) return say(causesTold(event.fields));
  return [event.kind, ...Object.entries(event.fields).map(([name, value]) => `${name}=${JSON.stringify(value)}`)].join(" ");
}

/** Gives how bad an event is: bad, warn, ok, or "" for what is nothing of either. */
export function kindOf(event) {
  const f = event.fields;
  switch (event.kind) {
    case "PhaseChanged": return { failed: "bad", backoff: "warn", running: "ok", finished: "ok" }[f.new] ?? "";
    case "InstanceExited": return f.code === 0 ? "" : "warn";
    case "CrashSeen": return "bad";
    case "ProbeFailed": case "HookFailed": case "MemoryExceeded": case "TreeKilled": case "CapturePaused": case "FindingMade": case "AlertRaised": return "warn";
    default: return "";
  }
}

/** Says what a probe is for: "live" alone has another meaning elsewhere. */
export function purposeOf(purpose) {
  return { startup: t("startup"), ready: t("readiness"), live: t("liveness") }[purpose] ?? purpose;
}

function phases(fields) {
  return { ...fields, old: t(fields.old), new: t(fields.new) };
}

/** Gives the fields of an event, those that say why in the language chosen. */
function causesTold(fields) {
  const found = { ...fields };
  for (const name of ["reason", "problem", "why"]) if (typeof found[name] === "string") found[name] = told(found[name]);
  if (found.summary) found.summary = toldOf(found.summary);
  return found;
}

function ended(f) {
  const values = { ...f, uptime: length(f.uptime) };
  if (f.signal) return t("pid {pid} ended by signal {signal} after {uptime}", values);
  if (f.code === null) return t("pid {pid} ended after {uptime}, exit status unknown", values);
  return t("pid {pid} ended with status {code} after {uptime}", values);
}
