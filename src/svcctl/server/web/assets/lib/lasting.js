// How long something has lasted, which goes on while it is looked at.

import { h, say } from "./dom.js";
import { everySecond, length, now } from "./time.js";

/** Shows how long it has lasted since `began`, to the end where it has `ended`; see `tick`. */
export function lasting(began, ended) {
  const node = h("span", { class: "nowrap", "data-began": ended ? undefined : String(began) });
  say(node, length((ended ?? now()) - began));
  return node;
}

/** Has all that `lasting` made within `root` go on; gives what ends that. */
export function tick(root) {
  return everySecond(() => {
    for (const each of root.querySelectorAll("[data-began]")) say(each, length(now() - Number(each.dataset.began)));
  });
}
