// The signature of a command: what is about to be done, why, and who stands for it.
// The server decides what is needed; this asks for it before it has to refuse.

import { h } from "../core/dom.js";
import { shown } from "../core/fmt.js";
import { say, t } from "../core/i18n.js";
import { session } from "../core/session.js";
import { store } from "../core/store.js";
import { ask, nameField, secretField, signIn, unlock } from "./login.js";

/** Which of the session's signatures a deed with alarms needs; silencing needs none. */
const ALARM_DEEDS = {
  acknowledge: "acknowledge", reset: "acknowledge", shelve: "shelve", unshelve: "shelve",
  out_of_service: "out_of_service", return_to_service: "out_of_service",
};
const DEED_WORDS = { acknowledge: "Acknowledge", reset: "Reset", shelve: "Shelve", unshelve: "Put back", out_of_service: "Out of service", return_to_service: "Put back" };
/** Reasons that are offered; the last wants words of one's own. */
const OTHER = "Other", REASONS = ["Operation of the process", "Deviation of the process", "Maintenance or calibration", "Test or trial", OTHER];
const LADDER = ["none", "confirm", "reason", "reauthenticate", "second"];

/** What a request needs: the tag says it for a write, the plant's text for the rest. */
function classOf(path, what) {
  if (path === "cmd") return store.tag(what.tag)?.writable?.signature ?? "none";
  if (path === "force") return session.state.force;
  if (path === "edition") return session.state.change;
  if (path === "alarms/act") return session.state[ALARM_DEEDS[what.do]] ?? "none";
  return "none";
}

/** What a bypass that begins is bound to, if this is one. */
const bypassOf = (path, what) => (path === "cmd" && what.value && store.tag(what.tag)?.writable?.bypass) || null;

/** The deed in words: old and new value. */
function words(path, what) {
  const tag = what.tag ? store.tag(what.tag) : null;
  if (path === "edition") return t(what.back ? "Back" : "Load changed text");
  if (path === "alarms/act") return `${t(DEED_WORDS[what.do] ?? what.do)} ${(what.alarms || []).join(", ")}`;
  const value = what.value === null ? t("Release") : tag ? `${shown(tag, what.value)} ${tag.unit}`.trim() : String(what.value);
  const old = path === "cmd" && tag && Number.isFinite(what.seen_value) ? `${shown(tag, what.seen_value)} → ` : "";
  return `${what.tag}${tag ? ` · ${say(tag.desc)}` : ""}: ${old}${value}`;
}

/** What follows from the deed, as far as the plant's text tells. */
function consequence(path, what) {
  if (path === "edition") return t(what.back ? "The edition before this one takes over between two scans." : "The plant's text is read anew; if all of it holds, it takes over between two scans.");
  if (path === "force") return t(what.value === null ? "The tag follows what is measured or computed again, at once." : "A forced tag keeps its value whatever is measured.");
  if (path === "alarms/act") return t(what.for_s ? "At its end the alarm returns as not acknowledged." : "");
  const tag = store.tag(what.tag), block = what.tag.split(".")[0], loop = store.directory.loops.find((l) => l.name === block);
  switch (tag?.writable?.action) {
    case "bypass": {
      const acts = store.directory.equipment.matrices.flatMap((m) => m.cells.filter((c) => m.causes[c.cause].id === block).map((c) => say(m.effects[c.effect].text)));
      return what.value ? `${t("While it lasts, {name} does not trip:", { name: block })} ${acts.join(", ") || "—"}` : "";
    }
    case "reset": return t("What the trip held may move again.");
    case "mode": case "operate": return loop ? `${t("Moves")} ${loop.out_to || loop.out}` : "";
    default: return "";
  }
}

/**
 * Sends a request with what it needs. `send(more)` sends it once; `more` are keys of its
 * body. Whoever leaves the dialog has asked for nothing.
 */
export function signed(path, what, send) {
  const { people, open, user, locked, wallboard, full_name } = session.state;
  const bypass = bypassOf(path, what), unsigned = !people || (open && !user);
  // The server answers those that could not sign anyway; a person is helped on.
  if (wallboard || (unsigned && !bypass)) return send({});
  if (!unsigned && !user) { signIn(); return send({}); }
  if (!unsigned && locked) { unlock(); return send({}); }
  const rank = unsigned ? 0 : LADDER.indexOf(classOf(path, what));
  const given = (what.reason || "").trim();
  const needsReason = (rank >= 2 || bypass) && !given;
  if (rank < 3 && !needsReason && !bypass?.permit) return send({});
  return new Promise((resolve) => {
    const fields = [];
    const put = (name, label, node, more) => fields.push({ name, label: t(label), node, ...more });
    if (needsReason) {
      const why = h("select", {}, h("option", { value: "", text: "—" }), REASONS.map((x) => h("option", { value: t(x), text: t(x) })));
      put("why", "Reason", why);
      put("comment", "Comment", h("input", { maxlength: 400, autocomplete: "off" }), { free: () => why.value !== t(OTHER) });
    }
    if (bypass?.permit) put("permit", "Permit number", h("input", { maxlength: 64, autocomplete: "off" }));
    if (rank >= 3) {
      const group = `1 · ${t("Performed by")}`;
      put("user", "User", h("input", { readonly: true, value: `${user} · ${full_name}` }), { group });
      put("password", "Password", secretField(), { group });
    }
    if (rank >= 4) {
      const group = `2 · ${t("Verified by (a different person)")}`;
      put("second", "User", nameField(), { group });
      put("secondPassword", "Password", secretField(), { group });
      put("meaning", "Meaning", h("select", {}, h("option", { value: "verified", text: t("verified") }), h("option", { value: "approved", text: t("approved") })), { group });
    }
    let answered = { ok: false, code: "left", en: "Nothing was asked.", zh: "未下达任何命令。" };
    const follows = consequence(path, what);
    ask({
      title: t(rank >= 3 ? "Electronic signature" : "Reason, for the record"),
      body: [h("div", { class: "deed" }, t("Action"), ": ", h("b", { text: words(path, what) }),
        follows ? h("p", { class: "small muted", text: `${t("Consequence")}: ${follows}` }) : null,
        given ? h("p", { class: "small muted", text: `${t("Reason")}: ${given}` }) : null)],
      fields,
      note: t(rank >= 3 ? "The server sets the time. Each signature is bound to this action and written to the audit trail." : "Time, action and reason go to the audit trail."),
      deed: t(rank >= 3 ? "Sign and execute" : "Execute"),
      act: async (...values) => {
        const got = Object.fromEntries(fields.map((field, i) => [field.name, values[i]]));
        const more = {};
        if (needsReason) more.reason = [got.why, got.comment.trim()].filter(Boolean).join(": ");
        if (bypass?.permit) more.permit = got.permit.trim();
        if (rank >= 3) {
          more.sig = { password: got.password, meaning: "performed" };
          if (rank >= 4) more.sig.second = { user: got.second.trim(), password: got.secondPassword, meaning: got.meaning };
        }
        answered = await send(more);
        return answered;
      },
      closed: () => resolve(answered),
    });
  });
}
