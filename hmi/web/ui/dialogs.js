// Dialogs: about, keys, go to tag.

import { alarms } from "../core/alarms.js";
import { describe } from "../core/bind.js";
import { h, setText } from "../core/dom.js";
import { keyList } from "../core/keys.js";
import { language, say, t } from "../core/i18n.js";
import { store } from "../core/store.js";
import { link } from "../core/ws.js";
import { toast } from "./toasts.js";

const HITS_MAX = 40;

function open(title, body, { footer = true } = {}) {
  const close = () => dialog.close();
  const dialog = h("dialog", { "aria-label": title }, h("h2", { text: title }), body,
    footer ? h("footer", {}, h("button", { class: "primary", onclick: close }, t("Close"))) : null);
  dialog.addEventListener("close", () => dialog.remove());
  document.body.append(dialog);
  dialog.showModal();
  return dialog;
}

export function about() {
  const { edition, env, plant, title } = store.directory;
  open(t("About Scanloop"), h("div", { class: "body" },
    h("p", { text: t("Scanloop is a deterministic scan-cycle control runtime with a thin operator interface.") }),
    h("p", {}, h("b", { text: t("This is a basic process control system (BPCS). It has no SIL.") })),
    h("p", { class: "notice", text: t("This software has not been developed or certified to IEC 61508/61511 (GB/T 20438/21109). It shall not implement a Safety Instrumented Function with any SIL. Functions executed here may at most be credited as BPCS protection layers with RRF ≤ 10, subject to the user's own analysis. Where LOPA, 116号/3号, AQ 3062, 令第40号 or GB/T 50770 require an SIS/ESD, provide an independent certified one.") }),
    h("p", { class: "muted", text: `${say(plant)} · ${say(title)} · ${t(env === "SIM" ? "SIMULATION" : "LIVE")} · ${t("Edition")} ${edition.number}` }),
    h("p", { class: "muted small", text: `${t("Digest")} ${edition.digest}` })));
}

export function keys() {
  const more = [["Tab", t("Next control")], ["← ↑ → ↓", t("Next symbol in that direction")], ["Enter", t("Open the faceplate, apply an entry")], ["Esc", t("Cancel, close the faceplate")], ["T", t("Trend of the symbol")], ["↑ ↓", t("Step the entry up or down")]];
  open(t("Keys"), h("div", { class: "body" }, h("dl", { class: "keys" }, [...keyList(), ...more].flatMap(([key, what]) => [h("dt", { text: key }), h("dd", { text: what })]))));
}

/**
 * Asks for a reason, then for the deed: `act(reason)` answers as a command does. What
 * is refused stays to be read, in full; what is accepted closes the dialog.
 */
export function askReason({ title, body, deed, act, done }) {
  const field = h("textarea", { rows: 2, maxlength: 500, "aria-label": t("Reason"), spellcheck: "false" });
  const refusal = h("div", { class: "refusal", role: "alert", tabindex: 0, hidden: true });
  const confirm = h("button", { class: "primary", disabled: true }, deed);
  const cancel = h("button", { onclick: () => dialog.close() }, `${t("Cancel")} (Esc)`);
  const dialog = open(title, h("div", { class: "body" }, body, h("label", {}, h("span", { class: "label", text: t("Reason, for the record") }), field), refusal), { footer: false });
  dialog.append(h("footer", {}, cancel, confirm));
  let busy = false;
  const permit = () => { confirm.disabled = busy || link.stale || field.value.trim() === ""; };
  field.oninput = permit;
  link.addEventListener("change", permit);
  dialog.addEventListener("close", () => link.removeEventListener("change", permit));
  confirm.onclick = async () => {
    busy = true;
    permit();
    const answer = await act(field.value.trim());
    busy = false;
    if (!dialog.open) return;
    if (answer.ok) { dialog.close(); done?.(); return; }
    refusal.hidden = false;
    setText(refusal, `${t("Refused")}: ${language() === "zh" ? answer.zh : answer.en}`);
    permit();
    refusal.focus();
  };
  field.focus();
}

/** What a block is found by: its name, kind and words in both languages. */
export function wordsOf(name) {
  const fact = store.block(name), desc = fact?.desc ?? store.directory.loops.find((l) => l.name === name)?.desc ?? store.blocks.get(name)?.[0]?.desc;
  return `${name} ${fact?.kind ?? ""} ${desc?.en ?? ""} ${desc?.zh ?? ""}`.toLowerCase();
}

/**
 * Acknowledges the raises that were seen. One alarm asks for the comment that its class
 * demands; of several those are named and left.
 */
export async function acknowledge(rows) {
  const act = (list, reason) => alarms.act("acknowledge", list.map((r) => r.alarm), { seen: list.map((r) => r.raise), reason });
  const plain = rows.filter((r) => !r.comment), rest = rows.filter((r) => r.comment), name = (list) => list.map((r) => r.alarm).join(", ");
  if (plain[0]) toast(await act(plain), plain[4] ? plain.length : name(plain));
  if (rows[1] && rest[0]) toast({ en: "needs a comment", zh: "需填写理由" }, name(rest));
  else if (rest[0]) askReason({ title: name(rest), deed: t("Acknowledge"), body: say(rest[0].text), act: (reason) => act(rest, reason) });
}

/** Finds a loop, block or tag by name or description; `choose(block)`. */
export function goto(choose) {
  const hits = h("div", { class: "hits", role: "listbox", "aria-label": t("Found") });
  const field = h("input", { "aria-label": t("Go to tag"), placeholder: t("Tag or description"), autocomplete: "off" });
  const dialog = open(t("Go to tag"), h("div", { class: "body" }, field, hits), { footer: false });
  // A block first, then its tags: each by name and by its words in both languages.
  const all = [...store.blocks].flatMap(([name, tags]) => [{ name, block: name, desc: describe(store, name), words: wordsOf(name) }, ...tags.map((tag) => ({ name: tag.name, block: name, desc: say(tag.desc), words: `${tag.name} ${tag.desc.en} ${tag.desc.zh}`.toLowerCase() }))]);
  const pick = (name) => { dialog.close(); choose(name); };
  const find = () => {
    const words = field.value.toLowerCase().split(/\s+/).filter(Boolean);
    const fits = all.filter((x) => words.every((w) => x.words.includes(w)));
    const found = [...fits.filter((x) => x.name === x.block), ...(words.length ? fits.filter((x) => x.name !== x.block) : [])];
    hits.replaceChildren(...found.slice(0, HITS_MAX).map((x) => h("button", { role: "option", "aria-selected": "false", onclick: () => pick(x.block) }, h("b", { text: x.name }), h("span", { class: "muted", text: x.desc }))));
  };
  field.oninput = find;
  dialog.onkeydown = (event) => {
    const list = [...hits.children];
    const at = list.indexOf(document.activeElement);
    if (event.key === "Enter" && at < 0 && list[0]) { event.preventDefault(); list[0].click(); }
    if (event.key === "ArrowDown") { event.preventDefault(); (list[at + 1] || list[0])?.focus(); }
    if (event.key === "ArrowUp") { event.preventDefault(); (at > 0 ? list[at - 1] : field).focus(); }
  };
  find();
  field.focus();
}
