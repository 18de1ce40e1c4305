// Lines over time, drawn by us, with what happened meanwhile marked; the numbers are also a table.

import { h, s } from "./dom.js";
import { kindOf } from "./states.js";
import { clock, moment } from "./time.js";

const HIGH = 150;
const LEFT = 64;
const RIGHT = 8;
const TOP = 14;
const BOTTOM = 20;
const NARROW = matchMedia("(max-width: 760px)");

/** Gives how wide a drawing is, so that its text is about as large as that around it. */
const shape = () => (NARROW.matches ? { wide: 340, ticks: 2 } : { wide: 640, ticks: 4 });
const ROWS = 60;

/**
 * Gives a figure of `series` ({name, points: [[at, value], ...]}) between `from` and `to`;
 * `format(value)` gives a value as text, `marks` are {at, sign, kind, text}; `empty` is said where there
 * are no values.
 */
export function chart({ title, series, from, to, format, marks, empty, t }) {
  const values = series.flatMap((each) => each.points.map(([, value]) => value)).filter((each) => each !== null);
  if (!values.length) return h("figure", { class: "card figure" }, h("figcaption", {}, h("h2", {}, title)), h("p", { class: "empty" }, empty));
  const top = nice(Math.max(...values));
  const { wide, ticks } = shape();
  const x = (at) => LEFT + ((at - from) / (to - from)) * (wide - LEFT - RIGHT);
  const y = (value) => TOP + (1 - value / top) * (HIGH - TOP - BOTTOM);
  const last = series.map((each) => `${series.length > 1 ? `${each.name} ` : ""}${format(each.points.at(-1)?.[1] ?? null)}`).join(", ");
  const drawing = s("svg", { class: "chart", viewBox: `0 0 ${wide} ${HIGH}`, role: "img", "aria-label": `${title}: ${t("now")} ${last}, ${t("at most")} ${format(Math.max(...values))}` },
    axes({ x, y, top, from, to, format, wide, ticks }),
    marks.filter((each) => each.at >= from && each.at <= to).map((each) => marker(each, x(each.at))),
    series.map((each, at) => s("path", { class: `series s${at % 4}`, d: path(each.points, x, y) })));
  return h("figure", { class: "card figure" },
    h("figcaption", { class: "head" }, h("h2", {}, title), h("span", { class: "muted" }, last)),
    drawing, legend(series), numbers({ title, series, format, t }));
}

function axes({ x, y, top, from, to, format, wide, ticks }) {
  const levels = [0, top / 2, top];
  const times = Array.from({ length: ticks + 1 }, (_, at) => from + ((to - from) * at) / ticks);
  return [
    levels.map((each) => [s("line", { class: "axis", x1: LEFT, x2: wide - RIGHT, y1: y(each), y2: y(each) }), s("text", { x: LEFT - 6, y: y(each) + 4, "text-anchor": "end" }, format(each))]),
    times.map((each, at) => s("text", { x: x(each), y: HIGH - 5, "text-anchor": at === 0 ? "start" : at === ticks ? "end" : "middle" }, to - from > 86_400 ? moment(each).slice(5, 16) : clock(each).slice(0, 5))),
  ];
}

function marker({ kind, sign, text, at }, x) {
  return s("g", { "data-kind": kind }, s("title", {}, `${clock(at)} ${text}`),
    s("line", { class: "marker", x1: x, x2: x, y1: TOP, y2: HIGH - BOTTOM }), s("text", { class: "marker-sign", x, y: TOP - 3, "text-anchor": "middle" }, sign));
}

/** Gives the line through points; where a value is missing it is interrupted. */
function path(points, x, y) {
  let pen = "M";
  let drawn = "";
  for (const [at, value] of points) {
    if (value === null) { pen = "M"; continue; }
    drawn += `${pen}${x(at).toFixed(1)} ${y(value).toFixed(1)}`;
    pen = "L";
  }
  return drawn;
}

function legend(series) {
  if (series.length < 2) return null;
  return h("ul", { class: "legend" }, series.map((each, at) => h("li", {}, s("svg", { class: "chart key", viewBox: "0 0 24 8", "aria-hidden": "true" }, s("path", { class: `series s${at % 4}`, d: "M0 4L24 4" })), each.name)));
}

function numbers({ title, series, format, t }) {
  const times = [...new Set(series.flatMap((each) => each.points.map(([at]) => at)))].sort((a, b) => b - a);
  const step = Math.max(1, Math.ceil(times.length / ROWS));
  const found = series.map((each) => new Map(each.points));
  const details = h("details", {}, h("summary", {}, t("As a table")));
  details.addEventListener("toggle", () => {
    if (details.childElementCount > 1) return;
    details.append(h("div", { class: "box", tabindex: "0", role: "group", "aria-label": title }, h("table", {},
      h("thead", {}, h("tr", {}, h("th", {}, t("When")), series.map((each) => h("th", { class: "number" }, each.name)))),
      h("tbody", {}, times.filter((_, at) => at % step === 0).map((at) => h("tr", {}, h("td", { class: "nowrap mono" }, moment(at)), found.map((each) => h("td", { class: "number" }, each.has(at) ? format(each.get(at)) : "–"))))))));
  });
  return details;
}

/** Gives a round number that is not less. */
export function nice(value) {
  if (value <= 0) return 1;
  const power = 10 ** Math.floor(Math.log10(value));
  return [1, 1.5, 2, 3, 5, 7.5, 10].map((each) => each * power).find((each) => each >= value);
}

/** Gives what events mean on a chart. */
export function marksOf(events, describe) {
  const signs = { InstanceSpawned: ["▲", "ok"], InstanceExited: ["✖", "bad"], SpecApplied: ["◆", "busy"], ReloadDone: ["↻", "busy"], MemoryExceeded: ["!", "warn"] };
  return events.flatMap((each) => {
    const [sign, kind] = signs[each.kind] ?? (each.kind === "PhaseChanged" && each.fields.new === "failed" ? ["✖", kindOf("failed")] : []);
    return sign ? [{ at: each.at, sign, kind, text: describe(each) }] : [];
  });
}
