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
  if (path === "alarms/act") return (what.alarms || []).join(", ");
  const value = what.value === null ? t("Release") : tag ? `${shown(tag, what.value)} ${tag.unit}`.trim() : String(what.value);
  const old = path === "cmd" && tag && Number.isFinite(what.seen_value) ? `${shown(tag, what.seen_value)} → ` : "";
  return `${what.tag}${tag ? ` · ${say(tag.desc)}` : ""}: ${old}${value}`;
}

/**
 * Sends a request with what it needs. `send(more)` sends it once; `more` are keys of its
 * body. Whoever leaves the dialog has asked for nothing.
 */
export function signed(path, what, send) {
  const { people, open, user, locked, wallboard } = session.state;
  const bypass = bypassOf(path, what), unsigned = !people || (open && !user);
  // The server answers those that could not sign anyway; a person is helped on.
  if (wallboard || (unsigned && !bypass)) return send({});
  if (!unsigned && !user) { signIn(); return send({}); }
  if (!unsigned && locked) { unlock(); return send({}); }
  const rank = unsigned ? 0 : LADDER.indexOf(classOf(path, what));
  const needsReason = (rank >= 2 || bypass) && !(what.reason || "").trim();
  if (rank < 3 && !needsReason && !bypass?.permit) return send({});
  return new Promise((resolve) => {
    const fields = [];
    const put = (name, label, node) => fields.push({ name, label, node });
    if (needsReason) put("reason", t("Reason, for the record"), h("input", { "aria-label": t("Reason, for the record"), maxlength: 500, autocomplete: "off" }));
    if (bypass?.permit) put("permit", t("Permit number"), h("input", { "aria-label": t("Permit number"), maxlength: 64, autocomplete: "off" }));
    if (rank >= 3) put("password", `${t("Password")}: ${session.state.full_name}`, secretField(`${t("Password")}: ${session.state.full_name}`));
    if (rank >= 4) {
      put("second", t("Second person"), nameField(t("Second person")));
      put("secondPassword", t("Password of the second person"), secretField(t("Password of the second person")));
      put("meaning", t("Meaning of the second signature"), h("select", { "aria-label": t("Meaning of the second signature") },
        h("option", { value: "verified", text: t("verified") }), h("option", { value: "approved", text: t("approved") })));
    }
    let answered = { ok: false, code: "left", en: "Nothing was asked.", zh: "未下达任何命令。" };
    ask({
      title: t(rank >= 4 ? "Signature of two persons" : "Signature"),
      body: [h("p", {}, h("b", { text: words(path, what) })), user && h("p", { class: "muted", text: `${t("performed by")} ${session.state.full_name} (${user})` })],
      fields,
      deed: t("Sign"),
      act: async (...values) => {
        const given = Object.fromEntries(fields.map((field, i) => [field.name, values[i]]));
        const more = {};
        if (needsReason) more.reason = given.reason.trim();
        if (bypass?.permit) more.permit = given.permit.trim();
        if (rank >= 3) {
          more.sig = { password: given.password, meaning: "performed" };
          if (rank >= 4) more.sig.second = { user: given.second.trim(), password: given.secondPassword, meaning: given.meaning };
        }
        answered = await send(more);
        return answered;
      },
      closed: () => resolve(answered),
    });
  });
}
