// The mark of an alarm: shape, number and colour say the same thing, so that none of them
// alone has to. Square urgent, triangle up high, triangle down medium, circle low.

import { s } from "../core/dom.js";
import { UNACK } from "../core/alarms.js";

const SHAPES = { 1: "M2 2H20V20H2Z", 2: "M11 1.5L21.5 20H.5Z", 3: "M.5 2H21.5L11 20.5Z", 4: "M11 1A10 10 0 1 1 10.9 1Z" };
const TEXT_Y = { 1: 15.5, 2: 17, 3: 13, 4: 15.5 };

/** A badge as a group 22 px wide. A row makes it blink or dashed by its state. */
export function badge(priority, row) {
  const p = Math.min(4, Math.max(1, priority));
  const back = row && row.state === "returned_unacknowledged";
  return s("g", { class: `badge p${p}${row && UNACK.has(row.state) ? " unack" : ""}${back ? " back" : ""}`, "aria-hidden": "true" },
    s("path", { d: SHAPES[p] }), s("text", { x: 11, y: TEXT_Y[p], "text-anchor": "middle", text: String(p) }));
}

/** The same as an element for lists and buttons. */
export function badgeIcon(priority, row) {
  return s("svg", { class: "badge-icon", viewBox: "0 0 22 22", role: "img", "aria-label": `P${priority}` }, badge(priority, row));
}
