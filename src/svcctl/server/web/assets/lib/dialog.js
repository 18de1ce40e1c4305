// Asks before something is done that cannot be taken back, and why it is done.

import { h, fill } from "./dom.js";
import { t, told } from "./words.js";

/**
 * Asks; gives what was said ({reason, ...fields}), or null where it was not wanted.
 *
 * `typed`: a text that has to be typed first; `fields`: further inputs, by name.
 */
export function confirm({ title, text, details, doing, typed = "", danger = false, fields = {}, reason = true }) {
  const said = { ...fields };
  if (reason) said.reason = h("input", { name: "reason", autocomplete: "off", maxlength: "300" });
  const proof = typed && h("input", { name: "typed", autocomplete: "off", spellcheck: "false" });
  const go = h("button", { type: "submit", value: "go", class: danger ? "danger" : "primary", disabled: Boolean(typed) }, doing);
  if (proof) proof.addEventListener("input", () => { go.disabled = proof.value !== typed; });
  const cancel = h("button", { type: "button", onclick: () => dialog.close("") }, t("Cancel"));
  const form = h("form", { method: "dialog" },
    h("h2", { id: "dialog-title" }, title),
    text && h("p", {}, text),
    details,
    Object.entries(fields).map(([name, input]) => h("label", { class: "field" }, t(input.dataset.label ?? name), input)),
    said.reason && h("label", { class: "field" }, t("Reason, for the audit log"), said.reason),
    proof && h("label", { class: "field" }, t("Type {name} to go on", { name: typed }), proof),
    h("div", { class: "actions" }, cancel, go));
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" }, form);
  return asked(dialog, () => Object.fromEntries(Object.entries(said).map(([name, input]) => [name, input.value])));
}

/** Shows a dialog of any content; gives what closes it. */
export function show(title, ...content) {
  const close = h("button", { type: "button", onclick: () => dialog.close("") }, t("Close"));
  const dialog = h("dialog", { "aria-labelledby": "dialog-title" },
    h("h2", { id: "dialog-title" }, title), content, h("div", { class: "actions" }, close));
  asked(dialog, () => null);
  return () => dialog.close("");
}

function asked(dialog, answer) {
  const before = document.activeElement;
  document.body.append(dialog);
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => {
      const wanted = dialog.returnValue === "go";
      dialog.remove();
      before?.focus?.();
      resolve(wanted ? answer() : null);
    }, { once: true });
    dialog.showModal();
  });
}

/** Shows what went wrong in `node`, or nothing where `problem` is null. */
export function complain(node, problem) {
  node.hidden = !problem;
  if (!problem) return fill(node);
  return fill(node,
    h("strong", {}, told(problem.message)),
    problem.hint && h("span", { class: "hint" }, t("hint: {text}", { text: told(problem.hint) })),
    (problem.mistakes ?? []).map((each) => h("code", { class: "line" }, each.problem)));
}
