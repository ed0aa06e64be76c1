// What a faceplate shows first, by the kind of its block: a device its state and what
// holds it, a measurement its scale, a cause its channels and effects.

import { STATES, UNACK, alarms } from "../core/alarms.js";
import { h, s, setAttr, setText } from "../core/dom.js";
import { clock, level, shown, withUnit } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { badgeIcon } from "../sym/badge.js";
import { window_ } from "../sym/symbols.js";
import { acknowledge } from "./dialogs.js";

/** Effects of the matrices that move a device, with whether they act now. */
export function locks(part, name) {
  const list = h("div", { class: "rows" });
  const effects = store.directory.equipment.matrices.flatMap((m) => m.effects.map((e, k) => ({ m, e, k })).filter(({ e }) => e.devices.includes(name)));
  for (const { m, e, k } of effects) {
    const chip = h("span", { class: "chip" });
    const causes = m.cells.filter((c) => c.effect === k).map((c) => m.causes[c.cause].id);
    list.append(h("div", { title: causes.join(", ") }, h("span", {}, h("b", { text: e.group ? `${e.group}.${e.id}` : e.id }), ` ${say(e.text)}`), chip));
    const update = () => {
      const acts = e.tags.some((n) => store.read(n).value === 1), why = acts ? causes.filter((id) => store.read(`${id}.TRIP`).value === 1) : [];
      setText(chip, acts ? `${t("acts")} ${why.join(" ")}`.trim() : t("free"));
      chip.className = acts ? "chip trip" : "chip";
    };
    for (const n of [...e.tags, ...causes.map((id) => `${id}.TRIP`)]) if (store.tag(n)) part.hold(store.watch(n, update));
    update();
  }
  return effects.length ? h("div", {}, h("h3", { text: t("Locks") }), list) : null;
}

/** State of a valve or a drive in large letters. */
function device(part, name) {
  const word = h("b", { class: "big" }), note = h("span", { class: "small muted" });
  const main = ["STATE", "CMD"].map((p) => `${name}.${p}`).find((n) => store.tag(n));
  if (!main) return null;
  part.hold(store.watch(main, ({ tag, value, q }) => { setText(word, withUnit(tag, value) + (level(q) === 2 ? " ?" : "")); word.className = `big ${tag?.states.some((s) => s.value === value && s.text.en === "fault") ? "fault" : ""}`; }));
  const locked = `${name}.LOCKED_S`;
  if (store.tag(locked)) part.hold(store.watch(locked, ({ value }) => setText(note, value > 0 ? `${t("Start locked for")} ${Math.ceil(value)} s` : "")));
  return h("div", { class: "face-state" }, word, note);
}

/** A measurement: its scale, its band, its value in large figures. */
function gauge(part, name) {
  const pv = `${name}.PV`, tag = store.tag(pv);
  if (!tag || tag.kind !== "real") return device(part, name);
  const svg = s("svg", { viewBox: "0 0 346 78", "aria-hidden": "true" });
  const [lo, hi] = window_(tag), ptr = s("path", { class: "ptr" });
  const x = (v) => 16 + 314 * Math.min(1, Math.max(0, (v - lo) / (hi - lo)));
  const { ll, l, h: high, hh } = tag.limits;
  svg.append(s("rect", { class: "frame", x: 16, y: 22, width: 314, height: 22 }));
  if (l !== null || high !== null) svg.append(s("rect", { class: "band", x: x(l ?? lo), y: 23, width: x(high ?? hi) - x(l ?? lo), height: 20 }));
  for (const v of [ll, l, high, hh]) if (v !== null) svg.append(s("path", { class: "tick", d: `M${x(v)} 44v-13` }), s("text", { x: x(v), y: 60, "text-anchor": "middle", text: String(v) }));
  svg.append(ptr);
  const value = h("span"), unit = h("span", { class: "unit", text: tag.unit });
  part.hold(store.watch(pv, ({ value: v, q }) => {
    setText(value, shown(tag, v) + (level(q) === 1 ? " ?" : ""));
    value.className = ["live", "live uncertain", "bad"][level(q)];
    const known = Number.isFinite(v) && level(q) < 2;
    ptr.setAttribute("visibility", known ? "visible" : "hidden");
    if (known) setAttr(ptr, "d", `M${x(v).toFixed(1)} 22l-7-13h14Z`);
  }));
  return h("div", { class: "bars gauge" }, h("div", { class: "big" }, value, unit), svg);
}

/** A cause: what trips it, what it does. */
function cause(part, name) {
  const facts = store.directory.equipment.matrices.flatMap((m) => m.causes.map((c, i) => ({ m, c, i })).filter(({ c }) => c.id === name))[0];
  const group = store.directory.interlocks.flatMap((g) => g.causes.map((c) => ({ g, c }))).find(({ c }) => c.id === name);
  if (!facts) return null;
  const { m, c, i } = facts, live = group?.c.live;
  const now = h("b", { class: "live" });
  if (live) part.hold(store.watch(live, ({ tag, value }) => setText(now, tag ? withUnit(tag, value) : "")));
  const acts = m.cells.filter((x) => x.cause === i).map((x) => h("div", {}, h("span", {}, h("b", { text: m.effects[x.effect].id }), ` ${say(m.effects[x.effect].text)}`), h("span", { class: "chip", text: x.word })));
  return h("div", {}, h("p", {}, say(c.text)), h("p", { class: "small muted" }, `${t("Vote")} ${c.vote} · ${c.unit} `, now), h("h3", { text: t("Effects") }), h("div", { class: "rows" }, acts));
}

const HEADS = {
  VALVE: device, MOTOR: device, AOUT: device, AI: gauge, MEDIAN: gauge, SELECT: gauge, CAUSE: cause, DOSE: device, INERT: device, TRANSFER: device, LEAK_TEST: device, DEPRESSURE: device,
  PHASE: (_, name) => h("hmi-phase-panel", { ".block": name }),
  PERMIT: (_, name) => h("hmi-permit-panel", { ".block": name }),
  INTERLOCK: (_, name) => { const group = store.directory.interlocks.find((g) => g.name === name); return group ? h("hmi-interlock-panel", { ".group": group }) : null; },
};

/** The head of a faceplate, for kinds that have one. */
export function head(part, name) {
  const block = store.block(name), build = HEADS[block?.kind];
  return [build ? build(part, name) : null, block?.permit ? h("hmi-permit-panel", { ".block": block.permit }) : null].filter(Boolean);
}

/** Alarms of the block that stand now, each to be acknowledged here; or all, those put aside too. */
export function alarmList(part, name, every) {
  const box = h("div");
  let last = "";
  const update = () => {
    const rows = (every ? [...alarms.rows.values()] : alarms.standing()).filter((r) => r.tag.split(".")[0] === name);
    const key = rows.map((r) => r.alarm + r.state + r.raise).join() + link.stale;
    if (key === last) return;
    last = key;
    box.replaceChildren(...(rows.length ? [h("h3", { text: t("Alarms") }), ...rows.map((r) => h("div", { class: "face-alarm" }, badgeIcon(r.priority, r), h("span", { class: "txt", text: `${clock(r.since_ms)} ${r.kind} · ${say(r.text)}` }),
      every ? h("span", { class: "chip", text: t(STATES[r.state] || r.state) }) : null, UNACK.has(r.state) ? h("button", { disabled: link.stale, onclick: () => acknowledge([r]) }, t("Acknowledge")) : null))] : every ? [h("p", { class: "muted", text: t("none") })] : []));
  };
  part.listen(alarms, "change", update);
  part.listen(link, "change", update);
  update();
  return box;
}
