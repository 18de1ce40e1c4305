// Why an instance is as it is, in one line.

import { failsAgain, stateOf } from "./states.js";
import { length, now } from "./time.js";
import { told } from "./words.js";

const LATELY = 600; // seconds that lib/live.js counts failures of

/** Gives the instance that is worst off. */
export const worstOne = (instances) => instances.toSorted((a, b) => stateOf(a).rank - stateOf(b).rank)[0];

/** Says why a service is as it is, and what comes next. */
export function reason(instances, t) {
  const worst = worstOne(instances);
  if (!worst) return "";
  const said = [...causes(worst, t), worst.status_text].filter(Boolean);
  if (worst.next_at) said.push(worst.next_at - now() < 1 ? t("starts now") : t("next start in {left}", { left: length(worst.next_at - now()) }));
  if (worst.phase === "running" && worst.started_at && (!said.length || failsAgain(worst))) said.push(t("up {time}", { time: length(now() - worst.started_at) }));
  return said.join(t("; "));
}

/** Says what is wrong with one instance, each cause by itself. */
export function causes(status, t) {
  const why = failsAgain(status)
    ? t("failed {n} times in the last {time}, the last: {reason}", { n: status.failures, time: length(LATELY), reason: told(status.failure) })
    : told(status.reason);
  return [why, status.live === false && t("live probe fails")].filter(Boolean);
}
