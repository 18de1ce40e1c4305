// The shell around every page: who is logged in, where one can go, what the host is called.

import { createApi, loaded, Problem, problemOf } from "./lib/api.js";
import { complain } from "./lib/dialog.js";
import { fill, h, mark, say } from "./lib/dom.js";
import { jump, listen } from "./lib/keys.js";
import { createLive } from "./lib/live.js";
import { createRights } from "./lib/rights.js";
import { setBy } from "./lib/time.js";
import { chosen, LANGUAGES, speak, t } from "./lib/words.js";

/**
 * Every page: its path, what loads it, and (for those in the menu) what it is called there, and the
 * verb without which there is nothing to be seen.
 */
const PAGES = [
  { path: [], load: () => import("./pages/overview.js"), menu: "Overview" },
  { path: ["services"], load: () => import("./pages/services.js"), menu: "Services" },
  { path: ["services", ":name"], load: () => import("./pages/service.js") },
  { path: ["services", ":name", ":tab"], load: () => import("./pages/service.js") },
  { path: ["graph"], load: () => import("./pages/graph.js"), menu: "Graph", verb: "tree" },
  { path: ["alerts"], load: () => import("./pages/alerts.js"), menu: "Alerts", verb: "alerts" },
  { path: ["findings"], load: () => import("./pages/findings.js"), menu: "Findings", verb: "findings" },
  { path: ["healing"], load: () => import("./pages/healing.js"), menu: "Healing", verb: "healing" },
  { path: ["audit"], load: () => import("./pages/audit.js"), menu: "Audit", verb: "audit" },
  { path: ["access"], load: () => import("./pages/access.js"), menu: "Access" },
  { path: ["shortcuts"], load: () => import("./pages/shortcuts.js") },
];
const THEMES = { "": "System", light: "Light", dark: "Dark" };
const THEME = "svcctl.theme";

let session = null;
let live = null;
let rights = null;
let endLive = null;
let leave = null;
let round = 0;
let isBroken = false; // the page could not be shown

const api = createApi({ session: () => session, over: loggedOut, refused: () => rights?.again() });
const main = h("main", { id: "main", tabindex: "-1" });
const said = h("div", { class: "visually-hidden", role: "status", "aria-live": "polite" });
const link = h("p", { class: "link", role: "status", hidden: true });
const menu = h("nav", { id: "menu", "aria-label": "Pages" });
const header = h("header", { class: "bar" });

/** What pages are given besides their element. */
function contextOf(params, query) {
  return {
    api, t, params, query, session, live,
    go(path, { replace = false } = {}) {
      if (replace) { history.replaceState(null, "", `#/${path}`); route(); } else location.hash = `#/${path}`;
    },
    announce: (text) => say(said, text),
    may: rights.may, roles: rights.roles,
  };
}

/** Gives the places to go to: pages, by what they are called, and services; null before a login. */
function places() {
  return session && { pages: PAGES.filter(isOpen), names: [...live.services.keys()].sort(), watch: live.watch };
}

/** Whether a page is in the menu, and has something to show. */
function isOpen({ menu, verb }) {
  return menu && (!verb || rights?.may(verb));
}

