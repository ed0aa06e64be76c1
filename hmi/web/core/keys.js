// The key map. One place, so that the list shown by `?` is the list that works.

import { t } from "./i18n.js";

const bound = [];

/** Binds a key; `match` as in `event.key`, `Alt+ArrowUp`, `F9`. `global` works in inputs too. */
export function key(match, what, act, { global = false } = {}) {
  bound.push({ match, what, act, global });
}

/** Only what the page adds can be taken away again. */
export function forgetKeys() { bound.length = 0; }

export function keyList() {
  return bound.filter((b) => b.what).map((b) => [b.match, t(b.what)]);
}

function typing(node) {
  return node instanceof HTMLElement && node.matches("input, select, textarea");
}

addEventListener("keydown", (event) => {
  const open = document.querySelector("dialog[open]");
  const name = [event.ctrlKey && "Ctrl+", event.altKey && "Alt+", event.key].filter(Boolean).join("");
  const hit = bound.find((b) => b.match === name || b.match === name.toLowerCase());
  if (!hit || open || event.defaultPrevented) return;
  if (typing(event.target) && !hit.global && !/^(F\d+|Escape)$/.test(event.key)) return;
  if (hit.act(event) !== false) event.preventDefault();
});
