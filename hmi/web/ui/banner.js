// The alarm line of the header: counts by priority, the newest alarm of the highest
// priority that nobody has acknowledged, acknowledge and silence.

import { alarms } from "../core/alarms.js";
import { Part, h, setText } from "../core/dom.js";
import { clock, number } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { horn } from "../core/sound.js";
import { link } from "../core/ws.js";
import { badgeIcon } from "../sym/badge.js";
import { acknowledge } from "./dialogs.js";
import { toast } from "./toasts.js";

/** Acknowledges the alarm that the banner shows. */
export function acknowledgeNewest() {
  const row = alarms.newest();
  if (row) acknowledge([row]);
}

/** Silences the horn; says nothing of any alarm. */
export async function silence() { toast(await alarms.act("silence"), t("Silence")); }

/** Value and limit of an alarm. */
export function beyond(row) {
  if (row.value === null) return "";
  const sign = row.kind.startsWith("L") ? "≤" : "≥";
  return `${number(row.value, 1)}${row.limit === null ? "" : ` ${sign} ${number(row.limit, 1)}`} ${row.eu}`;
}

class Banner extends Part {
  render() {
    const cells = [1, 2, 3, 4].map((p) => {
      const n = h("b"), all = h("span", { class: "muted" });
      return { p, n, all, node: h("span", { class: "tally" }, badgeIcon(p), n, all) };
    });
    const line = h("a", { class: "newest", href: "#/alarms" });
    const ack = h("button", { onclick: acknowledgeNewest, title: "Ctrl+K" }, t("Acknowledge"));
    const quiet = h("button", { onclick: silence, title: "F12" }, t("Silence"));
    const off = h("span", { class: "chip strong", text: t("HORN OFF"), title: t("Touch the page once: the browser lets no page sound before that"), hidden: true });
    const flood = h("span", { class: "chip first", text: t("FLOOD"), hidden: true });
    this.append(h("div", { class: "tallies", role: "group", "aria-label": t("Alarms: not acknowledged / all") }, cells.map((c) => c.node)), flood, line, off, ack, quiet);
    const update = () => {
      const { counts } = alarms;
      for (const { p, n, all, node } of cells) {
        const { unacknowledged: u, acknowledged: a } = counts.priority[p - 1];
        setText(n, String(u));
        setText(all, `/ ${u + a}`);
        node.classList.toggle("none", u + a === 0);
      }
      const row = alarms.newest();
      line.classList.toggle("none", !row);
      line.replaceChildren(...(row ? [badgeIcon(row.priority, row), h("time", { text: clock(row.since_ms) }), h("b", { text: row.alarm }),
        h("span", { class: "msg", text: `${say(row.text)} · ${beyond(row)} · ${row.unit}` })] : [h("span", { class: "msg", text: t("No alarm waits to be acknowledged") })]));
      flood.hidden = !counts.flood;
      ack.disabled = link.stale || !row;
      quiet.disabled = link.stale || counts.horn === null;
      off.hidden = !(horn.locked && counts.horn !== null);
    };
    this.listen(alarms, "change", update);
    this.listen(horn, "change", update);
    this.listen(link, "change", update);
    update();
  }
}

customElements.define("hmi-banner", Banner);
