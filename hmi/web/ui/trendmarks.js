// What happened, as marks under the axis of a trend: alarms that came, commands, trips.
// The shape says the kind, so that colour need not.

import { getJson } from "../core/api.js";
import { h, s } from "../core/dom.js";
import { clock } from "../core/fmt.js";
import { language, t } from "../core/i18n.js";
import { session } from "../core/session.js";
import { token } from "../core/theme.js";
import { store } from "../core/store.js";

/** Steps of an alarm's life that say that it came. */
const CAME = new Set(["raise", "re-announce", "alarm"]);
const MARKS_MAX = 500;
const WORDS = { alarm: "alarm", command: "command", bypass: "force or bypass", trip: "trip" };

const known = (e) => ({ ms: e.utc_ms, kind: e.kind === "refused" ? "command" : e.kind, text: language() === "zh" ? e.zh : e.en, tag: e.tag });

/** Marks between two times, oldest first. Without records there is what this window knows. */
export async function fetchMarks(from, to) {
  const inside = (ms) => ms >= from && ms < to;
  const trips = store.events.filter((e) => e.kind === "trip" && inside(e.utc_ms)).map((e) => ({ ...known(e), text: `▲ ${e.tag?.split(".")[0] ?? ""}` }));
  const ask = (name) => getJson(`records?${new URLSearchParams({ class: name, from_ms: Math.floor(from), to_ms: Math.ceil(to), limit: MARKS_MAX })}`);
  // Commands are for reviewers to look up; others see what this window has heard of.
  const heard = () => store.events.filter((e) => e.kind === "command" && inside(e.utc_ms)).map(known);
  const { user, actions, open } = session.state;
  try {
    const review = user ? actions.includes("review") : open;
    const [alarms, ...others] = await Promise.all(["alarm", ...(review ? ["command", "bypass"] : [])].map(ask));
    const rows = [...alarms.rows.filter((r) => CAME.has(r.what)), ...others.flatMap((x) => x.rows)];
    // Times of two clocks, for alarms that of the scan: sorted here.
    return [...trips, ...(review ? [] : heard()), ...rows.map((r) => ({ ms: r.utc_ms, kind: r.class, text: `${r.object} ${t(r.what)} ${r.class === "alarm" ? "" : r.new}`.trim() }))].sort((a, b) => a.ms - b.ms);
  } catch {
    return [...trips, ...heard()];
  }
}

/** The marks about a moment. */
export function near(marks, ms, slack) { return marks.filter((m) => Math.abs(m.ms - ms) <= slack); }

/** A mark in words. */
export const tell = (mark) => `${clock(mark.ms)} ${mark.text}`;

const SHAPES = {
  alarm: [[0, -6], [6, 5], [-6, 5]],
  command: [[0, -5], [5, 0], [0, 5], [-5, 0]],
  bypass: [[-5, -6], [5, -6], [-5, 6], [5, 6]],
  trip: [[-5, -5], [5, -5], [5, 5], [-5, 5]],
};
const COLOURS = { alarm: "p2", command: "t2", bypass: "p3", trip: "p1" };

/** One shape at a place. */
function drawMark(c, kind, x, y) {
  const shape = SHAPES[kind] || SHAPES.command;
  c.beginPath();
  shape.forEach(([dx, dy], i) => (i ? c.lineTo(x + dx, y + dy) : c.moveTo(x + dx, y + dy)));
  c.closePath();
  c.fillStyle = token(COLOURS[kind] || "t2");
  c.strokeStyle = token("edge");
  c.fill();
  c.stroke();
}

/** All of them, in a strip under the axis. */
export function drawMarks(c, marks, box, x) {
  c.setLineDash([]);
  c.lineWidth = 1;
  for (const { ms, kind } of marks) {
    const at = x(ms);
    if (at >= box.left && at <= box.left + box.width) drawMark(c, kind, at, box.top + box.height + 34);
  }
}

/** What the shapes mean. */
export function legend() {
  const shapes = Object.entries(SHAPES);
  return h("span", { class: "marks" }, shapes.map(([kind, points]) => h("span", {},
    s("svg", { viewBox: "-8 -8 16 16", "aria-hidden": "true" }, s("polygon", { class: kind, points: points.join(" ") })), t(WORDS[kind]))));
}
