// What phases mean to people: how bad, which sign, which colour; decided from documents alone.

/** By phase: a sign, a kind (ok, busy, bad, idle) and how far up it stands among problems. */
const PHASES = {
  failed: ["✖", "bad", 0],
  backoff: ["↻", "warn", 1],
  starting: ["◐", "busy", 4],
  resuming: ["◐", "busy", 4],
  stopping: ["◑", "busy", 5],
  pausing: ["◑", "busy", 5],
  paused: ["‖", "idle", 6],
  running: ["●", "ok", 7],
  finished: ["✔", "ok", 8],
  stopped: ["○", "idle", 9],
};
const UNKNOWN = ["?", "idle", 6];
const UNSTEADY = 2; // failures lately after which a program that runs again is not taken for well
const TRIED = new Set(["backoff", "starting", "running"]);

/** The phases there are, worst first. */
export const phases = Object.keys(PHASES);

/**
 * Gives the state of one instance, of its status: phase, sign, kind, rank. One that keeps failing has
 * the same rank while it runs for a moment: it stays where it is looked for.
 */
export function stateOf(status) {
  const [sign, kind, rank] = PHASES[status.phase] ?? UNKNOWN;
  if (failsAgain(status) && status.phase !== "backoff") return state("unsteady", "↺", "warn", 1);
  if (status.phase === "running" && status.live === false) return state("unhealthy", "▲", "warn", 2);
  if (status.phase === "running" && !status.ready) return state("not ready", "◍", "warn", 3);
  return state(status.phase, sign, kind, rank);
}

/** Gives the state of a service: that of its worst instance, with how many run. */
export function worstOf(instances) {
  const states = instances.map(stateOf);
  const worst = states.reduce((one, other) => (other.rank < one.rank ? other : one));
  const up = instances.filter((each) => each.phase === "running" || each.phase === "finished").length;
  return { ...worst, up, all: instances.length };
}

/** Whether an instance is started again and again, and fails; see lib/live.js. */
export const failsAgain = (status) => TRIED.has(status.phase) && status.failures >= UNSTEADY;

/** Whether somebody should look at it. */
export const isProblem = (state) => state.rank <= 3;

/** Gives the kind of a phase: ok, busy, warn, bad, idle. */
export const kindOf = (phase) => (PHASES[phase] ?? UNKNOWN)[1];

function state(name, sign, kind, rank) {
  return { name, sign, kind, rank };
}