async function route(problem) {
  const turn = ++round;
  isBroken = false;
  rights?.refresh();
  const [place, query] = location.hash.replace(/^#\/?/, "").split("?");
  const path = place.split("/").filter(Boolean).map(decodeURIComponent);
  const [page, params] = session ? found(path) : [{ load: () => import("./pages/login.js") }, {}];
  leave?.();
  leave = null;
  document.body.dataset.page = session ? path[0] ?? "overview" : "login";
  drawMenu(path[0] ?? "");
  mark(main, "aria-busy", "true");
  const root = h("div", { class: "page" });
  try {
    const shown = await loaded(page.load());
    if (turn !== round) return;
    document.title = `${shown.title(t, params)} – svcctl`;
    fill(main, root);
    const end = await shown.show(root, session ? contextOf(params, new URLSearchParams(query)) : { api, t, logIn, problem });
    if (turn !== round) return end?.();
    leave = end ?? null;
    if (!root.contains(document.activeElement)) main.focus({ preventScroll: true });
  } catch (error) {
    if (turn === round) fill(main, complain(h("p", { class: "problem", role: "alert" }), error));
    isBroken = turn === round;
    if (!(error instanceof Problem)) throw error;
  } finally {
    if (turn === round) mark(main, "aria-busy", null);
  }
}

function found(path) {
  for (const page of PAGES) {
    if (page.path.length !== path.length) continue;
    const params = {};
    const fits = page.path.every((each, at) => {
      if (each.startsWith(":")) params[each.slice(1)] = path[at];
      return each.startsWith(":") || each === path[at];
    });
    if (fits) return [page, params];
  }
  return [{ load: async () => ({ title: () => t("Nothing here"), show: (root) => { fill(root, h("h1", {}, t("Nothing here"))); } }) }, {}];
}

function drawMenu(here) {
  fill(menu, (session ? PAGES.filter(isOpen) : []).map((each) =>
    h("a", { href: `#/${each.path.join("/")}`, "aria-current": (each.path[0] ?? "") === here && "page" }, t(each.menu))));
  mark(header, "data-open", null);
}

function drawHeader() {
  const more = h("button", { class: "quiet menu-button", "aria-controls": "menu", onclick: () => header.toggleAttribute("data-open") }, t("Menu"));
  fill(header,
    h("a", { class: "brand", href: "#/" }, "svcctl"),
    h("span", { class: "host" }, location.host),
    more, menu,
    h("div", { class: "settings" },
      session && h("button", { class: "quiet", onclick: () => jump(places) }, t("Go to…")),
      session && h("a", { class: "quiet", href: "#/shortcuts" }, t("Keys")),
      choice(t("Language"), LANGUAGES, chosen(), async (value) => { await speak(value); draw(); }),
      choice(t("Theme"), mapped(THEMES, t), theme(), setTheme),
      session && h("span", { class: "actor", title: rights.roles.join(", ") }, session.actor),
      session && h("button", { class: "quiet", onclick: logOut }, t("Log out"))));
}

function choice(label, options, value, take) {
  return h("select", { "aria-label": label, onchange: (event) => take(event.target.value) },
    Object.entries(options).map(([key, text]) => h("option", { value: key, selected: key === value }, text)));
}

function mapped(options, call) {
  return Object.fromEntries(Object.entries(options).map(([key, text]) => [key, call(text)]));
}

function theme() {
  return localStorage.getItem(THEME) ?? "";
}

function setTheme(value) {
  if (value) localStorage.setItem(THEME, value);
  else localStorage.removeItem(THEME);
  mark(document.documentElement, "data-theme", value || null);
}

/** Draws everything anew, in the language chosen; `problem` is why nobody is logged in any more. */
function draw(problem) {
  drawHeader();
  drawLink();
  route(problem);
}

/** Shows the page that could not be shown, now that it may be had. */
function mend() {
  if (isBroken) route();
}

function drawLink() {
  const lost = session && live && live.state !== "open";
  if (!lost && !link.hidden) { rights?.again(); mend(); }
  link.hidden = !lost;
  say(link, lost ? t("Not connected: what you see may be old. Trying again…") : "");
}

async function logIn(token) {
  const answer = await fetch("/login", { method: "POST", body: new URLSearchParams({ token }) });
  if (!answer.ok) throw await problemOf(answer);
  await begin(await answer.json());
}

async function logOut() {
  await api.ask("POST", "/logout").catch(() => {});
  loggedOut();
}

function loggedOut(problem) {
  if (!session) return;
  session = null;
  endLive?.();
  endLive = live = rights = null;
  say(said, "");
  for (const each of document.querySelectorAll("dialog[open]")) each.close("");
  draw(problem);
}

async function begin(told) {
  session = told;
  setBy(told.now);
  rights = createRights(api, () => draw());
  live = createLive(api);
  const known = rights.again();
  live.watch((names) => {
    if (names === null) drawLink();
    rights.learn(live.services.keys());
  });
  endLive = live.start();
  await known;
  if (session === told && !rights.known) draw();
}

async function start() {
  setTheme(theme());
  await speak();
  fill(document.body, h("a", { class: "skip", href: "#main", onclick: toMain }, t("Skip to content")), header, link, main, said);
  window.addEventListener("hashchange", () => route());
  window.addEventListener("online", mend);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) rights?.refresh(); });
  listen(places);
  const answer = await fetch("/session");
  if (answer.ok) await begin(await answer.json());
  else draw();
}

function toMain(event) {
  event.preventDefault();
  main.focus();
}

start();
