// Where services stand in a drawing of what needs what: decided from the graph alone.

/**
 * Gives `layers`, lists of names from what needs nothing to what nothing needs, and `edges` as
 * {from, to, condition}; a name that is needed, and not among the services, stands there too.
 */
export function laidOut(services) {
  const edges = edgesOf(services);
  const names = [...new Set([...Object.keys(services), ...edges.map((each) => each.to)])].sort();
  const needs = Map.groupBy(edges, (each) => each.from);
  const depth = new Map();
  for (const name of names) depthOf(name, needs, depth, new Set());
  const layers = [];
  for (const name of names) (layers[depth.get(name)] ??= []).push(name);
  untangle(layers, edges);
  return { layers, edges };
}

/** Gives the services whose names have `text` in them, all that they need, and all that needs them. */
export function around(services, text) {
  const edges = edgesOf(services);
  const named = Object.keys(services).filter((name) => name.includes(text));
  const kept = new Set([...reached(named, edges, "from", "to"), ...reached(named, edges, "to", "from")]);
  return Object.fromEntries(Object.entries(services).filter(([name]) => kept.has(name)));
}

/** Parts services into those of which one needs another, and the names of those that stand alone. */
export function parted(services) {
  const joined = new Set(edgesOf(services).flatMap((each) => [each.from, each.to]));
  const linked = Object.fromEntries(Object.entries(services).filter(([name]) => joined.has(name)));
  return { linked, alone: Object.keys(services).filter((name) => !joined.has(name)).sort() };
}

function reached(names, edges, near, far) {
  const next = Map.groupBy(edges, (each) => each[near]);
  const found = new Set(names);
  for (const name of found) for (const each of next.get(name) ?? []) found.add(each[far]);
  return found;
}

function edgesOf(services) {
  return Object.entries(services).flatMap(([from, { needs, after }]) => [
    ...Object.entries(needs).map(([to, condition]) => ({ from, to, condition })),
    ...after.filter((to) => !(to in needs)).map((to) => ({ from, to, condition: "" })),
  ]);
}

/** How many services one after the other are below `name`. */
function depthOf(name, needs, depth, above) {
  if (depth.has(name)) return depth.get(name);
  if (above.has(name)) return 0;
  above.add(name);
  const below = (needs.get(name) ?? []).map((each) => depthOf(each.to, needs, depth, above) + 1);
  above.delete(name);
  depth.set(name, Math.max(0, ...below));
  return depth.get(name);
}

/** Sorts each layer by where its neighbours stand, a few times there and back: fewer lines cross. */
function untangle(layers, edges) {
  const near = new Map();
  for (const { from, to } of edges) {
    for (const [one, other] of [[from, to], [to, from]]) near.set(one, [...(near.get(one) ?? []), other]);
  }
  const places = new Map();
  const note = (layer) => layer.forEach((name, at) => places.set(name, at - layer.length / 2));
  layers.forEach(note);
  for (let round = 0; round < 4; round += 1) {
    for (const layer of round % 2 ? layers.toReversed() : layers) {
      const wanted = new Map(layer.map((name) => [name, mean(near.get(name), places) ?? places.get(name)]));
      layer.sort((a, b) => wanted.get(a) - wanted.get(b) || a.localeCompare(b));
      note(layer);
    }
  }
}

function mean(names, places) {
  if (!names?.length) return undefined;
  return names.reduce((sum, name) => sum + places.get(name), 0) / names.length;
}
