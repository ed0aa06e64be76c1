// Every alarm that is not normal, as the server pushed it. The server owns their life;
// here they are only sorted and counted by place.

import { ask } from "./api.js";
import { store } from "./store.js";

export const UNACK = new Set(["unacknowledged", "returned_unacknowledged", "latched_unacknowledged"]);
export const ASIDE = { shelved: "shelved", suppressed_by_design: "suppressed", out_of_service: "out_of_service" };
/** States in words, by their names on the wire. */
export const STATES = {
  unacknowledged: "unack", acknowledged: "acked", returned_unacknowledged: "cleared, unack", latched_unacknowledged: "latched, unack",
  latched_acknowledged: "latched, acked", shelved: "shelved", suppressed_by_design: "suppressed", out_of_service: "out of service",
};
const NONE = { priority: Array.from({ length: 4 }, () => ({ unacknowledged: 0, acknowledged: 0 })), shelved: 0, suppressed: 0, out_of_service: 0, last_ten_minutes: 0, flood: false, horn: null };

class Alarms extends EventTarget {
  rows = new Map();
  counts = NONE;
  seq = 0;
  /** Worst alarm of each block. */
  worst = new Map();
  /** When alarms came, for the rate; milliseconds. */
  came = [];

  /** Takes what changed, or everything. */
  apply({ full, seq, utc_ms, counts, rows, gone }) {
    if (full) { this.rows.clear(); this.came = []; }
    for (const name of gone) this.rows.delete(name);
    for (const row of rows) {
      const old = this.rows.get(row.alarm);
      if ((!old || old.since_ms !== row.since_ms) && !(row.state in ASIDE)) this.came.push(row.since_ms);
      this.rows.set(row.alarm, row);
    }
    this.came = this.came.filter((ms) => ms > utc_ms - 7200000);
    this.counts = counts;
    this.seq = seq;
    this.worst.clear();
    for (const row of this.rows.values()) {
      if (row.state in ASIDE) continue;
      const block = row.tag.split(".")[0], now = this.worst.get(block);
      if (!now || compare(row, now) < 0) this.worst.set(block, row);
    }
    this.dispatchEvent(new Event("change"));
  }

  /** Rows that annunciate, in the order of the list. */
  standing() { return [...this.rows.values()].filter((r) => !(r.state in ASIDE)).sort(compare); }

  /** The one that the banner shows: the newest of the highest priority, not acknowledged. */
  newest() { return this.standing().filter((r) => UNACK.has(r.state)).sort(compare)[0]; }

  /** Worst priority and number of what `of(row)` holds for; `null` if there is none. */
  sum(of) {
    let n = 0, worst = null;
    for (const row of this.rows.values()) if (!(row.state in ASIDE) && of(row)) { n++; if (!worst || compare(row, worst) < 0) worst = row; }
    return worst && { n, worst };
  }

  /** Asks for a deed. Answers as a command does. */
  act(deed, names = [], more = {}) { return ask("alarms/act", { do: deed, alarms: names, ...more }, 5000, deed === "silence"); }
}

/** Not acknowledged first, then priority, then the newest: by number, a clock may be set back. */
export function compare(a, b) {
  return (UNACK.has(b.state) - UNACK.has(a.state)) || a.priority - b.priority || b.raise - a.raise || (a.alarm < b.alarm ? -1 : 1);
}

/**
 * In a flood: each of P1, then one row for all others of a unit, its first-out or else the
 * most urgent, with their number by priority as `of`.
 */
export function flooded(rows) {
  const units = {};
  for (const r of rows) if (r.priority > 1) (units[r.unit] ??= []).push(r);
  return [...rows.filter((r) => r.priority < 2), ...Object.values(units).map((all) => ({ ...(all.find((r) => r.first_out) || all[0]), of: [2, 3, 4].map((p) => `P${p} × ${all.filter((r) => r.priority === p).length}`).join(" ") }))];
}

export const alarms = new Alarms();

/** Watches the worst alarm of a block; returns the function that ends it. */
export function watchBlock(block, fn) {
  let last;
  const tell = () => {
    const row = alarms.worst.get(block);
    const key = row && `${row.priority}${row.state}`;
    if (key !== last) { last = key; fn(row); }
  };
  alarms.addEventListener("change", tell);
  tell();
  return () => alarms.removeEventListener("change", tell);
}

/** The display of an alarm: its own, or that of its unit. */
export function displayOf(row) {
  const { displays } = store.directory;
  return displays.find((d) => d.id === row.display) || displays.find((d) => (d.cards || []).length === 0 && d.level === 2 && d.id.replace("-", "") === row.unit.toLowerCase().replace("-", ""));
}
