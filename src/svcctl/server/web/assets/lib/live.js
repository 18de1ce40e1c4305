// What is known of all services, kept up to date by the events of the agent.
//
// Whoever looks gets told which services are other than before, once for each portion of events,
// so that a page draws anew only what changed.

import { now } from "./time.js";

const PAST = 3_600; // seconds of events kept
const LATELY = 600; // seconds in which failures of an instance count together
const MOST = 10_000; // events kept
const SETTLE = 80; // milliseconds in which services that changed are asked about together
const MANY = 40; // services; more than these are asked about as all of them
const REFRESH = 10_000; // milliseconds after which memory and processor time are asked for again

/** Gives what keeps statuses and events; `start` begins it, and gives what ends it. */
export function createLive(api) {
  const services = new Map(); // name -> statuses of its instances
  const events = []; // oldest first
  const failed = new Map(); // instance -> when it failed and was to be started again, and why
  const watching = new Set();
  const changed = new Set();
  const asked = new Set();
  let numbers = 0; // of the last event
  let state = "waiting";
  let everything = true; // all is to be asked for
  let timer = 0;
  let asking = null;
  let begun = false; // statuses are asked for
  let loaded = false;

  function tell(all = false) {
    if (!changed.size && !all) return;
    const names = all ? null : new Set(changed);
    changed.clear();
    for (const each of [...watching]) each(names);
  }

  function item(event) {
    if (event.number <= numbers) return;
    numbers = event.number;
    events.push(event);
    const oldest = now() - PAST;
    let over = Math.max(0, events.length - MOST);
    while (over < events.length && events[over].at < oldest) over += 1;
    if (over) events.splice(0, over);
    if (!event.service) return;
    apply(event);
    changed.add(event.service);
    askFor(event.service);
  }

  function apply(event) {
    if (event.kind !== "PhaseChanged") return;
    if (event.fields.new === "backoff") failed.set(event.instance, [...failed.get(event.instance) ?? [], { at: event.at, reason: event.fields.reason }]);
    const found = services.get(event.service)?.find((each) => each.instance === event.instance);
    if (!found) return;
    found.phase = event.fields.new;
    found.reason = event.fields.reason;
    found.next_at = null;
    countFailures(found);
  }

  /** Notes in a status how often its instance failed lately, and why the last time. */
  function countFailures(status) {
    const oldest = now() - LATELY;
    const lately = (failed.get(status.instance) ?? []).filter((each) => each.at > oldest);
    if (lately.length) failed.set(status.instance, lately);
    else failed.delete(status.instance);
    status.failures = lately.length;
    status.failure = lately.at(-1)?.reason ?? "";
  }

  function askFor(name) {
    if (!begun) return;
    if (name) asked.add(name);
    else everything = true;
    if (!timer && !asking) timer = setTimeout(ask, SETTLE);
  }

  async function ask() {
    timer = 0;
    const names = [...asked];
    const all = everything || names.length > MANY;
    asked.clear();
    everything = false;
    asking = new AbortController();
    try {
      const said = await api.get("/v1/status", all ? { all: "true" } : { service: names }, asking);
      take(said.result, all ? null : names);
    } catch (error) {
      if (error.name !== "AbortError" && !all) everything = true; // one of them is gone
    } finally {
      asking = null;
    }
    if (everything || asked.size) askFor("");
  }

  function take(statuses, names) {
    const found = new Map();
    for (const each of statuses) {
      countFailures(each);
      if (found.has(each.service)) found.get(each.service).push(each);
      else found.set(each.service, [each]);
    }
    const first = !loaded;
    loaded = true;
    for (const name of names ?? [...services.keys()]) if (!found.has(name) && services.delete(name)) changed.add(name);
    for (const [name, each] of found) {
      if (asked.has(name) && services.has(name)) continue; // an event is newer than this answer
      const before = services.get(name);
      if (!before || JSON.stringify(before) !== JSON.stringify(each)) changed.add(name);
      services.set(name, each);
    }
    tell(first);
  }

  function setState(next) {
    state = next;
    if (next === "open") { begun = everything = true; ask(); }
    tell(true);
  }

  return {
    services, events,
    get state() { return state; },
    /** Whether the statuses of all services are there. */
    get loaded() { return loaded; },
    /** Has `call` called with the names of services that changed, or with null for all of them. */
    watch(call) {
      watching.add(call);
      return () => watching.delete(call);
    },
    start() {
      const end = api.follow("/v1/events", { follow: "true", lines: 2_000, since: "1h" }, {
        item, settled: () => tell(), state: setState, dropped: () => askFor(""),
        resume: { lines: MOST, since: "" },
      });
      const refresh = setInterval(() => { if (!document.hidden && state === "open") askFor(""); }, REFRESH);
      return () => { end(); clearInterval(refresh); clearTimeout(timer); asking?.abort(); };
    },
  };
}
