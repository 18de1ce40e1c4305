// Texts in the language of who reads: English is the key, other languages are a file of the host.

export const LANGUAGES = { en: "English", zh: "中文" };
const KEPT = "svcctl.language";
const PLACE = /\{(\w+)[^{}]*\}/g;
const CAUSES = new Set(["error", "problem", "reason", "why"]); // places whose values are told as well
const OF_SOMEBODY = /^([\w.@-]+): (.+)$/s;
const KNOWN = 2_000; // texts that were recognised are kept for whoever asks again
const TELLING = 12; // letters that are fixed tell a text that begins with a place from others
let words = {};
const knownOf = new Map();
let language = "en";

/** Gives `text` in the language chosen; {name} stands for a value. */
export function t(text, values) {
  const said = words[text] ?? text;
  return values ? said.replace(/\{(\w+)\}/g, (whole, name) => values[name] ?? whole) : said;
}

/**
 * Gives `text`, whose places were filled in English, in the language chosen: errors and reasons come
 * so from the agent. Of texts that fit, that one is meant of which most is fixed, that of the causes
 * within it too.
 */
export function told(text) {
  if (!text || language === "en") return text;
  if (!knownOf.has(text)) {
    if (knownOf.size >= KNOWN) knownOf.clear();
    knownOf.set(text, recognised(text)[1]);
  }
  return knownOf.get(text);
}

/** Gives what is said of somebody ("web: failed: exit code 3") so, their name as it is. */
export function toldOf(text) {
  const [, who, said] = OF_SOMEBODY.exec(text ?? "") ?? [];
  return who ? `${who}${t(": ")}${told(said)}` : told(text);
}

function recognised(text) {
  if (text in words) return [text.length, words[text]];
  let best = [0, text];
  for (const [known, said] of Object.entries(words)) {
    const begins = known.split("{", 1)[0];
    if (begins === known || !text.startsWith(begins) || !text.endsWith(known.slice(known.lastIndexOf("}") + 1))) continue;
    let fixed = known.replace(PLACE, "").length;
    if (!begins && fixed < TELLING) continue;
    const found = patternOf(known).exec(text);
    if (!found) continue;
    const filled = said.replace(PLACE, (_, name) => {
      if (!CAUSES.has(name)) return found.groups[name];
      const [letters, cause] = recognised(found.groups[name]);
      fixed += letters;
      return cause;
    });
    if (fixed > best[0]) best = [fixed, filled];
  }
  return best;
}

function patternOf(known) {
  const parts = known.split(PLACE).map((each, at) => (at % 2 ? `(?<${each}>.+?)` : each.replace(/[.*+?^${}()|[\]\\]/g, "\\$&")));
  return new RegExp(`^${parts.join("")}$`, "s");
}

/** Gives the language chosen. */
export const chosen = () => language;

/** Loads the words of `asked`, or of the language that was chosen or that the browser prefers. */
export async function speak(asked) {
  const wanted = asked ?? localStorage.getItem(KEPT) ?? navigator.language.slice(0, 2);
  language = wanted in LANGUAGES ? wanted : "en";
  if (asked) localStorage.setItem(KEPT, language);
  words = {};
  knownOf.clear();
  if (language !== "en") {
    const answer = await fetch(`/assets/words.${language}.json`);
    if (answer.ok) words = await answer.json();
  }
  document.documentElement.lang = language === "zh" ? "zh-Hans" : language;
}
