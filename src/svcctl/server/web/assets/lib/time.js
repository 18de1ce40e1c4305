// Times and lengths for people.

const STEPS = [[86_400, "d"], [3_600, "h"], [60, "m"], [1, "s"]];

/** Gives seconds as the command line does: 4s, 2m 5s, 3h 12m, 5d 2h. */
export function length(seconds) {
  if (seconds === null || seconds === undefined || Number.isNaN(seconds)) return "–";
  if (seconds < 1) return `${Math.max(0, Math.round(seconds * 1000))}ms`;
  let left = Math.floor(seconds);
  const parts = [];
  for (const [size, unit] of STEPS) {
    const count = Math.floor(left / size);
    if (!count && !parts.length) continue;
    left -= count * size;
    if (count) parts.push(`${count}${unit}`);
    if (parts.length === 2 || !count) break;
  }
  return parts.join(" ");
}

const OFF = 3; // seconds that a clock may be off, or that an answer takes
let ahead = 0; // seconds that the clock of the host is ahead of that of the browser

/** Goes by the clock of the host from now on, by which it is `told` now (seconds since 1970). */
export function setBy(told) {
  const found = told - Date.now() / 1000;
  ahead = Math.abs(found) > OFF ? found : 0;
}

/** Gives now, in seconds since 1970, by the clock of the host: all times come from there. */
export const now = () => Date.now() / 1000 + ahead;

/** Gives the time of day, with milliseconds where `fine`. */
export function clock(at, { fine = false } = {}) {
  const date = new Date(at * 1000);
  const text = [date.getHours(), date.getMinutes(), date.getSeconds()].map(two).join(":");
  return fine ? `${text}.${String(date.getMilliseconds()).padStart(3, "0")}` : text;
}

/** Gives the day and time. */
export function moment(at) {
  const date = new Date(at * 1000);
  const day = [date.getFullYear(), two(date.getMonth() + 1), two(date.getDate())].join("-");
  return `${day} ${clock(at)}`;
}

/** Gives the time of day of today, else day and time. */
export function short(at) {
  const date = new Date(at * 1000);
  return date.toDateString() === new Date(now() * 1000).toDateString() ? clock(at) : moment(at);
}

/** Calls `call` every second while somebody looks; gives what ends it. */
export function everySecond(call) {
  const timer = setInterval(() => { if (!document.hidden) call(); }, 1000);
  return () => clearInterval(timer);
}

function two(number) {
  return String(number).padStart(2, "0");
}
