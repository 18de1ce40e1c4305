// Logging in: by a token, which is sent once and kept nowhere, or by the certificate of the browser.

import { complain } from "../lib/dialog.js";
import { fill, h } from "../lib/dom.js";

export const title = (t) => t("Log in");

export function show(root, { t, logIn, problem: why }) {
  const problem = complain(h("p", { class: "problem", role: "alert" }), why);
  const token = h("input", { type: "password", name: "token", autocomplete: "off", required: true, spellcheck: "false", id: "token" });
  const submit = h("button", { class: "primary" }, t("Log in"));

  async function attempt(text) {
    complain(problem, null);
    submit.disabled = true;
    try {
      await logIn(text);
    } catch (error) {
      complain(problem, error);
      token.select();
    } finally {
      submit.disabled = false;
    }
  }

  const form = h("form", { class: "card login", onsubmit: (event) => { event.preventDefault(); attempt(token.value); } },
    h("h1", {}, t("Log in")),
    h("label", { class: "field", for: "token" }, t("Token")), token,
    problem,
    h("div", { class: "actions" },
      location.protocol === "https:" && h("button", { type: "button", onclick: () => attempt("") }, t("Use my certificate")),
      submit),
    h("p", { class: "muted" }, t("A token is issued on the machine itself:"), " ", h("code", {}, "svcctl auth token issue NAME --roles operator")));
  fill(root, form);
  token.focus();
}
