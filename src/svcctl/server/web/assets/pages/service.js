// One service: how it is and why, and a tab for each further way to look at it.

import { loaded } from "../lib/api.js";
import { badge, show as showBadge } from "../lib/badge.js";
import { complain } from "../lib/dialog.js";
import { fill, h, mark, say } from "../lib/dom.js";
import { worstOf } from "../lib/states.js";
import { button, telling, VERBS } from "../lib/verbs.js";

const TABS = {
  "": { text: (t) => t("Summary"), verb: "status", load: () => import("./service/summary.js") },
  logs: { text: (t) => t("Logs"), verb: "logs", load: () => import("./service/logs.js") },
  charts: { text: (t) => t("Charts"), verb: "history", load: () => import("./service/charts.js") },
  crashes: { text: (t) => t("Crashes"), verb: "crashes", load: () => import("./service/crashes.js") },
  config: { text: (t) => t("Configuration"), verb: "show", load: () => import("./service/config.js") },
  events: { text: (t) => t("Events"), verb: "events", load: () => import("./service/events.js") },
};

export const title = (t, { name }) => name;

export async function show(root, context) {
  const { t, live, params, go, may } = context;
  const { name, tab = "" } = params;
  const here = `services/${encodeURIComponent(name)}`;
  const state = badge({ name: "", sign: "", kind: "idle" });
  const about = h("p", { class: "muted", hidden: true });
  const chips = h("span", { class: "chips" });
  const told = telling(t);
  const buttons = Object.entries(VERBS).map(([verb, known]) => [known, button({ ...context, name }, verb, () => [name], ending(verb))]).filter(([, node]) => node);
  const actions = h("div", { class: "tools", role: "group", "aria-label": t("What can be done") }, buttons.map(([, node]) => node));
  const tabs = h("nav", { class: "tabs", "aria-label": t("More of {name}", { name }) }, Object.entries(TABS).filter(([key, each]) => key === tab || may(each.verb, name)).map(([key, each]) =>
    h("a", { href: `#/${key ? `${here}/${key}` : here}`, "aria-current": key === tab && "page" }, each.text(t))));
  const gone = h("p", { class: "problem", role: "alert", hidden: true });
  const place = h("div", { class: "page" });
  fill(root, h("div", { class: "head" }, h("h1", {}, name), state, chips), about, actions, told.node, gone, tabs, place);

  /** A service that was removed has no page any more. */
  function ending(verb) {
    return verb !== "remove" ? told : { ...told, done(...said) { told.done(...said); go("services"); } };
  }

  function update(names) {
    if (names && !names.has(name)) return;
    const instances = live.services.get(name);
    complain(gone, instances || !live.loaded ? null : { message: t("There is no service {name} on this host, or you may not see it.", { name }) });
    state.hidden = actions.hidden = !instances;
    if (!instances) return;
    const [first] = instances;
    const now = worstOf(instances);
    showBadge(state, now);
    about.hidden = !first.description;
    say(about, first.description);
    const found = [...first.groups.map((each) => `@${each}`), ...Object.entries(first.labels).map(([key, value]) => `${key}=${value}`)];
    if (chips.childElementCount !== found.length) fill(chips, found.map((each) => h("span", { class: "chip" }, each)));
    for (const [known, node] of buttons) node.hidden = !instances.some((each) => known.offered(each.phase, each.enabled));
  }

  update(null);
  const forget = live.watch(update);
  const part = await loaded((TABS[tab] ?? TABS[""]).load());
  const end = await part.show(place, { ...context, name });
  mark(root, "data-shown", tab || "summary");
  return () => { forget(); end?.(); };
}
