// What a service writes, as it writes it; the host looks for what is wanted, not the browser.

import { pathOf } from "../../lib/api.js";
import { complain } from "../../lib/dialog.js";
import { fill, h, mark, say } from "../../lib/dom.js";
import { clock } from "../../lib/time.js";

const PAST = 300; // lines shown of what was written before
const MOST = 3_000; // lines kept
const TYPED = 350; // milliseconds after the last key until it is looked for
const REPEATED = 2; // seconds that may come again when a stream is taken up
const LEVELS = ["trace", "debug", "info", "warning", "error", "critical"];
const BAD = /\b(ERROR|CRITICAL|FATAL|PANIC|Traceback)\b/;
const WARN = /\b(WARN|WARNING)\b/;
const FIELD = /(?:^|[\s{,])"?(?:level|lvl|severity|levelname)"?\s*[:=]\s*"?([a-z]+)/i; // of JSON, of logfmt
const LEVEL_KINDS = { error: "bad", err: "bad", critical: "bad", fatal: "bad", panic: "bad", warning: "warn", warn: "warn" };

export function show(root, { t, api, name, announce }) {
  const asked = { grep: "", level: "", stream: "" };
  let end = null;
  let timer = 0;
  let paused = false;
  let held = [];
  let behind = 0;
  const box = h("div", { class: "log", tabindex: "0", role: "log", "aria-live": "off", "aria-label": t("What {name} writes", { name }) });
  const empty = h("p", { class: "empty", hidden: true });
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const state = h("span", { class: "muted", role: "status" });
  const grep = h("input", { type: "search", class: "mono", placeholder: t("Regular expression, such as ERROR|timeout"), "aria-label": t("Only lines that match"), spellcheck: "false", oninput: later });
  const level = select(t("Level"), [["", t("Any level")], ...LEVELS.map((each) => [each, t("{level} and worse", { level: each })])], (value) => change("level", value));
  const stream = select(t("Stream"), [["", t("Both streams")], ["stdout", "stdout"], ["stderr", "stderr"]], (value) => change("stream", value));
  const pause = h("button", { type: "button", "aria-pressed": "false", onclick: () => hold(!paused) }, t("Pause"));
  const down = h("button", { type: "button", onclick: toEnd }, t("To the end"));
  fill(root, h("div", { class: "tools" }, grep, level, stream, pause, down, state), problem, h("div", { class: "log-place" }, box, empty));

  function later() {
    clearTimeout(timer);
    timer = setTimeout(() => change("grep", grep.value), TYPED);
  }

  function change(what, value) {
    asked[what] = value;
    begin();
  }

  function begin() {
    end?.();
    complain(problem, null);
    fill(box);
    drawEmpty(false);
    held = [];
    const seen = new Seen();
    let portion = [];
    end = api.follow(pathOf(name, "logs"), { follow: "true", lines: PAST, ...asked }, {
      resume: { lines: "" },
      item(line) { if (seen.isNew(line)) portion.push(line); },
      dropped(count) { portion.push({ at: Date.now() / 1000, event: t("{n} lines left out: they came faster than they were read", { n: count }) }); },
      settled() { put(portion); portion = []; drawEmpty(true); },
      state(now, error) {
        if (now === "open") { seen.again(); drawEmpty(true); }
        if (now === "failed") complain(problem, error);
        mark(box, "data-state", now);
        drawState(now);
      },
    });
  }

  function drawState(now = box.dataset.state) {
    const said = { open: t("live"), waiting: t("not connected, trying again…"), failed: t("refused") };
    say(state, paused ? t("paused, {n} new lines", { n: held.length + behind }) : said[now] ?? "");
  }

  /** Says that nothing is there, once it is `known`. */
  function drawEmpty(known) {
    empty.hidden = !known || box.childElementCount > 0 || held.length > 0;
    say(empty, Object.values(asked).some(Boolean) ? t("No line fits.") : t("Nothing was written yet."));
  }

  function put(lines) {
    if (!lines.length) return;
    if (paused) {
      held.push(...lines);
      const over = Math.max(0, held.length - MOST);
      behind += held.splice(0, over).length;
      drawState();
      return;
    }
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    box.append(...lines.slice(-MOST).map((each) => lineOf(each, name)));
    while (box.childElementCount > MOST) box.firstElementChild.remove();
    if (atEnd) box.scrollTop = box.scrollHeight;
  }

  function hold(is) {
    paused = is;
    mark(pause, "aria-pressed", String(is));
    say(pause, is ? t("Go on") : t("Pause"));
    if (!is) { const lines = held; held = []; behind = 0; put(lines); toEnd(); }
    drawState();
    announce(is ? t("paused") : t("live"));
  }

  function toEnd() {
    box.scrollTop = box.scrollHeight;
  }

  begin();
  return () => { end?.(); clearTimeout(timer); };
}

/** Knows which lines were shown already: those of the last moment come again after a break. */
class Seen {
  #recent = [];
  #again = new Map();
  #until = 0;

  /** The stream begins, or begins again. */
  again() {
    this.#again = new Map();
    for (const [, key] of this.#recent) this.#again.set(key, (this.#again.get(key) ?? 0) + 1);
    this.#until = this.#recent.at(-1)?.[0] ?? 0;
  }

  /** Whether a line was not shown before. */
  isNew(line) {
    if (line.event) return true;
    const key = [line.instance, line.stream, line.text].join("\n");
    const left = line.at <= this.#until ? this.#again.get(key) ?? 0 : 0;
    if (left) {
      this.#again.set(key, left - 1);
      return false;
    }
    this.#recent.push([line.at, key]);
    while (this.#recent.length > MOST || this.#recent[0][0] < line.at - REPEATED) this.#recent.shift();
    return true;
  }
}

function lineOf(line, name) {
  const from = line.instance && line.instance !== name && h("span", { class: "from" }, line.instance);
  if (line.event) return h("p", { class: "happened" }, h("time", {}, clock(line.at, { fine: true })), from, h("span", { class: "text" }, `— ${line.event} —`));
  return h("p", { "data-kind": kindOf(line) },
    h("time", {}, clock(line.at, { fine: true })), from,
    h("span", { class: "text" }, line.text));
}

function kindOf({ text, level, stream }) {
  const named = LEVEL_KINDS[(level ?? FIELD.exec(text)?.[1] ?? "").toLowerCase()];
  if (named) return named;
  if (BAD.test(text)) return "bad";
  if (WARN.test(text)) return "warn";
  return stream === "stderr" ? "idle" : null;
}

function select(label, options, take) {
  const node = h("select", { "aria-label": label, onchange: () => take(node.value) }, options.map(([value, text]) => h("option", { value }, text)));
  return node;
}
