// Has rows go on with time while somebody looks at them: of 500 most are out of sight.

import { everySecond } from "./time.js";

/**
 * Gives what calls `tick()` of each node that was added, every second while it is in sight and when it
 * comes into sight; `end` ends that.
 */
export function ticking() {
  const ticks = new WeakMap();
  const seen = new Set();
  const observer = new IntersectionObserver((entries) => {
    for (const { target, isIntersecting } of entries) {
      if (isIntersecting) { seen.add(target); ticks.get(target)(); } else seen.delete(target);
    }
  });
  const stop = everySecond(() => seen.forEach((each) => ticks.get(each)()));
  return {
    add(node, tick) { ticks.set(node, tick); observer.observe(node); },
    drop(node) { observer.unobserve(node); seen.delete(node); },
    end() { stop(); observer.disconnect(); },
  };
}
