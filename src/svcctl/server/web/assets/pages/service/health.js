// What programs written with the SDK say of how they are, check by check.

import { pathOf } from "../../lib/api.js";
import { fill, h } from "../../lib/dom.js";
import { value } from "../../lib/format.js";

const AGAIN = 15_000; // milliseconds until it is asked for again
const SIGNS = { UP: ["●", "ok"], DEGRADED: ["▲", "warn"], DOWN: ["✖", "bad"] };

/** Keeps a card up to date, which is hidden where no program tells; gives what ends that. */
export function health(node, { t, api, name }) {
  let ended = false;

  async function load() {
    const told = await api.get(pathOf(name, "health")).then((said) => said.result.filter((each) => each.answer), () => []);
    if (ended) return;
    node.hidden = !told.length;
    fill(node, h("h2", {}, t("What the program says of itself")), h("div", { class: "box", tabindex: "0", role: "group", "aria-label": t("Health") }, h("table", {},
      h("thead", {}, h("tr", {}, [t("Instance"), t("Check"), t("State"), t("Details")].map((each) => h("th", {}, each)))),
      h("tbody", {}, told.map(({ instance, answer }) => [row(instance, t("in all"), answer), Object.entries(answer.checks).map(([check, each]) => row(instance, check, each))])))));
  }

  load();
  const timer = setInterval(() => { if (!document.hidden) load(); }, AGAIN);
  return () => { ended = true; clearInterval(timer); };
}

function row(instance, check, { status, details }) {
  const [sign, kind] = SIGNS[status] ?? ["?", "idle"];
  const text = Object.entries(details ?? {}).map(([key, each]) => `${key}: ${value(each)}`).join(", ");
  return h("tr", {}, h("td", {}, instance), h("td", {}, check),
    h("td", {}, h("span", { class: "badge", "data-kind": kind }, h("span", { class: "sign", "aria-hidden": "true" }, sign), h("span", {}, status))),
    h("td", { class: "reason" }, text));
}
