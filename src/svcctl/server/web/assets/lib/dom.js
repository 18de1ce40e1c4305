// Builds the document out of elements and texts; no text is ever read as markup.

const SVG = "http://www.w3.org/2000/svg";
const COLOURS = /\x1b\[[0-9;:]*m/g; // of a terminal (ECMA-48, SGR)
const UNSEEN = /[\0-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]/g; // what controls, or turns what follows around
const PROPERTIES = new Set(["value", "checked", "disabled", "selected", "open", "hidden", "indeterminate"]);

/** Gives an element: h("a", {href: "#/", class: "x", onclick: f}, "text", other). */
export function h(tag, props, ...children) {
  return build(document.createElement(tag), props, children);
}

/** Gives an element of a drawing. */
export function s(tag, props, ...children) {
  return build(document.createElementNS(SVG, tag), props, children);
}

/** Has `node` hold `children` and nothing else. */
export function fill(node, ...children) {
  node.replaceChildren(...flat(children));
  return node;
}

/** Sets the text of `node` where it is another one, so that nothing is drawn in vain. */
export function say(node, text) {
  const said = plain(String(text ?? ""));
  if (node.textContent !== said) node.textContent = said;
}

/** Gives `text` so that nothing in it is unseen, or turns around what stands beside it. */
function plain(text) {
  return text.replace(COLOURS, "").replace(UNSEEN, "�");
}

/** Sets or takes away an attribute. */
export function mark(node, name, value) {
  if (value === undefined || value === null || value === false) node.removeAttribute(name);
  else if (node.getAttribute(name) !== String(value)) node.setAttribute(name, value === true ? "" : value);
}

/** Has the children of `parent` be those of `rows`, in that order, moving as few as it can. */
export function order(parent, rows) {
  const wanted = new Set(rows);
  for (const each of [...parent.children]) if (!wanted.has(each)) each.remove();
  let at = parent.firstElementChild;
  for (const row of rows) {
    if (row === at) at = at.nextElementSibling;
    else parent.insertBefore(row, at);
  }
}

function build(node, props, children) {
  for (const [name, value] of Object.entries(props ?? {})) set(node, name, value);
  node.append(...flat(children));
  return node;
}

function set(node, name, value) {
  if (value === undefined || value === null || value === false) return;
  if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
  else if (name === "style") for (const [key, each] of Object.entries(value)) node.style.setProperty(key, each);
  else if (name === "href" || name === "src") setAddress(node, name, value);
  else if (PROPERTIES.has(name)) node[name] = value;
  else node.setAttribute(name, value === true ? "" : value);
}

function setAddress(node, name, value) {
  if (!/^(#|\/(?!\/))/.test(value)) throw new TypeError(`${value} leads out of this page`);
  node.setAttribute(name, value);
}

function flat(children) {
  return children.flat(Infinity).filter((each) => each !== undefined && each !== null && each !== false)
    .map((each) => (typeof each === "string" ? plain(each) : each));
}
