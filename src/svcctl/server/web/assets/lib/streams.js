// Follows an event stream over restarts of who writes it, from where it broke off.

const SHORTEST = 300; // milliseconds between two tries, growing to
const LONGEST = 4_000;
const HIDDEN = 60_000; // milliseconds after which a page nobody looks at lets go of its streams

/**
 * Follows what `open(signal, headers, more)` gives the answer of; gives what ends it.
 *
 * sinks: `item(document)`; `state("open" | "waiting" | "failed", problem)`; `dropped(count)`;
 * `settled()` after each portion; `resume`: what is asked otherwise when it is taken up again.
 */
export function follow(open, sinks) {
  const ended = new AbortController();
  run(open, sinks, ended.signal);
  return () => ended.abort();
}

async function run(open, sinks, ended) {
  let last = "";
  let delay = SHORTEST;
  while (!ended.aborted) {
    await seen(ended);
    if (ended.aborted) return;
    const round = new AbortController();
    const forget = letGo(round, ended);
    try {
      const headers = { accept: "text/event-stream" };
      if (last) headers["last-event-id"] = last;
      const answer = await open(round.signal, headers, last ? sinks.resume : undefined);
      sinks.state?.("open");
      for await (const event of events(answer.body, () => sinks.settled?.())) {
        delay = SHORTEST;
        if (event.id) last = event.id;
        take(event, sinks);
      }
    } catch (error) {
      if (ended.aborted) return;
      if (isFinal(error)) return sinks.state?.("failed", error);
    } finally {
      forget();
    }
    if (ended.aborted) return;
    sinks.state?.("waiting");
    await pause(delay * (0.75 + Math.random() / 2), ended);
    delay = Math.min(delay * 2, LONGEST);
  }
}

function take(event, sinks) {
  if (event.name === "item") sinks.item(event.data);
  else if (event.name === "dropped") sinks.dropped?.(event.data.items);
  else if (event.name === "error") throw Object.assign(new Error(event.data.detail), event.data);
}

/** Whether trying again cannot help: it was refused, not interrupted. */
function isFinal(error) {
  return error.status >= 400 && error.status < 500 && error.status !== 429;
}

/** Gives the events of a body as they come, after the HTML standard; calls `settled` per portion. */
export async function* events(body, settled) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return;
      const blocks = (rest + value).split("\n\n");
      rest = blocks.pop();
      for (const block of blocks) {
        const event = eventOf(block);
        if (event) yield event;
      }
      settled?.();
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}

function eventOf(block) {
  const event = { name: "message", id: "" };
  const data = [];
  for (const line of block.split("\n")) {
    const at = line.indexOf(":");
    if (at === 0) continue;
    const field = at < 0 ? line : line.slice(0, at);
    const value = at < 0 ? "" : line.slice(at + 1).replace(/^ /, "");
    if (field === "data") data.push(value);
    else if (field === "event") event.name = value;
    else if (field === "id") event.id = value;
  }
  return data.length ? { ...event, data: JSON.parse(data.join("\n")) } : null;
}

function pause(milliseconds, ended) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    ended.addEventListener("abort", () => { clearTimeout(timer); resolve(); }, { once: true });
  });
}

/** Comes back once the page is looked at. */
function seen(ended) {
  if (!document.hidden) return Promise.resolve();
  return new Promise((resolve) => {
    document.addEventListener("visibilitychange", resolve, { once: true });
    ended.addEventListener("abort", resolve, { once: true });
  });
}

/** Has `round` end with `ended`, and when nobody looks for a while: a browser has few connections. */
function letGo(round, ended) {
  let timer;
  const end = () => round.abort();
  const look = () => {
    clearTimeout(timer);
    if (document.hidden) timer = setTimeout(end, HIDDEN);
  };
  look();
  document.addEventListener("visibilitychange", look);
  ended.addEventListener("abort", end);
  return () => {
    clearTimeout(timer);
    document.removeEventListener("visibilitychange", look);
    ended.removeEventListener("abort", end);
    round.abort();
  };
}
