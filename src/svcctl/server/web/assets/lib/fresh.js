// Keeps what a page shows up to date: asked for again when events say that it may be otherwise.

import { complain } from "./dialog.js";
import { h } from "./dom.js";

const SETTLE = 200; // milliseconds in which several events ask for one look

/**
 * Asks `load()` and gives what it found to `draw`, now and whenever an event of `kinds` has come;
 * gives `again()`, which does so at once, `end()`, and `problem`, which shows what went wrong.
 */
export function fresh({ live, kinds = [], load, draw }) {
  const problem = h("p", { class: "problem", role: "alert", hidden: true });
  const wanted = new Set(kinds);
  let seen = live.events.at(-1)?.number ?? 0;
  let timer = 0;
  let ended = false;
  let turn = 0;

  async function again() {
    clearTimeout(timer);
    const own = ++turn;
    try {
      const found = await load();
      if (ended || own !== turn) return;
      complain(problem, null);
      draw(found);
    } catch (error) {
      if (!ended && own === turn) complain(problem, error);
    }
  }

  const forget = live.watch((names) => {
    const news = live.events.filter((each) => each.number > seen && wanted.has(each.kind));
    seen = live.events.at(-1)?.number ?? seen;
    if (!news.length && names !== null) return;
    clearTimeout(timer);
    timer = setTimeout(again, SETTLE);
  });
  return {
    problem,
    again,
    end() { ended = true; forget(); clearTimeout(timer); },
  };
}

/** Does `work` for a button, which cannot be pressed meanwhile; shows what went wrong in `problem`. */
export async function pressed(button, problem, work) {
  button.disabled = true;
  complain(problem, null);
  try {
    await work();
  } catch (error) {
    complain(problem, error);
    problem.scrollIntoView({ block: "nearest" });
  } finally {
    button.disabled = false;
  }
}
