// A state as people see it: a sign, a word and a colour, so that none of them is needed alone.

import { h, mark, say } from "./dom.js";
import { t } from "./words.js";

/** Gives a badge of `state`; see lib/states.js. */
export function badge(state) {
  const node = h("span", { class: "badge" }, h("span", { class: "sign", "aria-hidden": "true" }), h("span"));
  return show(node, state);
}

/** Has a badge show another state. */
export function show(node, state) {
  const [sign, text] = node.children;
  mark(node, "data-kind", state.kind);
  say(sign, state.sign);
  say(text, state.all > 1 ? `${t(state.name)} ${state.up}/${state.all}` : t(state.name));
  return node;
}
