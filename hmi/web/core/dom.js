// Elements without a library. Text is always a text node: names, units and messages
// come from plants and people and are never markup.

import { t } from "./i18n.js";

const SVG = "http://www.w3.org/2000/svg";

function fill(node, props, children) {
  for (const [key, value] of Object.entries(props || {})) {
    if (value === undefined || value === null || value === false) continue;
    if (key.startsWith("on")) node.addEventListener(key.slice(2), value);
    else if (key === "text") node.textContent = value;
    else if (key.startsWith(".")) node[key.slice(1)] = value;
    else node.setAttribute(key, value === true ? "" : value);
  }
  for (const child of children.flat()) {
    if (child !== null && child !== undefined && child !== false) node.append(child);
  }
  return node;
}

/** An HTML element: attributes, `onclick` and the like, `.property`, `text`. */
export function h(name, props, ...children) {
  return fill(document.createElement(name), props, children);
}

/** An SVG element. */
export function s(name, props, ...children) {
  return fill(document.createElementNS(SVG, name), props, children);
}

/** The head of a table; of the columns in `num` the figures stand right. */
export function thead(names, num = []) { return h("thead", {}, h("tr", {}, names.map((x) => h("th", { class: num.includes(x) ? "num" : null, text: x && t(x) })))); }

/** What scrolls by keys too, and has a name. */
export const region = (label, name = "body") => ({ class: name, tabindex: 0, role: "region", "aria-label": label });

/** Sets text only if it differs: most values repeat, and layout is the cost. */
export function setText(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

/** Sets an attribute only if it differs. */
export function setAttr(node, name, value) {
  const next = String(value);
  if (node.getAttribute(name) !== next) node.setAttribute(name, next);
}

/** Base of all parts: subscriptions live exactly as long as the element is shown. */
export class Part extends HTMLElement {
  #ends = [];

  connectedCallback() { this.render(); }

  disconnectedCallback() {
    for (const end of this.#ends.splice(0)) end();
  }

  /** Keeps the function that ends a subscription. */
  hold(end) { this.#ends.push(end); return end; }

  /** Listens while shown. */
  listen(target, type, fn) {
    target.addEventListener(type, fn);
    this.hold(() => target.removeEventListener(type, fn));
  }

  /** Repeats while shown. */
  every(ms, fn) {
    const timer = setInterval(fn, ms);
    this.hold(() => clearInterval(timer));
  }

  render() {}
}
