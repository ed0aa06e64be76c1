// Binds a drawing to tags. The drawing says what by `data-*` attributes:
//
//   data-sym + data-tag      a symbol of the library for a piece of equipment
//   data-v="TAG"             text = formatted value
//   data-h="TAG lo hi a b"   height goes from a to b as the value goes from lo to hi
//   data-w, data-x, data-y   the same for width and position
//   data-state="TAG"         data-st = the value, for the style sheet
//   data-show="TAG op N"     shown while the comparison holds (== != < <= > >=)
//   data-face="NAME"         opens the faceplate of a loop or block
//   data-nav="ID"            calls up another display
//   data-en, data-zh         text in two languages
//
// A tag that does not exist is marked, never an error.

import { s, setAttr, setText } from "./dom.js";
import { level, shown } from "./fmt.js";
import { say, t } from "./i18n.js";
import { symbols } from "../sym/symbols.js";

const COMPARE = {
  "==": (a, b) => a === b, "!=": (a, b) => a !== b,
  "<": (a, b) => a < b, "<=": (a, b) => a <= b,
  ">": (a, b) => a > b, ">=": (a, b) => a >= b,
};

/** Fills of states that need a pattern. */
function patterns() {
  return s("defs", {},
    s("pattern", { id: "hatch", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
      s("rect", { class: "pat-a", width: 6, height: 6 }), s("rect", { class: "pat-b", width: 2, height: 6 })),
    s("linearGradient", { id: "half" },
      s("stop", { class: "half-a", offset: "50%" }), s("stop", { class: "half-b", offset: "50%" })));
}

/**
 * Binds `svg`. `hold(end)` keeps what must be ended; `face(name)` and `nav(id)` are
 * called on activation.
 */
export function bindDrawing(svg, store, { hold, face, nav }) {
  svg.prepend(patterns());
  const bind = (name, fn) => hold(store.watch(name, fn));

  for (const node of svg.querySelectorAll("[data-en]:not([data-sym])")) {
    setText(node, say({ en: node.dataset.en, zh: node.dataset.zh }));
  }
  for (const node of svg.querySelectorAll("[data-v]")) {
    // What was written is remembered here: asking the document costs as much as telling it.
    let text, mood;
    node.replaceChildren(document.createTextNode(""));
    bind(node.dataset.v, ({ tag, value, q }) => {
      const next = tag ? shown(tag, value) : t("no tag"), now = !tag ? "notag" : level(q) === 2 ? "bad" : "";
      if (next !== text) node.firstChild.data = text = next;
      if (now === mood) return;
      mood = now;
      node.classList.toggle("notag", now === "notag");
      node.classList.toggle("bad", now === "bad");
    });
  }
  for (const [key, attribute] of [["h", "height"], ["w", "width"], ["x", "x"], ["y", "y"]]) {
    for (const node of svg.querySelectorAll(`[data-${key}]`)) {
      const [name, lo, hi, a, b] = node.getAttribute(`data-${key}`).trim().split(/\s+/);
      const [from, to, at, end] = [lo, hi, a, b].map(Number);
      let last;
      bind(name, ({ tag, value, q }) => {
        const known = tag && Number.isFinite(value) && level(q) < 2;
        const part = known ? Math.min(1, Math.max(0, (value - from) / (to - from))) : 0;
        const next = (at + part * (end - at)).toFixed(1);
        if (next !== last) node.setAttribute(attribute, last = next);
      });
    }
  }
  for (const node of svg.querySelectorAll("[data-state]")) {
    bind(node.dataset.state, ({ tag, value, q }) => {
      setAttr(node, "data-st", tag && Number.isFinite(value) && level(q) < 2 ? value : "x");
    });
  }
  for (const node of svg.querySelectorAll("[data-show]")) {
    const [name, op, literal] = node.dataset.show.trim().split(/\s+/);
    bind(name, ({ tag, value }) => {
      const holds = tag && COMPARE[op] && COMPARE[op](value, Number(literal));
      setAttr(node, "visibility", holds ? "visible" : "hidden");
    });
  }
  for (const node of svg.querySelectorAll("[data-sym]")) {
    const build = symbols[node.dataset.sym];
    if (!build) {
      node.append(s("text", { class: "notag", text: `${t("no symbol")} ${node.dataset.sym}` }));
      continue;
    }
    build(node, { tag: node.dataset.tag || "", kind: node.dataset.kind, data: node.dataset, bind, store, hold });
  }
  for (const node of svg.querySelectorAll("[data-face]")) {
    const name = node.dataset.face;
    makeButton(node, name, describe(store, name), () => face(name));
  }
  for (const node of svg.querySelectorAll("[data-nav]")) {
    makeButton(node, node.dataset.nav, "", () => nav(node.dataset.nav));
  }
  svg.addEventListener("keydown", (event) => spatial(svg, event));
}

/** What a loop or block is, in the language shown. */
export function describe(store, name) {
  const loop = store.directory.loops.find((l) => l.name === name);
  if (loop) return say(loop.desc);
  const tags = store.blocks.get(name) || [];
  const best = tags.find((x) => /\.(PV|STATE)$/.test(x.name)) || tags[0];
  return best ? say(best.block) : "";
}

/** The visible text is the name, so that what is read aloud is what is seen. */
function makeButton(node, name, description, act) {
  node.setAttribute("tabindex", "0");
  node.setAttribute("role", "button");
  if (!node.textContent.trim()) node.setAttribute("aria-label", name);
  node.dataset.desc = `${name} ${description}`.trim();
  setAttr(node, "aria-description", node.dataset.desc);
  node.addEventListener("click", act);
  node.addEventListener("keydown", (event) => {
    if (event.key === "Enter" || event.key === " ") { event.preventDefault(); act(); }
  });
}

const AXIS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

/** Arrow keys go to the nearest symbol in that direction. */
function spatial(svg, event) {
  const axis = AXIS[event.key];
  const from = event.target.closest && event.target.closest("[tabindex]");
  if (!axis || !from || event.altKey || event.ctrlKey || event.metaKey) return;
  event.preventDefault();
  const centre = (node) => {
    const r = node.getBoundingClientRect();
    return [r.x + r.width / 2, r.y + r.height / 2];
  };
  const [x, y] = centre(from);
  let best = null, bestCost = Infinity;
  for (const node of svg.querySelectorAll("[tabindex]")) {
    if (node === from) continue;
    const [nx, ny] = centre(node);
    const along = (nx - x) * axis[0] + (ny - y) * axis[1];
    const across = Math.abs((nx - x) * axis[1]) + Math.abs((ny - y) * axis[0]);
    // Sideways distance counts twice: going right should not end far above.
    const cost = along + 2 * across;
    if (along > 4 && cost < bestCost) { best = node; bestCost = cost; }
  }
  if (best) best.focus();
}
