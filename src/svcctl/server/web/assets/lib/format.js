// Amounts for people.

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB"];

/** Gives bytes: 13.1 MiB. */
export function size(bytes) {
  if (bytes === null || bytes === undefined) return "–";
  let amount = bytes;
  let unit = 0;
  while (amount >= 1024 && unit < UNITS.length - 1) { amount /= 1024; unit += 1; }
  return `${unit && amount < 100 ? Number(amount.toFixed(1)) : Math.round(amount)} ${UNITS[unit]}`;
}

/** Gives percent of a core: 2%, 0.4%. */
export function percent(value) {
  if (value === null || value === undefined) return "–";
  return `${value && value < 1 ? value.toFixed(1) : Math.round(value)}%`;
}

/** Gives a number with its thousands apart. */
export function count(value) {
  return value === null || value === undefined ? "–" : value.toLocaleString("en-US").replaceAll(",", " ");
}

/** Gives any value of a document as one line. */
export function value(found) {
  return typeof found === "string" ? found : JSON.stringify(found);
}
